"""Who looks after whom: hubs, practices, link-worker services, and the codes that start a case."""

from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row


class PlaceHub(Row, table=True):
    """A place's hub, whose coordinators see what no link-worker service covers (care 1)."""

    __tablename__ = "place_hub"

    code: str = Field(primary_key=True, max_length=40)
    name: str
    organisation: UUID = Field(unique=True)
    phone: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """For whoever cannot or will not use its front door's form."""
    hours: str = Field(default="", sa_column_kwargs={"server_default": ""})
    for_whom: str = Field(default="", sa_column_kwargs={"server_default": ""})
    crisis: list[dict[str, str]] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False, server_default="[]"),
    )
    """Local crisis lines beside the national ones: `name`, `number`, `hours` (care 11)."""


class LinkWorkerService(Row, table=True):
    """A team of link workers; its organisation is the owner of triage Tasks."""

    __tablename__ = "link_worker_service"

    organisation: UUID = Field(primary_key=True)
    name: str
    hub: str = Field(foreign_key="place_hub.code")
    phone: str = ""


class Practice(Row, table=True):
    """A GP practice: which client may refer for it and which team covers it, if any."""

    __tablename__ = "practice"

    ods_code: str = Field(primary_key=True, max_length=12)
    name: str
    organisation: UUID = Field(index=True)
    """The client organisation (practice group) that sends for this practice."""
    team: UUID | None = Field(default=None, foreign_key="link_worker_service.organisation")
    hub: str = Field(foreign_key="place_hub.code")


class StartCode(Row, table=True):
    """A code that starts a referral. Codes are data, so that a deployment can load its own."""

    __tablename__ = "start_code"

    system: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    display: str
    verified: bool = False
