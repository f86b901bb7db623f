"""Where listings come from: feeds and files, what each said, and which organisations are one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.providers.tables.base import Base, instant


def _json(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=nullable))


class Source(Base, table=True):
    """Who publishes listings that are imported: a council's feed, a charity's file.

    Its organisations belong to `hub`. `address` is of a live feed; a file has none. `asked_after`
    is when the last complete run began, from which a live feed is asked for changes; `whole` when
    the last one began that saw all of it.
    """

    __tablename__ = "source"
    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True, max_length=60)
    hub: str = Field(foreign_key="hub.code", index=True)
    address: str | None = Field(default=None, max_length=2000)
    created: datetime = instant()
    asked_after: datetime | None = instant(nullable=True)
    whole: datetime | None = instant(nullable=True)


class ImportRun(Base, table=True):
    """One import of one source, from its beginning to where it came.

    `number` counts the runs. `page` is where a feed was read to, so that a run that broke goes on
    there. `why` says in words why it was held or broke off.
    """

    __tablename__ = "import_run"
    id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), unique=True)
    )
    source_id: UUID = Field(foreign_key="source.id", index=True)
    state: str = Field(max_length=20)
    whole: bool = True
    asked_by: str = Field(max_length=200)
    began: datetime = instant()
    ended: datetime | None = instant(nullable=True)
    page: int = 0
    counts: dict[str, int] = _json()
    why: str | None = Field(default=None, sa_type=Text)


class ImportFinding(Base, table=True):
    """What was refused, repaired or left of one record, where in it and why."""

    __tablename__ = "import_finding"
    __table_args__ = (Index("ix_import_finding_run_id", "run_id", "id"),)
    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    run_id: UUID = Field(foreign_key="import_run.id")
    entity: str = Field(max_length=40)
    given: str = Field(max_length=300)
    key: UUID | None = None
    outcome: str = Field(max_length=20)
    rule: str = Field(max_length=60)
    element: str | None = Field(default=None, max_length=300)
    words: str = Field(sa_type=Text)


class ImportWaiting(Base, table=True):
    """A record of a live feed that names an organisation that did not come yet.

    It stands on a page that was read: a run that breaks off has it from here, and need not read all
    pages again. `said` is JSON as text, since a feed may send signs that no JSONB holds.
    """

    __tablename__ = "import_waiting"
    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    run_id: UUID = Field(foreign_key="import_run.id", index=True)
    entity: str = Field(max_length=40)
    given: str = Field(max_length=300)
    said: str = Field(sa_type=Text)


class SourceRecord(Base, table=True):
    """What a source said of one organisation or service, and which of ours that is.

    `fingerprint` is of the record as it came, `said` what was understood of it: which source said
    what, field by field, is read from there. `digest` is the listing's as it stood after it: while
    it is the same, nobody else wrote there; none where what others wrote stayed. `vanished` says
    that the listing was withdrawn because the source dropped it, so that it may come back with it.
    """

    __tablename__ = "source_record"
    source_id: UUID = Field(primary_key=True, foreign_key="source.id")
    entity: str = Field(primary_key=True, max_length=40)
    given: str = Field(primary_key=True, max_length=300)
    key: UUID = Field(index=True)
    fingerprint: str = Field(max_length=64)
    digest: str | None = Field(default=None, max_length=64)
    said: dict[str, Any] = _json()
    run_id: UUID
    seen: datetime = instant()
    vanished: bool = False


class GivenId(Base, table=True):
    """An id that is no UUID, and the one that its entity has here."""

    __tablename__ = "given_id"
    source_id: UUID = Field(primary_key=True, foreign_key="source.id")
    entity: str = Field(primary_key=True, max_length=40)
    given: str = Field(primary_key=True, max_length=300)
    key: UUID


class OrganizationMatch(Base, table=True):
    """Two organisations that may be one: proposed by their likeness, decided by a coordinator.

    `one` is the smaller id. `undo` holds what an acceptance changed, while it stands.
    """

    __tablename__ = "organization_match"
    __table_args__ = (Index("uq_organization_match_pair", "one", "other", unique=True),)
    id: UUID = Field(primary_key=True)
    one: UUID = Field(foreign_key="organization.id")
    other: UUID = Field(foreign_key="organization.id", index=True)
    likeness: float
    evidence: list[str] = _json()
    state: str = Field(max_length=20)
    proposed: datetime = instant()
    kept: UUID | None = None
    decided: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, max_length=200)
    undo: dict[str, Any] | None = _json(nullable=True)


class ServiceMatch(Base, table=True):
    """Two services of one organisation that may be one; told as of organisations."""

    __tablename__ = "service_match"
    __table_args__ = (Index("uq_service_match_pair", "one", "other", unique=True),)
    id: UUID = Field(primary_key=True)
    one: UUID = Field(foreign_key="service.id")
    other: UUID = Field(foreign_key="service.id", index=True)
    likeness: float
    evidence: list[str] = _json()
    state: str = Field(max_length=20)
    proposed: datetime = instant()
    kept: UUID | None = None
    decided: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, max_length=200)
    undo: dict[str, Any] | None = _json(nullable=True)
