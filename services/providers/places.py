"""Counting places: an acceptance takes one, an ending gives it back.

The directory hears of both by events and knows a request by its Task's id alone. Each Task is
counted at most once either way, whatever is delivered twice, told again or comes out of order.
"""

from typing import Any

import structlog
from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from services.providers import domain
from services.providers.handlers import Directory, read_capacity, save_capacity
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import (
    Envelope,
    ProviderTaskEvent,
    ReferralAccepted,
    ReferralCancelled,
    ReferralChosen,
    ReferralCompleted,
    ReferralEndedEarly,
    ReferralNotAttended,
)

log = structlog.get_logger(__name__)

TAKES = (ReferralAccepted, ReferralChosen)
"""An offer takes no place until the person chooses it (care 15)."""
GIVES_BACK = (ReferralCompleted, ReferralEndedEarly, ReferralNotAttended, ReferralCancelled)
"""A cancelled request gives back its place only if it had taken one."""

SUBSCRIPTION = Subscription(
    "providers", "places", frozenset(event.type for event in TAKES + GIVES_BACK)
)


def count(directory: Directory, uow: UnitOfWork, envelope: Envelope) -> None:
    """Act on one event within the caller's transaction.

    An event about a service that this directory does not list is passed over: referrals may go
    to services that others list.
    """
    event = envelope.data
    assert isinstance(event, ProviderTaskEvent)
    source = table("service")
    wanted = select(source).where(source.c.id == event.service)
    wanted = wanted.with_for_update(key_share=True)
    service = uow.session.connection().execute(wanted).mappings().one_or_none()
    if service is None:
        log.info("places.unlisted_service", service=str(event.service))
        return
    held = _held(uow, event)
    if isinstance(event, TAKES):
        if not held["taken"] and not held["ended"]:
            _note(uow, event, taken=True)
            _change(directory, uow, service, domain.after_acceptance)
    elif not held["ended"]:
        _note(uow, event, ended=True)
        if held["taken"]:
            _change(directory, uow, service, domain.after_ending)


def _held(uow: UnitOfWork, event: ProviderTaskEvent) -> RowMapping:
    source = table("place_taken")
    run = uow.session.connection().execute
    first = {"task_id": event.task, "service_id": event.service, "taken": False, "ended": False}
    run(insert(source).values(first).on_conflict_do_nothing())
    wanted = select(source).where(source.c.task_id == event.task).with_for_update()
    return run(wanted).mappings().one()


def _note(uow: UnitOfWork, event: ProviderTaskEvent, **values: Any) -> None:
    source = table("place_taken")
    noted = update(source).where(source.c.task_id == event.task).values(values)
    uow.session.connection().execute(noted)


def _change(directory: Directory, uow: UnitOfWork, service: RowMapping, rule: Any) -> None:
    room = read_capacity(uow, service["id"])
    if room is None or domain.known(room, directory.clock()) is domain.CapacityState.UNKNOWN:
        return
    changed = rule(room)
    if changed != room:
        save_capacity(uow, directory, service, changed, said_by="counting")
