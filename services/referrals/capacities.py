"""How much room a listed service has: the directory's copy, and how it is said.

Kept by events, so that asking a provider calls nobody. What has expired is not known (the directory
says so too), and not knowing never keeps anybody from asking (care 26).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.referrals.tables import ListedCapacity
from shared.messaging.events import CapacityChanged, Envelope, ServiceEvent

FULL, WAITING_LIST, TAKING, ASK_FIRST, UNKNOWN = (
    "full", "waiting-list", "taking", "ask-first", "unknown",
)  # fmt: skip
"""The directory's words."""


class _Said(BaseModel):
    """Capacity in a listing; what another directory adds to it is passed over."""

    model_config = ConfigDict(extra="ignore")

    state: str
    places: int | None = None
    waiting: int | None = None
    keeps_list: bool = False
    expires: AwareDatetime | None = None


def take(session: Session, envelope: Envelope) -> None:
    """Keep what an event says of a service's room, unless something newer is known.

    The row stays locked until the commit, so that what is read after it is the newest.
    """
    event = envelope.data
    said: CapacityChanged | _Said | None
    if isinstance(event, CapacityChanged):
        said = event
    elif isinstance(event, ServiceEvent):
        said = _in_listing(event.listing)
    else:
        return
    if said is None:
        return
    values = {
        "state": said.state,
        "places": said.places,
        "waiting": said.waiting,
        "keeps_list": said.keeps_list,
        "expires": said.expires,
        "sequence": str(envelope.sequence),
    }
    known = col(ListedCapacity.sequence)
    statement = insert(ListedCapacity).values(service=event.service, **values)
    newest = statement.excluded.sequence
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["service"],
            set_=values,
            # Told again counts beside its equal: a capacity expires without a new version.
            where=known <= newest if envelope.replay else known < newest,
        )
    )


def _in_listing(listing: Mapping[str, Any]) -> _Said | None:
    own = listing.get("kersey")
    said = own.get("capacity") if isinstance(own, Mapping) else None
    if said is None:
        return None
    try:
        return _Said.model_validate(said)
    except ValidationError:
        return None  # another directory's own way of saying it: not known here


def of(session: Session, service: UUID | None) -> ListedCapacity | None:
    """What was said last of a service's room; None where nothing was."""
    return session.get(ListedCapacity, service) if service else None


def state(capacity: ListedCapacity | None, now: datetime) -> str:
    """The state as a reader should take it."""
    if capacity is None or (capacity.expires is not None and capacity.expires <= now):
        return UNKNOWN
    return capacity.state


def turns_away(capacity: ListedCapacity | None, now: datetime) -> bool:
    """Whether a service is full and starts no waiting list."""
    return capacity is not None and state(capacity, now) == FULL and not capacity.keeps_list


def shown(capacity: ListedCapacity | None, now: datetime) -> dict[str, Any]:
    """How much room there is, for whoever asks: with how many wait, where that is known."""
    said = state(capacity, now)
    found: dict[str, Any] = {"state": said}
    if capacity is not None and said != UNKNOWN:
        found |= {
            name: value
            for name in ("places", "waiting")
            if (value := getattr(capacity, name)) is not None
        }
    return found | {"words": in_words(capacity, now)}


def in_words(capacity: ListedCapacity | None, now: datetime) -> str:
    """The same in a sentence."""
    said = state(capacity, now)
    if capacity is None or said == UNKNOWN:
        return "Nobody has said lately whether there is room."
    if said == TAKING:
        return _counted("Taking people now", capacity.places, "place")
    if said == ASK_FIRST:
        return "Ask first: they look at each request."
    if said == FULL and not capacity.keeps_list:
        return "Full. There is no waiting list."
    people = capacity.waiting
    if people is None:
        return "Full. There is a waiting list; nobody has said how long."
    return _counted("Full. There is a waiting list", people, "person", "people")


def _counted(words: str, number: int | None, one: str, many: str | None = None) -> str:
    if number is None:
        return f"{words}."
    return f"{words}: {number} {one if number == 1 else many or f'{one}s'}."
