"""The tables of notifications: contacts, deliveries, answer links."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    String,
    Text,
    Time,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING
from shared.database import metadata as leases
from shared.delivery import DeliveryTables
from shared.messaging.outbox import metadata as messages

metadata = MetaData(naming_convention=NAMING)

OUT_OF_HOURS = "out-of-hours"
"""Why a message waits: people are written to by day alone, and a party has its quiet hours."""
ENDPOINT_OFF = "endpoint-off"
"""Why a message to a webhook waits: it is switched off."""


def schema() -> MetaData:
    """Every table of this service's database: its own, the outbox and inbox, and the leases."""
    whole = MetaData(naming_convention=NAMING)
    for part in (metadata, messages, leases):
        for table in part.sorted_tables:
            table.to_metadata(whole)
    return whole


class Base(SQLModel, registry=registry(metadata=metadata)):
    """A registry of its own: another service's table of the same name is another table."""


def _instant(*, nullable: bool = False, default: bool = False) -> Any:
    return Field(
        default=None,
        sa_column=Column(
            DateTime(timezone=True),
            nullable=nullable,
            server_default=func.now() if default else None,
        ),
    )


class Contact(Base, table=True):
    """One way to reach a party. Its label names a place or a desk, never a person.

    `party` is an organisation's or a team's UUID, or a hub's code: whatever an event names.
    `revision` rises with every change of the address. A webhook's secret that was made anew leaves
    the one before beside it until `former_secret_until`.
    """

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_party", "party", "role"),)

    id: UUID = Field(primary_key=True)
    party: str = Field(max_length=64)
    role: str = Field(max_length=20)
    service: UUID | None = None
    label: str = Field(default="", max_length=100)
    means: str = Field(max_length=20)
    address: str = Field(max_length=500)
    source: str = Field(max_length=20)
    verified_by_hub: bool = False
    active: bool = True
    preferences: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    )
    wishes: dict[str, Any] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    )
    """On which days it is asked and what it need not hear: see `wishes.rules`."""
    sealed_secret: str | None = Field(default=None, sa_column=Column(Text))
    former_sealed_secret: str | None = Field(default=None, sa_column=Column(Text))
    former_secret_until: datetime | None = _instant(nullable=True)
    revision: int = 1
    changed: datetime | None = _instant(default=True)


class Endpoint(Base, table=True):
    """How a webhook has fared of late, and whether it is switched off.

    A row of its own, which is there once an attempt failed: the contact's row is locked before the
    cases whose deliveries end, this one after them.

    `failures` counts those since the last success, `failing_since` says when the first was.
    `off_for` is the code of the last one, or `by-hand`; `off_by` is who did it by hand. `times`
    counts how often it was switched off by itself, and makes the messages about that distinct.
    """

    __tablename__ = "endpoint"

    contact: UUID = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    failures: int = 0
    failing_since: datetime | None = _instant(nullable=True)
    off_since: datetime | None = _instant(nullable=True)
    off_for: str | None = Field(default=None, max_length=60)
    off_by: str | None = Field(default=None, max_length=100)
    times: int = 0


class UnusableAddress(Base, table=True):
    """What came back from an address, and whether mails still go there.

    `bounces` counts those within a time that began at `bouncing_since`. Since `since` nothing is
    sent there, for the reason in `code`; the row goes with another address, or once a hub verified
    it anew.
    """

    __tablename__ = "unusable_address"

    contact: UUID = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    bounces: int = 0
    bouncing_since: datetime | None = _instant(nullable=True)
    since: datetime | None = _instant(nullable=True)
    code: str | None = Field(default=None, max_length=60)


class PartyQuietHours(Base, table=True):
    """Hours in which a party hears nothing that can wait; over midnight where they end earlier."""

    __tablename__ = "party_quiet_hours"

    party: str = Field(primary_key=True, max_length=64)
    starts: time = Field(sa_column=Column(Time, nullable=False))
    ends: time = Field(sa_column=Column(Time, nullable=False))
    zone: str = Field(max_length=60)


class HubLimits(Base, table=True):
    """How long things may wait in a hub's place, as its coordinators said last."""

    __tablename__ = "hub_limits"

    hub: str = Field(primary_key=True, max_length=64)
    sequence: str = Field(max_length=40)
    limits: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ClosedParty(Base, table=True):
    """When a provider is closed, as its public listing says; only of those that ever said so."""

    __tablename__ = "closed_party"

    party: str = Field(primary_key=True, max_length=64)
    sequence: str = Field(max_length=40)
    closed: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class ListingSeen(Base, table=True):
    """How far the copy of a listing has come: the highest sequence of its subject; and its name."""

    __tablename__ = "listing_seen"

    subject: str = Field(primary_key=True, max_length=100)
    sequence: str = Field(max_length=40)
    name: str | None = Field(default=None, sa_column=Column(Text))


class Hub(Base, table=True):
    """A place's hub, and for which organisation its coordinators act: the operator says so."""

    __tablename__ = "hub"

    code: str = Field(primary_key=True, max_length=64)
    organisation: str = Field(max_length=64, index=True)


class PartyHub(Base, table=True):
    """To which hub a party belongs: its coordinators, and no others, say how it is reached.

    `said_by` is `declared` (the operator), `provider` or `service` (the first listing).
    """

    __tablename__ = "party_hub"

    party: str = Field(primary_key=True, max_length=64)
    hub: str = Field(max_length=64)
    said_by: str = Field(max_length=20)


class CaseOrder(Base, table=True):
    """A case's row to lock, so that its events are acted on one after the other, the version of
    what notifications says about it, and who holds it.

    `placed` is the sequence of the event that said so last.
    """

    __tablename__ = "case_order"

    case: UUID = Field(primary_key=True)
    version: int = 0
    team: str | None = Field(default=None, max_length=64)
    hub: str | None = Field(default=None, max_length=64)
    placed: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})


class Stopped(Base, table=True):
    """A Task or a case of which nobody is to be asked any more, in case the request comes late;
    or a person to whom nothing is sent (`about` is then made of the person and the reason)."""

    __tablename__ = "stopped"

    about: UUID = Field(primary_key=True)
    reason: str = Field(max_length=60)
    at: datetime | None = _instant(default=True)


class Answered(Base, table=True):
    """A Task whose provider has answered: from then on a link may lead to who the person is."""

    __tablename__ = "answered"

    task: UUID = Field(primary_key=True)
    at: datetime | None = _instant(default=True)


# One message a day for each contact that wishes it so, which holds deliveries about cases: see
# `digests`.
digest_deliveries = DeliveryTables(
    metadata,
    "digest_delivery",
    columns=[
        Column("party", String(64), nullable=False),
        Column("contact", ForeignKey(Contact.__table__.c.id), nullable=False),  # type: ignore[attr-defined]
    ],
    holds=[OUT_OF_HOURS],
    bounces=True,
)
# One event makes one delivery for each Task, contact and means: the delivery's id is derived from
# these (see `handlers.cases`).
deliveries = DeliveryTables(
    metadata,
    columns=[
        Column("event", Uuid, nullable=False),
        Column("kind", String(40), nullable=False),
        Column("case", Uuid, nullable=False),
        Column("task", Uuid),
        Column("party", String(64), nullable=False),
        Column("contact", ForeignKey(Contact.__table__.c.id)),  # type: ignore[attr-defined]
        Column("digest", ForeignKey(digest_deliveries.delivery.c.id, ondelete="SET NULL")),
    ],
    constraints=[
        Index("ix_delivery_case", "case"),
        Index("ix_delivery_digest", "digest", postgresql_where=text("digest is not null")),
        Index("ix_delivery_task", "task"),
        Index("ix_delivery_contact", "contact"),
        Index("ix_delivery_nobody", "party", postgresql_where=text("channel = 'none'")),
    ],
    holds=[ENDPOINT_OFF, OUT_OF_HOURS],
    bounces=True,
)
# One event makes one delivery for each contact: see `listings.telling`.
listing_deliveries = DeliveryTables(
    metadata,
    "listing_delivery",
    columns=[
        Column("event", Uuid, nullable=False),
        Column("kind", String(40), nullable=False),
        Column("listing", Uuid, nullable=False),
        Column("party", String(64), nullable=False),
        Column("contact", ForeignKey(Contact.__table__.c.id)),  # type: ignore[attr-defined]
    ],
    constraints=[Index("ix_listing_delivery_listing", "listing")],
    bounces=True,
)
# One change of how somebody is reached makes one delivery for each contact that is told: see
# `reach.telling`.
contact_deliveries = DeliveryTables(
    metadata,
    "contact_delivery",
    columns=[
        Column("kind", String(40), nullable=False),
        Column("about", ForeignKey(Contact.__table__.c.id), nullable=False),  # type: ignore[attr-defined]
        Column("party", String(64), nullable=False),
        Column("contact", ForeignKey(Contact.__table__.c.id)),  # type: ignore[attr-defined]
    ],
    constraints=[Index("ix_contact_delivery_about", "about")],
    bounces=True,
)
# One event makes one message about each place: see `person.telling`. The address is asked for when
# it is sent and is never in the row.
person_deliveries = DeliveryTables(
    metadata,
    "person_delivery",
    columns=[
        Column("event", Uuid, nullable=False),
        Column("kind", String(40), nullable=False),
        Column("case", Uuid, nullable=False),
        Column("task", Uuid, nullable=False),
        Column("template", String(40)),
    ],
    constraints=[
        Index("ix_person_delivery_case", "case"),
        Index("ix_person_delivery_task", "task"),
    ],
    holds=[OUT_OF_HOURS],
    bounces=True,
)
delivery = deliveries.delivery
attempt = deliveries.attempt
person_delivery = person_deliveries.delivery


class BoardNotice(Base, table=True):
    """A notice in the pages, for a party's staff: the delivery that put it there has its id."""

    __tablename__ = "board_notice"
    __table_args__ = (
        Index("ix_board_notice_party", "party", "position"),
        Index("ix_board_notice_case", "case"),
    )

    id: UUID = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    party: str = Field(max_length=64)
    kind: str = Field(max_length=40)
    case: UUID
    task: UUID | None = None
    said: str | None = Field(default=None, max_length=40)
    at: datetime | None = _instant(default=True)


class BoardRead(Base, table=True):
    """That a member of staff has read a notice."""

    __tablename__ = "board_read"

    notice: UUID = Field(foreign_key="board_notice.id", primary_key=True, ondelete="CASCADE")
    reader: str = Field(primary_key=True, max_length=100)
    at: datetime | None = _instant(default=True)


class Announcement(Base, table=True):
    """What a hub announces to its link workers, to the staff of its providers, or to both.

    It is there for its readers once it is published, from its first day to its last. `version`
    rises with every change and `words` with every change of what is read: a mark of somebody who
    read it is of those words.
    """

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_hub", "hub", "state", "last_day"),)

    id: UUID = Field(primary_key=True)
    hub: str = Field(max_length=64)
    title: str = Field(max_length=120)
    text: str = Field(sa_column=Column(Text, nullable=False))
    first_day: date
    last_day: date
    audience: str = Field(max_length=20)
    urgent: bool
    state: str = Field(max_length=20)
    version: int
    words: int
    changed: datetime | None = _instant(default=True)
    published: datetime | None = _instant(nullable=True)
    ended: datetime | None = _instant(nullable=True)


class AnnouncementAct(Base, table=True):
    """What was done with an announcement: by which account, when, and what it said then."""

    __tablename__ = "announcement_act"
    __table_args__ = (Index("ix_announcement_act_announcement", "announcement", "position"),)

    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    announcement: UUID = Field(foreign_key="announcement.id", ondelete="CASCADE")
    what: str = Field(max_length=20)
    by: str = Field(max_length=100)
    at: datetime = _instant()
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class AnnouncementRead(Base, table=True):
    """That a member of staff has read an announcement, and which of its words."""

    __tablename__ = "announcement_read"

    announcement: UUID = Field(foreign_key="announcement.id", primary_key=True, ondelete="CASCADE")
    reader: str = Field(primary_key=True, max_length=100)
    words: int
    at: datetime | None = _instant(default=True)


# One announcement makes one delivery for each contact of a provider that is told: in its message
# of the day (`digest`), or by itself where it is urgent. See `announcements.telling`.
announcement_deliveries = DeliveryTables(
    metadata,
    "announcement_delivery",
    columns=[
        Column(
            "announcement",
            ForeignKey(Announcement.__table__.c.id, ondelete="CASCADE"),  # type: ignore[attr-defined]
            nullable=False,
        ),
        Column("party", String(64), nullable=False),
        Column("contact", ForeignKey(Contact.__table__.c.id), nullable=False),  # type: ignore[attr-defined]
        Column("digest", ForeignKey(digest_deliveries.delivery.c.id, ondelete="SET NULL")),
    ],
    constraints=[
        Index("ix_announcement_delivery_announcement", "announcement"),
        Index(
            "ix_announcement_delivery_digest", "digest", postgresql_where=text("digest is not null")
        ),
    ],
    bounces=True,
)


class CapacityAnswer(Base, table=True):
    """A link of the weekly message that was used: its mail, the service's place in it, the answer.

    Only the last answer about a service stays, so that an earlier one can be given again.
    """

    __tablename__ = "capacity_answer"

    delivery: UUID = Field(
        sa_column=Column(
            ForeignKey(listing_deliveries.delivery.c.id, ondelete="CASCADE"), primary_key=True
        )
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    answer: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime | None = _instant(default=True)


CONTACT_CHANGED = "contact-changed"
"""Why a link was revoked whose contact has another address, or is not asked any more; the request
may be open."""


class AnswerLink(Base, table=True):
    """What a mailed link opens: one Task's anonymous request, for one contact.

    The token itself is nowhere in the database: see `keys`.
    """

    __tablename__ = "answer_link"
    __table_args__ = (
        Index("ix_answer_link_task", "task"),
        Index("ix_answer_link_case", "case"),
        Index("ix_answer_link_contact", "contact"),
    )

    hash: str = Field(primary_key=True, max_length=64)
    task: UUID
    case: UUID
    provider: UUID
    delivery: UUID = Field(foreign_key="delivery.id")
    contact: UUID = Field(foreign_key="contact.id")
    created: datetime | None = _instant(default=True)
    expires: datetime = _instant()
    revoked: datetime | None = _instant(nullable=True)
    revoked_for: str | None = Field(default=None, max_length=60)
    wrong_codes: int = 0


class AnswerSession(Base, table=True):
    """A browser that opened a link: hours, not months."""

    __tablename__ = "answer_session"
    __table_args__ = (Index("ix_answer_session_link", "link"),)

    hash: str = Field(primary_key=True, max_length=64)
    link: str = Field(foreign_key="answer_link.hash", max_length=64, ondelete="CASCADE")
    expires: datetime = _instant()
    identified_until: datetime | None = _instant(nullable=True)


class IdentityCode(Base, table=True):
    """A one-time code that one session asked for; the code itself is derived from `id`."""

    __tablename__ = "identity_code"
    __table_args__ = (Index("ix_identity_code_link", "link", "created"),)

    id: UUID = Field(primary_key=True)
    link: str = Field(foreign_key="answer_link.hash", max_length=64, ondelete="CASCADE")
    session: str = Field(foreign_key="answer_session.hash", max_length=64, ondelete="CASCADE")
    created: datetime | None = _instant(default=True)
    expires: datetime = _instant()
    tries: int = 0
    used: datetime | None = _instant(nullable=True)


class PersonLink(Base, table=True):
    """What the link in a message to a person opens: what was agreed about one place, and no more.

    The token itself is nowhere in the database: see `keys`.
    """

    __tablename__ = "person_link"
    __table_args__ = (
        Index("ix_person_link_task", "task"),
        Index("ix_person_link_case", "case"),
    )

    hash: str = Field(primary_key=True, max_length=64)
    task: UUID
    case: UUID
    delivery: UUID = Field(foreign_key="person_delivery.id")
    created: datetime | None = _instant(default=True)
    expires: datetime = _instant()
    revoked: datetime | None = _instant(nullable=True)
    revoked_for: str | None = Field(default=None, max_length=60)


class PersonSession(Base, table=True):
    """A browser that opened such a link: hours, not months."""

    __tablename__ = "person_session"
    __table_args__ = (Index("ix_person_session_link", "link"),)

    hash: str = Field(primary_key=True, max_length=64)
    link: str = Field(foreign_key="person_link.hash", max_length=64, ondelete="CASCADE")
    expires: datetime = _instant()


class FirstMeeting(Base, table=True):
    """When a person is expected for the first time: the copy of what referrals says of it."""

    __tablename__ = "first_meeting"
    __table_args__ = (Index("ix_first_meeting_case", "case"),)

    task: UUID = Field(primary_key=True)
    case: UUID
    starts: datetime = _instant()
    called_off: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether the person does not come then, and keeps their place."""
    sequence: str = Field(default="", max_length=40, sa_column_kwargs={"server_default": ""})
    set_by: str = Field(default="", max_length=100, sa_column_kwargs={"server_default": ""})
    """Of rows from before referrals kept first visits."""
    changed: datetime | None = _instant(default=True)
