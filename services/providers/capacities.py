"""A service's capacity as it goes out: in Kersey's words, and as the draft of HSDS 3.1 has it."""

from datetime import datetime
from uuid import UUID, uuid5

from services.providers import domain
from services.providers.nested import Json, Row, picked, plain

ROOM = ("places", "waiting", "first_date", "keeps_list", "counted", "over", "expires")

PLACE = {
    "id": "5b7a3f0e-31d5-5e0c-9a4f-7f2d0a4c1e66",
    "name": "place",
}
"""What is counted (HSDS 3.1 draft, unit): room for one person who comes regularly."""


def room(row: Row) -> domain.Room:
    """A capacity row as the rules see it."""
    return domain.Room(
        state=domain.CapacityState(row["state"]), **{name: row[name] for name in ROOM}
    )


def _state(row: Row, now: datetime) -> domain.CapacityState:
    return domain.state_at(domain.CapacityState(row["state"]), row["expires"], now)


def known(row: Row | None, now: datetime) -> Json:
    """A service's capacity for readers: what has expired is unknown, and says since when.

    Of a service of which nobody ever said anything `updated` would be the day of its listing.
    """
    if row is None:
        return {"state": domain.CapacityState.UNKNOWN.value}
    state = _state(row, now)
    never = state is domain.CapacityState.UNKNOWN and row["expires"] is None
    said: Json = {"state": state.value} | ({} if never else picked(row, "updated expires"))
    if state is not domain.CapacityState.UNKNOWN:
        said |= picked(row, "places waiting")
        if row["first_date"] is not None and row["first_date"] > now.date():
            said |= picked(row, "first_date")
    return said | {"keeps_list": row["keeps_list"]}


def available(row: Row, now: datetime) -> Json | None:
    """A capacity as `service_capacity` of HSDS 3.1's draft; None where no number is known.

    Its `available` is required and a number, so that only a count of places, and the none of a
    service that is full or keeps a waiting list, can be told with it. "Ask first" and "not known"
    are no numbers: whoever reads none there asks.
    """
    state = _state(row, now)
    if state in (domain.CapacityState.FULL, domain.CapacityState.WAITING_LIST):
        places = 0
    elif state is domain.CapacityState.TAKING and row["places"] is not None:
        places = row["places"]
    else:
        return None
    service: UUID = row["service_id"]
    return {
        "id": str(uuid5(service, "service_capacity")),
        "service_id": str(service),
        "unit": PLACE,
        "available": places,
        "description": _in_words(state, row),
        "updated": plain(row["updated"]),
    }


def _in_words(state: domain.CapacityState, row: Row) -> str:
    if state is domain.CapacityState.FULL:
        return "Full; a waiting list is kept." if row["keeps_list"] else "Full."
    if state is domain.CapacityState.WAITING_LIST:
        waiting = row["waiting"]
        return f"A waiting list of {waiting}." if waiting else "A waiting list is kept."
    return "Taking people now."
