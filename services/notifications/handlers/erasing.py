"""A person was erased: what was kept of their cases goes, and that is confirmed (care 9)."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notifications.domain import STOPS, of_person
from services.notifications.handlers.ahead import ahead_of
from services.notifications.handlers.telling import locked
from services.notifications.holdings import HOLDINGS
from services.notifications.person.rules import CHANNEL
from services.notifications.tables import (
    AnswerLink,
    PersonLink,
    Stopped,
    delivery,
    person_delivery,
)
from shared.database import UnitOfWork
from shared.delivery.outcome import State
from shared.holdings import Traces, erase, held
from shared.messaging.events import Envelope, ErasureConfirmed, PersonErased
from shared.messaging.outbox import Outbox

TYPES = frozenset({PersonErased.type})
ERASED = "erased"
"""Why a case is stopped for good."""
OUT_WITHIN = 10.0
"""Seconds that a message to the person may take which is on its way already."""
LOOK_EVERY = 0.1


class Erasures:
    """Acts on erasures, within the transaction that consumes them.

    Args:
        outbox: takes the confirmation.
        forget: deletes mails that were written to the person, by the ids of their deliveries, where
            they lie in a folder of ours; a mail has their first name and address in it.
    """

    def __init__(self, outbox: Outbox, forget: Callable[[Collection[UUID]], None]) -> None:
        self._outbox = outbox
        self._forget = forget

    def __call__(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Erase what is kept of the person's cases, and let nothing new come of them."""
        event = envelope.data
        if not isinstance(event, PersonErased):
            return
        for case in sorted(event.cases):
            locked(uow, case)
        connection = uow.session.connection()
        _let_out(connection, event.cases)
        found = traces(connection, event.cases)
        self._forget(found["person-delivery"])
        erase(connection, HOLDINGS, found)
        stops = [of_person(event.person, stop) for stop in STOPS.values()]
        connection.execute(delete(Stopped).where(col(Stopped.about).in_(stops)))
        for case in event.cases:
            stop = insert(Stopped).values({"about": case, "reason": ERASED})
            uow.session.execute(
                stop.on_conflict_do_update(index_elements=["about"], set_={"reason": ERASED})
            )
        confirmed = ErasureConfirmed(person=event.person, service="notifications")
        self._outbox.add(uow, confirmed, version=envelope.sequence.version)


def _let_out(connection: Connection, cases: Sequence[UUID]) -> None:
    """Wait for what a worker is sending to the person at this moment: what it writes is not there
    yet to be forgotten. By the cases' locks, which are ours, nothing more is begun."""
    until = time.monotonic() + OUT_WITHIN
    while leaving(connection, cases) and time.monotonic() < until:
        time.sleep(LOOK_EVERY)


def leaving(connection: Connection, cases: Sequence[UUID]) -> bool:
    """Whether a worker has begun to send something to the person: by what is noted then."""
    row = person_delivery.c
    begun = (row.state == State.SENDING, row.channel != CHANNEL, row.due > func.clock_timestamp())
    return bool(connection.scalar(select(exists().where(row.case.in_(cases), *begun))))


def is_erased(uow: UnitOfWork, case: UUID) -> bool:
    """Whether the case's person was erased: what still comes of it is passed over."""
    ahead = ahead_of(uow)
    if ahead and case in ahead.stops:
        return ahead.stops[case] == ERASED
    text = "SELECT FROM stopped WHERE about = %(case)s::uuid AND reason = %(erased)s"
    found = uow.session.connection().exec_driver_sql(text, {"case": case, "erased": ERASED})
    return found.first() is not None


def copy_of(
    connection: Connection, cases: Sequence[UUID], persons: Sequence[UUID]
) -> dict[str, list[dict[str, Any]]]:
    """What is kept of a person, by table, for a copy that the person gets.

    Args:
        connection: of this service's database.
        cases: the person's.
        persons: the ids of their records, by which it is known what stops messages to them.
    """
    stops = [of_person(each, stop) for each in persons for stop in STOPS.values()]
    found = traces(connection, cases)
    return held(connection, HOLDINGS, {**found, "about": [*found["about"], *stops]})


def traces(connection: Connection, cases: Sequence[UUID]) -> Traces:
    """By what the rows of these cases are found."""
    sent = select(delivery.c.id, delivery.c.task).where(delivery.c.case.in_(cases))
    rows = connection.execute(sent).all()
    links = select(col(AnswerLink.hash)).where(col(AnswerLink.case).in_(cases))
    to_person = select(person_delivery.c.id).where(person_delivery.c.case.in_(cases))
    visits = select(col(PersonLink.hash)).where(col(PersonLink.case).in_(cases))
    tasks = {row.task for row in rows if row.task}
    return {
        "case": cases,
        "task": sorted(tasks),
        "about": [*cases, *sorted(tasks)],
        "delivery": [row.id for row in rows],
        "link": list(connection.execute(links).scalars()),
        "person-delivery": list(connection.execute(to_person).scalars()),
        "person-link": list(connection.execute(visits).scalars()),
        "event-subject": [f"case/{case}" for case in cases],
    }
