"""Webhooks that are switched off, and on again: the advice of Standard Webhooks.

An endpoint that answers 410 wants no more, and one that has failed for long is sent no more; its
owner is told by another way (Standard Webhooks 1.0, "Operational considerations"). What is meant
for it waits, and goes out in its order once it is switched on.

Locks are taken in the order case, delivery, endpoint. Whoever switches on or off holds the
endpoint's row alone, and touches deliveries only after that is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from prometheus_client import Counter
from sqlalchemy import ColumnElement, Engine, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.channels.webhook import WEBHOOK
from services.notifications.handlers.telling import locked
from services.notifications.handlers.waiting import no_longer_matters
from services.notifications.notice import notice_of
from services.notifications.reach.notice import Kind
from services.notifications.reach.telling import tell
from services.notifications.tables import ENDPOINT_OFF, Contact, Endpoint, deliveries, delivery
from shared.database import UnitOfWork
from shared.delivery import (
    CRASHED,
    Delivery,
    Held,
    Permanent,
    Receipt,
    State,
    Temporary,
    Undelivered,
)
from shared.worker import Wake

GONE = "http-410"
REFUSED = "http-"
"""How the reasons begin that an endpoint itself gave."""
BY_HAND = "by-hand"

SWITCHED_OFF = Counter(
    "kersey_endpoints_switched_off_total",
    "Webhooks that were switched off by themselves, by the last failure's code.",
    ["reason"],
)

_FAILED = text(
    """
    INSERT INTO endpoint AS known (contact, failures, failing_since, times)
    VALUES (:contact, 1, now(), 0)
    ON CONFLICT (contact) DO UPDATE
      SET failures = known.failures + 1, failing_since = coalesce(known.failing_since, now())
    RETURNING failures, failing_since <= now() - CAST(:span AS interval) AS long,
      off_since IS NOT NULL AS off, times
    """
)
_WELL = """
UPDATE endpoint SET failures = 0, failing_since = NULL
FROM (SELECT contact FROM endpoint WHERE contact = ANY(%(contacts)s) AND failures > 0
      ORDER BY contact FOR UPDATE) AS failing
WHERE endpoint.contact = failing.contact
"""


@dataclass(frozen=True)
class Limits:
    """When an endpoint is switched off by itself.

    Attributes:
        failures: after so many in a row,
        span: if they span this time too.
        hold: for so long a message waits for it; then it has failed.
    """

    failures: int
    span: timedelta
    hold: timedelta


class Endpoints:
    """Follows how endpoints fare, in the transactions that record attempts.

    Args:
        limits: when one is switched off.
        wake: of the worker that tells people so.
    """

    def __init__(self, limits: Limits, wake: Wake) -> None:
        self._limits = limits
        self._wake = wake

    def delivered(self, uow: UnitOfWork, sent: Delivery, _receipt: Receipt) -> None:
        """It took one: whatever failed before is over."""
        self.all_delivered(uow, [sent])

    def all_delivered(self, uow: UnitOfWork, sent: Sequence[Delivery]) -> None:
        """Each took one."""
        webhooks = [each for each in sent if each.channel == WEBHOOK.means]
        contacts = {notice_of(each.payload).contact for each in webhooks}
        if contacts:
            uow.session.connection().exec_driver_sql(_WELL, {"contacts": list(contacts)})

    def judged(self, uow: UnitOfWork, sent: Delivery, met: Undelivered) -> Undelivered:
        """What follows from a failure: `Held` where the endpoint is, or is now, switched off."""
        if sent.channel != WEBHOOK.means:
            return met
        contact = notice_of(sent.payload).contact
        assert contact is not None
        if isinstance(met, Held):
            # It may have been switched on since it was looked at: then nobody would release this.
            off = select(col(Endpoint.off_since)).where(col(Endpoint.contact) == contact)
            still = uow.session.scalars(off.with_for_update(read=True)).first() is not None
            return met if still else Held(met.reason, timedelta())
        if not _speaks_of_endpoint(met):
            return met
        values = {"contact": contact, "span": self._limits.span}
        found = uow.session.connection().execute(_FAILED, values).one()
        if not found.off:
            lasting = found.failures >= self._limits.failures and found.long
            if met.reason != GONE and not lasting:
                return met
            self._switch_off(uow, contact, met.reason, found.times + 1)
        return Held(ENDPOINT_OFF, self._limits.hold)

    def _switch_off(self, uow: UnitOfWork, contact: UUID, reason: str, times: int) -> None:
        off = {"off_since": func.now(), "off_for": reason, "off_by": None, "times": times}
        uow.session.execute(update(Endpoint).where(col(Endpoint.contact) == contact).values(off))
        about = uow.session.get_one(Contact, contact)
        tell(
            uow,
            about,
            uuid5(contact, f"off/{times}"),
            party=Kind.ENDPOINT_OFF,
            hub=Kind.ENDPOINT_OFF_OF_THEIRS,
        )
        SWITCHED_OFF.labels(reason).inc()
        uow.on_commit(self._wake.set)


def _speaks_of_endpoint(met: Undelivered) -> bool:
    """Whether a failure is the endpoint's: it answered so, or did not in time."""
    if isinstance(met, Temporary):
        return met.reason != CRASHED
    return isinstance(met, Permanent) and met.reason.startswith(REFUSED)


def refuse_if_off(uow: UnitOfWork, sent: UUID, hold: timedelta) -> None:
    """Keep a message from an endpoint that is switched off.

    Args:
        uow: the transaction.
        sent: the delivery.
        hold: how long a message waits.

    Raises:
        Held: until somebody switches it on.
        Permanent: it has waited as long as it may.
    """
    left = select(delivery.c.created + hold - func.now()).where(delivery.c.id == sent)
    remains = uow.session.connection().execute(left).scalar_one()
    if remains <= timedelta():
        raise Permanent(ENDPOINT_OFF)
    raise Held(ENDPOINT_OFF, remains)


def disable(engine: Engine, contact: UUID, *, by: str) -> bool:
    """Send an endpoint nothing more until it is enabled; committed.

    Args:
        engine: the service's database.
        contact: which.
        by: who says so, for whoever wonders.

    Returns:
        False where it is off already.
    """
    off = {"off_since": func.now(), "off_for": BY_HAND, "off_by": by[:100]}
    made = insert(Endpoint).values({"contact": contact, "failures": 0, "times": 0, **off})
    with UnitOfWork(engine) as uow:
        done = uow.session.execute(
            made.on_conflict_do_update(
                index_elements=["contact"], set_=off, where=col(Endpoint.off_since).is_(None)
            ).returning(col(Endpoint.contact))
        ).first()
        uow.commit()
    return done is not None


def enable(engine: Engine, contact: UUID) -> int:
    """Switch an endpoint on, and let it have what it missed, in order; committed.

    That is what waits for it, what waited too long, and what it refused since it began to fail: a
    refusal such as 401 ends one message, and only several of them an endpoint. Safe to repeat, and
    to be cut off: what is left waiting is found by the next call.

    Args:
        engine: the service's database.
        contact: which.

    Returns:
        How many messages go out now.
    """
    with UnitOfWork(engine) as uow:
        # While it is off they are held: switched on first, it would be forgotten since when it was.
        number = sum(_wanted_again(uow, row) for row in _refused(uow, contact))
        uow.commit()
    with UnitOfWork(engine) as uow:
        uow.session.execute(
            update(Endpoint)
            .where(col(Endpoint.contact) == contact)
            .values(off_since=None, off_for=None, off_by=None, failures=0, failing_since=None)
        )
        uow.commit()
    theirs = delivery.c.contact == contact
    with UnitOfWork(engine) as uow:
        # Those that waited too long come first: they are the older ones.
        number += sum(_wanted_again(uow, row) for row in _given_up(uow, contact))
        uow.commit()
    with UnitOfWork(engine) as uow:
        number += deliveries.release(uow.session, theirs)
        uow.commit()
    return number


_Failed = Row[UUID, UUID, str, str, str]


def _given_up(uow: UnitOfWork, contact: UUID) -> list[_Failed]:
    return _failed(uow, contact, delivery.c.last_error == ENDPOINT_OFF)


def _refused(uow: UnitOfWork, contact: UUID) -> list[_Failed]:
    """What an endpoint that is off refused since it took something for the last time."""
    since = select(col(Endpoint.failing_since)).where(
        col(Endpoint.contact) == contact, col(Endpoint.off_since).is_not(None)
    )
    refused = delivery.c.last_error.startswith(REFUSED)
    return _failed(uow, contact, refused & (delivery.c.ended >= since.scalar_subquery()))


def _failed(uow: UnitOfWork, contact: UUID, how: ColumnElement[bool]) -> list[_Failed]:
    of = delivery.c
    failed = select(of.id, of.case, of.party, of.payload, of.last_error).where(
        of.contact == contact, of.state == State.FAILED.value, how
    )
    ordered = failed.order_by(of.case, of.position)
    return list(uow.session.connection().execute(ordered).all())


def _wanted_again(uow: UnitOfWork, row: _Failed) -> bool:
    locked(uow, row.case)
    notice = notice_of(row.payload)
    if no_longer_matters(uow, notice, row.party):
        return False
    still = (delivery.c.id == row.id) & (delivery.c.last_error == row.last_error)
    return bool(deliveries.retry(uow.session, still))


@dataclass(frozen=True)
class Standing:
    """An endpoint and how it stands.

    Attributes:
        contact: the contact.
        off_since: since when it is switched off; None where it is on.
        off_for: why.
        off_by: who switched it off, if a person did.
        failures: how often it failed since it last took a message.
        failing_since: since when.
        waiting: how many messages wait for it.
    """

    contact: Contact
    off_since: datetime | None
    off_for: str | None
    off_by: str | None
    failures: int
    failing_since: datetime | None
    waiting: int


def standing(
    uow: UnitOfWork, *, party: str | None = None, contact: UUID | None = None
) -> list[Standing]:
    """Webhooks and how they stand, by party.

    Args:
        uow: the transaction.
        party: only this one's.
        contact: only this one.
    """
    wanted = (
        select(Contact, Endpoint)
        .outerjoin(Endpoint, col(Endpoint.contact) == col(Contact.id))
        .where(col(Contact.means) == WEBHOOK.means)
        .order_by(col(Contact.party), col(Contact.id))
    )
    if party is not None:
        wanted = wanted.where(col(Contact.party) == party)
    if contact is not None:
        wanted = wanted.where(col(Contact.id) == contact)
    return [_stands(uow, *row) for row in uow.session.execute(wanted).all()]


def _stands(uow: UnitOfWork, contact: Contact, endpoint: Endpoint | None) -> Standing:
    of = endpoint or Endpoint(contact=contact.id)
    waiting = deliveries.held(uow.session, delivery.c.contact == contact.id) if endpoint else 0
    return Standing(
        contact, of.off_since, of.off_for, of.off_by, of.failures, of.failing_since, waiting
    )
