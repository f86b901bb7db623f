"""The person: Kersey's own record, to which the Patients that EHRs sent are linked.

What link workers know lives here, versioned, and is never written into an EHR's Patient; what an
EHR sends never overwrites it (care 12).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant


class Person(Row, table=True):
    """One human being, as far as Kersey can tell."""

    __tablename__ = "person"
    __table_args__ = (
        Index(
            "uq_person_verified_nhs_number",
            "nhs_number",
            unique=True,
            postgresql_where=text("nhs_verified AND merged_into IS NULL"),
        ),
        Index("ix_person_family_birth_date", "family", "birth_date"),
        Index(
            "ix_person_merged_into",
            "merged_into",
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    nhs_number: str | None = Field(default=None, index=True, max_length=10)
    nhs_verified: bool = False
    family: str = ""
    """Casefolded, for linking only."""
    birth_date: date | None = None
    do_not_contact: bool = False
    restricted: bool = False
    """Security-labelled: address and place stay hidden from providers and maps (care 12)."""
    died: bool = False
    legal_hold: bool = False
    merged_into: UUID | None = Field(default=None, foreign_key="person.id")
    version: int = 1
    created: datetime = instant()
    updated: datetime = instant()


class PatientLink(Row, table=True):
    """A Patient document of one client organisation, about a person. Merging moves links."""

    __tablename__ = "patient_link"

    patient: str = Field(primary_key=True, max_length=64)
    organisation: UUID
    person: UUID = Field(foreign_key="person.id", index=True)
    basis: str
    """`first` (it made the person), `nhs-number` (verified, with birth date and name), `human`."""
    created: datetime = instant()


class LinkProposal(Row, table=True):
    """Two records that may be one person; a human decides."""

    __tablename__ = "link_proposal"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person: UUID = Field(foreign_key="person.id", index=True)
    candidate: UUID = Field(foreign_key="person.id", index=True)
    reason: str
    person_agreed_by: str | None = None
    candidate_agreed_by: str | None = None
    """Who agreed for each side: nobody decides alone about a record that another team keeps."""
    decision: str | None = None
    """`accepted` (they were merged), `rejected`, or `undone` (merged, and taken apart again)."""
    decided_by: str | None = None
    decided: datetime | None = instant(nullable=True, default=None)
    created: datetime = instant()


class PersonMerge(Row, table=True):
    """One record that went up into another, so that it can be taken out again."""

    __tablename__ = "person_merge"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    survivor: UUID = Field(foreign_key="person.id", index=True)
    merged: UUID = Field(foreign_key="person.id", index=True)
    proposal: UUID = Field(foreign_key="link_proposal.id", index=True)
    survivor_version: int
    """The survivor's version by the merge: what has a higher one was said since."""
    survivor_stops: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """What had been said of the survivor alone (see `record.FLAGS`)."""
    made: datetime = instant()
    made_by: str
    undone: datetime | None = instant(nullable=True, default=None)
    undone_by: str | None = None


class MergeMoved(Row, table=True):
    """One thing that a merge moved, and that its undoing moves back."""

    __tablename__ = "merge_moved"

    merge: UUID = Field(foreign_key="person_merge.id", primary_key=True)
    kind: str = Field(primary_key=True)
    """`patient`, `case`, `agreement` or `document`."""
    key: str = Field(primary_key=True, max_length=64)


class PersonChange(Row, table=True):
    """One thing that was recorded of a person: the history of the record, which only grows."""

    __tablename__ = "person_change"

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    person: UUID = Field(foreign_key="person.id", index=True)
    version: int
    """Of the person's record after the change; the survivor's, where records were merged."""
    about: str
    """What was recorded: `contact/phone`, `stop/died`, `equality/religion`."""
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    """The case in whose care it was recorded."""
    recorded_by: str
    recorded: datetime = instant()


class SafeContact(Row, table=True):
    """Whether and how a channel may be used (care 12); `unknown` means ask before a first message.

    Every change is a new version; the highest counts.
    """

    __tablename__ = "safe_contact"

    person: UUID = Field(foreign_key="person.id", primary_key=True)
    channel: str = Field(primary_key=True)
    version: int = Field(default=1, primary_key=True)
    value: str
    safe: str = "unknown"
    times: str = ""
    voicemail: bool = False
    words: str = ""
    keep_from: str = ""
    recorded_by: str = ""
    recorded: datetime = instant()


class AccessNeed(Row, table=True):
    """What a person needs to take part: format, language, interpreter, adjustments (care 18)."""

    __tablename__ = "access_need"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person: UUID = Field(foreign_key="person.id", index=True)
    code: str
    detail: str = ""
    source: str
    recorded_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    recorded: datetime = instant()
    ended: datetime | None = instant(nullable=True, default=None)
    ended_by: str | None = None


class EqualityCharacteristic(Row, table=True):
    """One characteristic with where it came from (care 8). Never used in matching.

    `value` is None where nobody asked, which is not the code for 'prefers not to say'.
    """

    __tablename__ = "equality_characteristic"

    person: UUID = Field(foreign_key="person.id", primary_key=True)
    characteristic: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    value: str | None = None
    recorded: datetime = instant()


class WiderConsent(Row, table=True):
    """Consent to research, stories or publication (care 7c); refusing it never affects care."""

    __tablename__ = "wider_consent"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person: UUID = Field(foreign_key="person.id", index=True)
    purpose: str
    given: bool
    how: str = ""
    recorded_by: str = ""
    recorded: datetime = instant()
    evidence: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
