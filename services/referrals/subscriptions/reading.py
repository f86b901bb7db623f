"""Which events a subscriber may be told of, decided at the moment at which they are told.

Access may have ended since an event was numbered: an agreement was withdrawn, a case handed over.
Then its number stays, and nothing else of it is told. So it is with what the client's scopes mean
no more.
"""

from collections.abc import Iterable

from services.referrals.subscriptions.bundles import Told
from services.referrals.tables.subscription import SubscriptionEvent
from shared.fhir.outcome import FhirError
from shared.fhir.store import Access, FhirStore, Stored


def readable(
    store: FhirStore, events: Iterable[SubscriptionEvent], access: Access, content: str
) -> list[Told]:
    """The events whose resource this access reads now, in their order.

    Args:
        store: the documents, within a transaction.
        events: what happened.
        access: of the subscriber, or of whoever asks on its behalf.
        content: with `full-resource`, the version that each event is about is read too. It is left
            out where the history would not show it to this access either.
    """
    wanted = list(events)
    seen = store.seen({(each.type, each.id) for each in wanted}, access)
    whole = content == "full-resource"
    return [
        Told(each, _version(store, each, access) if whole else None)
        for each in wanted
        if (each.type, each.id) in seen and _meant(store, each, access)
    ]


def _meant(store: FhirStore, event: SubscriptionEvent, access: Access) -> bool:
    """Whether the scopes mean the resource as it stands."""
    return not access.narrows(event.type) or store.find(event.type, event.id, access) is not None


def _version(store: FhirStore, event: SubscriptionEvent, access: Access) -> Stored | None:
    if access.narrows(event.type):
        # What the scopes mean is known of the resource as it stands, not of what it was.
        current = store.find(event.type, event.id, access)
        if current is None or current.version != event.version:
            return None
    try:
        return store.vread(event.type, event.id, event.version, access)
    except FhirError:
        return None
