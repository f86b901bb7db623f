"""The registry of the directory's tables, and the columns that many of them share."""

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Uuid
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING

metadata = MetaData(naming_convention=NAMING)


class Base(SQLModel, registry=registry(metadata=metadata)):
    """A registry of its own: another service's table of the same name is another table."""


def instant(*, nullable: bool = False) -> Any:
    """A column that holds an instant in UTC."""
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def parent(key: str) -> Any:
    """A parent of the same kind; checked at the commit, so that a child may be written first."""
    there = ForeignKey(key, deferrable=True, initially="DEFERRED")
    return Field(default=None, sa_column=Column(Uuid, there, nullable=True))
