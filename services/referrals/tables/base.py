"""The registry of this service's own tables, and the columns that many of them share."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING

tables = registry(metadata=MetaData(naming_convention=NAMING))


class Row(SQLModel, registry=tables):
    """A row of the referrals service; never used as a request body (SQLModel does not validate)."""


def instant(**arguments: Any) -> Any:
    """A column that holds an instant in UTC."""
    nullable = arguments.pop("nullable", False)
    return Field(sa_type=DateTime(timezone=True), nullable=nullable, **arguments)


Instant = datetime
