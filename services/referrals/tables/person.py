"""The person: Kersey's own record, to which the Patients that EHRs sent are linked.

What link workers know lives here, versioned, and is never written into an EHR's Patient; what an
EHR sends never overwrites it (care 12).
"""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Column, Index, text
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
    decision: str | None = None
    decided_by: str | None = None
    created: datetime = instant()


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
    recorded: datetime = instant()


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
