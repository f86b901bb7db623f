"""Outboxes, inboxes and dead letters: whether every event left, and every consumer acted on it."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select

from deploy.reconciling.drift import Databases, Drift
from deploy.services import SERVICES
from shared.messaging.broker import DeadLetter, Subscription
from shared.messaging.outbox import outbox
from shared.messaging.republishing import missed


def owners() -> Iterator[str]:
    """The services that publish events."""
    for service in SERVICES:
        if service.compose().state:
            yield service.name


def waiting(databases: Databases) -> Iterator[Drift]:
    """Events that should have left the outbox."""
    for owner in owners():
        late = select(outbox.c.id).where(
            outbox.c.published_at.is_(None), outbox.c.created < databases.before
        )
        with databases[owner].connect() as connection:
            for key in connection.execute(late.order_by(outbox.c.position)).scalars():
                mend = f"is `kersey worker {owner}` ready? See its /health/ready"
                yield Drift(f"{owner}: an event waits in the outbox", str(key), mend)


def unheard(
    databases: Databases, consumers: Sequence[Subscription], dead: Iterable[DeadLetter]
) -> Iterator[Drift]:
    """Events that a consumer should have acted on, dead letters first.

    Parameters:
        databases: what to compare.
        consumers: of all services.
        dead: their dead letters.
    """
    letters = {(each.consumer, each.id) for each in dead}
    for consumer, letter in sorted(letters):
        mend = f"`kersey dead-letters show {consumer} ID`, then `replay`"
        yield Drift(f"{consumer}: a dead letter", letter, mend)
    for owner in owners():
        for to in consumers:
            for each in missed(
                databases[owner], databases[to.service], to, before=databases.before
            ):
                if (to.consumer, str(each.id)) not in letters:
                    mend = f"`kersey republish {owner} --to {to.consumer} --missed`"
                    kind = f"{to.consumer}: an event of {owner} was not acted on"
                    yield Drift(kind, str(each.id), mend)
