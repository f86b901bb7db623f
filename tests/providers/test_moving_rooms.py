"""A room that several services use moves while another of them is published: both are kept."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text

from services.providers import hsds
from tests.providers.conftest import House
from tests.providers.listings import SQUARE, body, key, north, organization

ROOM = key("The room of both")
PATIENCE = 30.0

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
HELD = text("SELECT FROM location WHERE id = :room FOR UPDATE")
SPOTS = text("SELECT DISTINCT latitude FROM service WHERE id = ANY (:keys)")


def in_the_room(name: str, at: tuple[float, float], **more: Any) -> dict[str, Any]:
    listing = body(name, at=at, **more)
    listing["service_at_locations"][0]["location"]["id"] = str(ROOM)
    return listing


def put(house: House, name: str, listing: dict[str, Any]) -> None:
    house.send("PUT", f"/directory/services/{key(name)}", listing)


def until_waiting(connection: Connection, many: int) -> None:
    """Go on once so many wait for a lock."""
    latest = time.monotonic() + PATIENCE
    while connection.execute(WAITING).scalar_one() < many:
        assert time.monotonic() < latest, "nobody waits"
        time.sleep(0.02)


@pytest.mark.parametrize("both_move", [False, True])
def test_a_room_moves_while_another_service_in_it_is_published(house: House, both_move: bool):
    names = ["Loom", "Tenter"]
    house.load(
        *(
            hsds.Service.model_validate(in_the_room(name, SQUARE) | {"id": str(key(name))})
            for name in names
        ),
        organizations=[organization("Owner"), organization("Other")],
    )
    there = [north(500), north(900) if both_move else SQUARE]
    with ThreadPoolExecutor(2) as threads, house.engine.connect() as first:
        first.execute(HELD, {"room": ROOM})
        done: list[Future[None]] = []
        for number, (name, at) in enumerate(zip(names, there, strict=True), start=1):
            listing = in_the_room(name, at, description="As it is now.")
            done.append(threads.submit(put, house, name, listing))
            with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
                until_waiting(looking, number)
        first.rollback()
        for each in done:
            each.result()
    with house.engine.connect() as connection:
        spots = connection.execute(SPOTS, {"keys": [key(name) for name in names]}).scalars().all()
    assert len(spots) == 1, "both are where the room is"
    for name in names:
        assert house.get(f"/directory/services/{key(name)}")["description"] == "As it is now."
