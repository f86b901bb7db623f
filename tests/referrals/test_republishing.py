"""The cases, told again to whoever keeps something of them."""

import json
from typing import Any

from deploy.republishing import subscription
from services.referrals.republishing import STATE
from shared.messaging.republishing import republish
from tests.referrals.house import House
from tests.referrals.test_walk_ins import came


def told_again(house: House, consumer: str) -> list[dict[str, Any]]:
    """The events that it would get."""
    to = subscription(consumer)
    written = sum(republish(house.desk.engine, house.desk.outbox, each, to) for each in STATE)
    rows = house.rows(
        "select envelope from outbox where recipient = :c order by position", c=consumer
    )
    events = [json.loads(row[0]) for row in rows][-written:]
    assert all(each["replay"] for each in events)
    return events


def test_the_directory_hears_which_places_are_held_and_which_given_back(house: House) -> None:
    _, held = house.accepted()
    _, ended = house.accepted()
    house.progress(ended, "start")
    house.progress(ended, "complete")
    house.asked()

    told = [
        (each["data"]["task"], each["type"].split(".")[2])
        for each in told_again(house, "providers.places")
    ]

    assert told == [(held, "accepted"), (ended, "accepted"), (ended, "completed")]


def test_notifications_hears_whose_a_case_is_and_what_stands_of_its_person(house: House) -> None:
    referral, task = house.accepted()
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": True})

    told = told_again(house, "notifications.cases")

    kinds = {each["type"].removeprefix("kersey."): each["data"] for each in told}
    assert kinds["referral.received.v1"]["hub"] == "bradford"
    assert kinds["referral.accepted.v1"]["task"] == task
    assert "person.died.v1" in kinds
    assert kinds["person.stop-lifted.v1"]["stop"] in {"restricted", "do-not-contact"}
    assert len({each["sequence"] for each in told}) == len(told)


def test_of_who_came_by_themselves_and_agreed_to_nothing_more_nobody_is_told(house: House) -> None:
    alone = came(tell_team=False)
    house.provider.post("/referrals/walk-ins", alone, status=201)
    assert told_again(house, "notifications.cases") == []
    assert told_again(house, "providers.places") == []
    shared = came()
    task = house.provider.post("/referrals/walk-ins", shared, status=201)["task"]
    (place,) = told_again(house, "providers.places")
    assert place["data"]["task"] == task
