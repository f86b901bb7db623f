"""Telling a consumer again, over two services' databases: the owner's and the consumer's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine

from deploy.operator_broker import subscriptions
from deploy.refusal import Refusal
from deploy.services import service
from shared.messaging import republishing
from shared.messaging.broker import Subscription
from shared.messaging.outbox import Outbox
from shared.messaging.republishing import RAISED_BY, OwnState


class NothingToTell(Refusal):
    """The owner has nothing that the consumer takes; the message says who has what."""


def subscription(consumer: str) -> Subscription:
    """The consumer of that name.

    Raises:
        NothingToTell: there is none.
    """
    known = {each.consumer: each for each in subscriptions()}
    if consumer not in known:
        message = f"there is no consumer {consumer!r}; there are: {', '.join(known)}"
        raise NothingToTell(message)
    return known[consumer]


def states(owner: str, to: Subscription, kinds: Sequence[str]) -> list[OwnState]:
    """What an owner can tell a consumer again.

    Parameters:
        owner: the service.
        to: the consumer.
        kinds: only these; all, if none is named.

    Raises:
        NoSuchService: there is no such service.
        NothingToTell: it owns nothing of which the consumer keeps a copy.
    """
    found = [each for each in service(owner).compose().state if each.types & to.types]
    known = {each.kind for each in found}
    if not found or not set(kinds) <= known:
        can = ", ".join(sorted(known)) or "nothing"
        message = f"{owner} can tell {to.consumer} again: {can}"
        raise NothingToTell(message)
    return [each for each in found if not kinds or each.kind in kinds]


def tell_again(
    engines: Mapping[str, Engine], owner: str, to: Subscription, state: OwnState, *, restored: bool
) -> int:
    """Write state into the owner's outbox, for the consumer alone and marked as a replay.

    Parameters:
        engines: by service.
        owner: the service.
        to: the consumer.
        state: what to tell.
        restored: the owner's database is older than the consumer's; what it says now shall count
            as newer than what it said before the loss.

    Returns: how many events were written.
    """
    box = Outbox(f"kersey/{owner}")
    raised_by = RAISED_BY if restored else 0
    return republishing.republish(engines[owner], box, state, to, raised_by=raised_by)


def repeat_missed(
    engines: Mapping[str, Engine], owner: str, consumers: Sequence[Subscription]
) -> int:
    """Have the events carried again that a consumer has not acted on.

    Parameters:
        engines: by service.
        owner: the service that published them.
        consumers: who may have missed some.

    Returns: how many there were.

    Raises:
        NothingToTell: the service publishes no events.
    """
    if not service(owner).compose().state:
        message = f"{owner} publishes no events"
        raise NothingToTell(message)
    now = datetime.now(UTC)
    missed = {
        each.id
        for to in consumers
        for each in republishing.missed(engines[owner], engines[to.service], to, before=now)
    }
    return republishing.publish_again(engines[owner], sorted(missed))
