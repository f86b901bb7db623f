"""Events that somebody must hear of, and the messages that came of them.

An event of which nobody was told must have ended as a delivery, a superseded one or a visible
failure; each of these is a row that names the event.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from deploy.reconciling.drift import Databases, Drift
from services.notifications.channels.registry import BY_A_PERSON
from services.notifications.domain import RULES, Kind
from services.notifications.handlers.erasing import ERASED
from services.notifications.tables import Stopped, delivery
from services.referrals.domain import AWAITING_ANSWER
from services.referrals.domain import Kind as TaskKind
from services.referrals.tables import CaseTask
from shared.delivery import State
from shared.messaging.events import parse
from shared.messaging.outbox import inbox, outbox

TELLING = frozenset(
    event.type for event, rule in RULES.items() if rule.tell and not rule.tell_the_told
)
"""Types of events of which somebody is always told."""

CONSUMER = "notifications.cases"


def untold(databases: Databases) -> Iterator[Drift]:
    """Events that notifications acted on and of which nobody was told; requests without a message.

    Events that it has not acted on are found beside these (`events.unheard`).
    """
    events = select(outbox.c.id, outbox.c.envelope).where(
        outbox.c.type.in_(TELLING), outbox.c.published_at < databases.before
    )
    with databases["referrals"].connect() as connection:
        published = {row.id: row.envelope for row in connection.execute(events)}
    with Session(databases["notifications"]) as session:
        run = session.connection().execute
        acted_on = set(run(select(inbox.c.event_id).where(inbox.c.consumer == CONSUMER)).scalars())
        told = set(run(select(delivery.c.event)).scalars())
        asked = set(run(select(delivery.c.task).where(delivery.c.kind == Kind.REQUEST)).scalars())
        erased = select(col(Stopped.about)).where(col(Stopped.reason) == ERASED)
        nobody = set(session.execute(erased).scalars())
    for key in sorted((published.keys() & acted_on) - told):
        event = parse(published[key])
        if not event.replay and getattr(event.data, "case", None) not in nobody:
            mend = "tell the link worker of the case by hand, and report this as a defect"
            yield Drift("notifications: nobody was told of an event", str(key), mend)
    on_their_way = _requested(published, acted_on)
    for task in _waiting(databases) - asked - on_their_way:
        mend = "have the link worker take the request back and ask again"
        yield Drift("notifications: a provider was never told of a request", str(task), mend)


def stuck(databases: Databases) -> Iterator[Drift]:
    """Messages that should have been tried by now; calls wait for a person."""
    late = select(delivery.c.id).where(
        delivery.c.state.in_([State.QUEUED.value, State.SENDING.value, State.UNKNOWN.value]),
        delivery.c.due < databases.before,
        delivery.c.channel.not_in(BY_A_PERSON),
    )
    with databases["notifications"].connect() as connection:
        for key in connection.execute(late.order_by(delivery.c.position)).scalars():
            mend = "is `kersey worker notifications` ready? See its /health/ready"
            yield Drift("notifications: a message was not tried", str(key), mend)


def _waiting(databases: Databases) -> set[UUID]:
    """Requests that wait for a provider's answer."""
    waits = select(col(CaseTask.id)).where(
        col(CaseTask.kind) == TaskKind.PROVIDER,
        col(CaseTask.business) == AWAITING_ANSWER.business,
        col(CaseTask.updated) < databases.before,
    )
    with Session(databases["referrals"]) as session:
        return {UUID(key) for key in session.execute(waits).scalars()}


def _requested(published: dict[UUID, str], acted_on: set[UUID]) -> set[UUID]:
    """The Tasks of events that notifications has yet to act on: repeating those tells everybody."""
    missing = [parse(body).data for key, body in published.items() if key not in acted_on]
    return {event.task for event in missing if hasattr(event, "task")}
