"""The case: one sender's referral and all that follows from it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Identity, Index, desc, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referrals.tables.base import Row, instant

NOTHING = text("'[]'::jsonb")
"""A list with nothing in it, where the code before writes none."""

RECORD_SYSTEM = "record-system"
"""Where a case came from that was sent as FHIR."""


class Case(Row, table=True):
    """The row that every workflow write locks first (`FOR UPDATE`), in order of `key`."""

    __tablename__ = "referral_case"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), unique=True, nullable=False)
    )
    """The order in which several cases are locked, so that no two writers wait for each other."""
    organisation: UUID = Field(index=True)
    """The client organisation that sent the referral."""
    client_id: str
    service_request: str = Field(unique=True, max_length=64)
    patient: str | None = Field(default=None, max_length=64)
    person: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    practice: str | None = Field(default=None, max_length=12)
    hub: str
    team: UUID | None = Field(default=None, index=True)
    priority: str = "routine"
    source: str = Field(
        default=RECORD_SYSTEM, max_length=20, sa_column_kwargs={"server_default": RECORD_SYSTEM}
    )
    """Who referred (care 22): one of `front_door.Source`, or a GP's record system."""
    coded_by_sender: bool = False
    """The GP's request carried the national code, so that nobody codes it again (care 21)."""
    outcome: str | None = None
    allocated_to: str | None = Field(default=None, max_length=64)
    """Who of the team has it: the `sub` of their account. It opens nothing to them and shuts
    nobody out: the team as a whole reads and works on its cases."""
    version: int = 1
    """Rises with every change; the first half of the `sequence` of the case's events."""
    created: datetime = instant()
    updated: datetime = instant()
    erased: datetime | None = instant(nullable=True, default=None)
    """Since when nobody works on it any more and it says nothing of the person."""


class CaseDocument(Row, table=True):
    """A document that came with the referral; one may serve several cases of its sender."""

    __tablename__ = "case_document"

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    type: str = Field(primary_key=True)
    id: str = Field(primary_key=True, max_length=64)

    __table_args__ = (Index("ix_case_document_document", "type", "id"),)


class CaseTask(Row, table=True):
    """A Task of a case: the state that decisions are made on. Its FHIR form is a document."""

    __tablename__ = "case_task"
    __table_args__ = (
        Index(
            "ix_case_task_service_withdrawn",
            "service_withdrawn",
            postgresql_where=text("service_withdrawn IS NOT NULL"),
        ),
        Index(
            "ix_case_task_closes",
            "closes",
            postgresql_where=text("business = 'awaiting-answer'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    kind: str
    part_of: str | None = Field(default=None, max_length=64)
    service_request: str = Field(index=True, max_length=64)
    """What it asks for: the sender's request (triage) or Kersey's onward request (provider)."""
    owner: UUID | None = Field(default=None, index=True)
    service: UUID | None = Field(default=None, index=True)
    status: str
    business: str
    reason: str | None = None
    note: str | None = None
    """What the provider wrote to the link worker; never in an event, a message or a document."""
    task_note: str | None = None
    """What it wrote into the Task itself through FHIR, where the sender reads it."""
    service_withdrawn: datetime | None = instant(nullable=True, default=None)
    """When both sides were warned that the service is off the list; none once it is listed."""
    answered: datetime | None = instant(nullable=True, default=None)
    silent_from: datetime | None = instant(nullable=True, default=None)
    """From when a provider that has not answered counts as silent; see `deadlines`."""
    closes: datetime | None = instant(nullable=True, default=None)
    """When its request ends for want of an answer."""
    delivery_state: str | None = None
    """Whether a message that asks its provider was `delivered` or `failed`; none is known yet."""
    created: datetime = instant()
    updated: datetime = instant()


class OnwardRequest(Row, table=True):
    """What a provider is asked, and nothing more: no clinical or identifying detail (care 5)."""

    __tablename__ = "onward_request"

    task: str = Field(foreign_key="case_task.id", primary_key=True, max_length=64)
    patient: str = Field(max_length=64, index=True)
    """The provider's own Patient: anonymous until acceptance, then what was agreed."""
    needs: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    text: str = ""
    """Written by the link worker for this provider; not the GP's words."""
    when: str = ""
    where: str = ""
    access_needs: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    several_because: str | None = None
    full_because: str | None = None
    """Why a service that said it was full is asked all the same; the provider reads it."""
    overrides: list[dict[str, str]] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False, server_default=NOTHING),
    )
    """What matching had against it, by `criterion`, and the worker's `reason` for asking all the
    same (care 26). It tells of the person, such as what they can pay: the team alone reads it."""


class Agreement(Row, table=True):
    """The person's agreement to share these items with this provider (care 7b).

    How, when and until when it was given is of the giving that stands; see `AgreementGiving`.
    """

    __tablename__ = "agreement"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    task: str = Field(foreign_key="case_task.id", unique=True, max_length=64)
    person: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    provider: UUID
    items: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    shared: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    """What the link worker gave for each item, as the person wants it used."""
    how: str
    recorded_by: str
    given: datetime = instant()
    expires: datetime | None = instant(nullable=True, default=None)
    used: datetime | None = instant(nullable=True, default=None)
    """When the provider was first given the items under this giving; `expires` stops only what was
    not yet given."""
    withdrawn: datetime | None = instant(nullable=True, default=None)


class AgreementGiving(Row, table=True):
    """How an agreement was given before it was renewed; nothing of it is written over.

    Whatever was shown under it must be shown to have been agreed (UK GDPR Art. 7(1)).
    """

    __tablename__ = "agreement_giving"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    task: str = Field(foreign_key="case_task.id", index=True, max_length=64)
    how: str
    recorded_by: str
    given: datetime = instant()
    expires: datetime | None = instant(nullable=True, default=None)
    used: datetime | None = instant(nullable=True, default=None)
    """When the provider was first given the items under it; None where it never was."""
    ended: datetime = instant()
    """When the person gave it anew."""


class Attempt(Row, table=True):
    """One try to reach the person (care 2); not reached is not declined (care 20)."""

    __tablename__ = "contact_attempt"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    reached: bool
    how: str
    minutes: int | None = None
    next_step: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """What is done next, in the link worker's words; the last contact's counts."""
    next_on: date | None = None
    visit_checked: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether who visited said that they had read what stands about visits."""
    made_by: str
    made: datetime = instant()


class Activity(Row, table=True):
    """What a provider recorded on a day: start, attendance, completion, nobody came."""

    __tablename__ = "activity"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    task: str = Field(foreign_key="case_task.id", index=True, max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    action: str
    day: date
    recorded_by: str
    recorded: datetime = instant()


class IdentityView(Row, table=True):
    """One view of who the person is, shown to the link worker (care 6)."""

    __tablename__ = "identity_view"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    task: str = Field(foreign_key="case_task.id", index=True, max_length=64)
    case: UUID = Field(foreign_key="referral_case.id", index=True)
    provider: UUID
    viewer: str
    """The account or verified contact; an id, not a name."""
    step: str
    """How the viewer proved themselves: `account` or `one-time-code`."""
    viewed: datetime = instant()


class CodeReturned(Row, table=True):
    """A national code that went back to the GP: each once, dated (care 21)."""

    __tablename__ = "code_returned"

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    code: str = Field(primary_key=True)
    already_coded: bool = False
    returned: datetime = instant()


class ReferralIdentifier(Row, table=True):
    """Business identifiers that a sender has used for a referral: each means one request only."""

    __tablename__ = "referral_identifier"

    organisation: UUID = Field(primary_key=True)
    system: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    service_request: str = Field(index=True, max_length=64)
    submission: UUID | None = Field(default=None, index=True)
    """What a repeat is answered with; none where an update brought the identifier."""


class Submission(Row, table=True):
    """What a sender sent when it started a referral, as a digest, and what it was answered.

    Lets a repeat be answered with the ids and warnings of the first, and told from other content.
    """

    __tablename__ = "submission"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organisation: UUID
    digest: str
    results: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    received: datetime = instant()


class Worklist(Row, table=True):
    """One row per case for lists: written with the case, filtered and sorted by the database."""

    __tablename__ = "worklist"
    __table_args__ = (
        # In the order of the list: a page of it is read off, however long the list is.
        Index("ix_worklist_page", "team", "open", desc("urgent"), "since", "case"),
        Index("ix_worklist_gp_to_do", "team", postgresql_where=text("gp_to_do")),
        Index("ix_worklist_hub_page", "hub", "open", desc("urgent"), "since", "case"),
        Index("ix_worklist_worried", "team", postgresql_where=text("worried")),
    )

    case: UUID = Field(foreign_key="referral_case.id", primary_key=True)
    team: UUID | None = None
    hub: str
    open: bool = True
    unrouted: bool = False
    urgent: bool = False
    state: str
    """The triage Task's businessStatus."""
    provider_state: str | None = None
    delivery_state: str | None = None
    """`failed` where one provider did not hear that it is asked, `delivered` where each did."""
    gp_to_do: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether a message to the practice waits for somebody: to be decided, printed or posted."""
    opened: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether something opened that the case waits for, and nobody has looked at yet (care 3)."""
    due: datetime | None = instant(nullable=True, default=None)
    """The beginning of the day on which the next step is due, if one was said."""
    allocated_to: str | None = Field(default=None, max_length=64)
    """Who of the team has it, as on the case."""
    complexity: str | None = Field(default=None, max_length=20)
    """How much it asks of the team: the last `Complexity` of the case."""
    visits_with_care: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether `Visiting` of the case forbids visits at home, or alone."""
    closes: datetime | None = instant(nullable=True, default=None)
    """When the first of its requests that nobody has answered ends."""
    silent_from: datetime | None = instant(nullable=True, default=None)
    """From when the first of them counts as silent."""
    left_lying: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether its team was told that nobody looked at it, or tried to reach the person, in time;
    until somebody does."""
    agreement_ends: datetime | None = instant(nullable=True, default=None)
    """When the first agreement ends by which an open request may still share something."""
    worried: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether a `Worry` of it is open; of ended cases too."""
    since: datetime = instant()
    updated: datetime = instant()
