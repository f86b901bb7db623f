"""The status of a Subscription where the server changes it: in the running state and the resource.

Locked in the writer's order, the resource first and its state after it, so that a client that
changes its Subscription and a worker that does never wait for each other in a circle.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session

from services.referrals.casefile import content_of
from services.referrals.desk import Desk
from services.referrals.subscriptions.topics import TOPICS
from services.referrals.tables.subscription import SubscriptionState, deliveries
from shared.database import UnitOfWork
from shared.fhir.outcome import FhirError
from shared.fhir.store import FhirStore, Stored

_AGAIN = "then send the Subscription with status requested"

IN_WORDS: Mapping[str, str] = {
    "client-deactivated": "Nothing more is sent: the client that registered this is deactivated."
    f" Have it activated, {_AGAIN}.",
    "client-of-another-organisation": "Nothing more is sent: the client that registered this acts"
    " for another organisation now. Have another client send it with status requested, or delete"
    " it.",
    "scope-withdrawn": "Nothing more is sent: the scopes of the client that registered this no"
    " longer reach its topic, or what its filter looks into. Ask for what you may read, or have"
    f" the client's scopes changed, {_AGAIN}.",
    "stopped-by-the-operator": "Nothing more is sent: Kersey's operator turned this off. Ask them"
    f" why, {_AGAIN}.",
}
"""What to do about an end that the client's endpoint has nothing to do with, by its code."""


def in_words(error: str) -> str:
    """Why a Subscription is in error, and what to do where that is not plain.

    Args:
        error: the code.
    """
    return IN_WORDS.get(error, f"Notifications could not be delivered: {error}.")


def never_served(document: Stored) -> SubscriptionState:
    """How a Subscription stands that is kept and never asked for anything: as it says itself.

    Args:
        document: the resource; the state is no row and is not to become one.
    """
    body = content_of(document)
    criteria = str(body.get("criteria"))
    return SubscriptionState(
        id=document.id,
        organisation=UUID(document.owner),
        created=document.last_updated,
        endpoint="",
        media_type="",
        filters=[],
        headers=[],
        status=str(body["status"]),
        topic=criteria if criteria in TOPICS else "",
        content="empty",
        number=0,
    )


def lock(store: FhirStore, session: Session, key: str) -> tuple[Stored, SubscriptionState] | None:
    """The resource and its state; None where a person's erasure took it away."""
    try:
        document = store.lock("Subscription", key)
    except FhirError:
        return None
    state = session.get(SubscriptionState, key, with_for_update=True, populate_existing=True)
    return None if state is None or document.deleted else (document, state)


def set_status(
    desk: Desk, uow: UnitOfWork, key: str, status: str, error: str | None = None
) -> None:
    """Change the status, unless the client has turned it off meanwhile.

    Args:
        desk: what every use case works with.
        uow: the transaction; the caller commits it.
        key: of the Subscription.
        status: `active`, `error` or `off`. With the last two nothing that is queued is sent.
        error: why, as a code.
    """
    store = desk.store(uow)
    found = lock(store, uow.session, key)
    if found is None:
        return
    document, state = found
    if state.status in {"off", status}:
        return
    state.status, state.error, state.beat_due = status, error, None
    uow.session.add(state)
    if status != "active":
        queued = deliveries.delivery.c.order_key == key
        deliveries.supersede(uow.session, queued, f"subscription-{status}")
    body = content_of(document)
    body["status"] = status
    body.pop("error", None)
    if error:
        body["error"] = in_words(error)
    store.update(body)
    uow.session.flush()
