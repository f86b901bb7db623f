"""How providers answer, known by the Task's id alone."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.providers.tables.base import Base, instant


class Reply(Base, table=True):
    """One request to a service, and its first answer. Silence has no `answered`."""

    __tablename__ = "reply"
    task_id: UUID = Field(primary_key=True)
    service_id: UUID = Field(index=True)
    asked: datetime | None = instant(nullable=True)
    answered: datetime | None = instant(nullable=True)
    accepted: bool | None = None
