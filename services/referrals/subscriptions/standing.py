"""The status of a Subscription where the server changes it: in the running state and the resource.

Locked in the writer's order, the resource first and its state after it, so that a client that
changes its Subscription and a worker that does never wait for each other in a circle.
"""

from sqlmodel import Session

from services.referrals.casefile import content_of
from services.referrals.desk import Desk
from services.referrals.tables.subscription import SubscriptionState, deliveries
from shared.database import UnitOfWork
from shared.fhir.outcome import FhirError
from shared.fhir.store import FhirStore, Stored


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
        body["error"] = f"Notifications could not be delivered: {error}."
    store.update(body)
    uow.session.flush()
