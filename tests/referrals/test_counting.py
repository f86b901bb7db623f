"""What a provider did in a while: numbers that tell of nobody."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.small_numbers import FEWEST, shown
from tests.infrastructure.midnight import today
from tests.referrals.house import House
from tests.referrals.test_walk_ins import came


def counted(house: House, by: str = "provider", **days: Any) -> Any:
    asked = {"since": today() - timedelta(days=30), "until": today() + timedelta(days=1)} | days
    params = {name: str(day) for name, day in asked.items()}
    return house.by(by).get("/referrals/counts", params=params)


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ({"a": 12, "b": 7, "c": 0}, set()),
        ({"a": 12, "b": 3, "c": 0}, {"a", "b"}),
        ({"a": 12, "b": 7, "c": 3}, {"b", "c"}),
        ({"a": 12, "b": 3, "c": 1}, {"b", "c"}),
        ({"a": 0, "b": 4}, {"b"}),
        ({"a": 5, "b": 5}, set()),
    ],
)
def test_a_small_number_is_not_shown_nor_what_would_give_it_away(
    parts: dict[str, int], hidden: set[str]
):
    found = shown(parts)
    assert {name for name, count in found.items() if count is None} == hidden
    assert all(found[name] == count for name, count in parts.items() if name not in hidden)
    assert all(not count or count >= FEWEST for count in found.values())


def test_a_provider_counts_its_own_and_in_the_days_that_it_asks_for(house: House):
    for number in range(6):
        _, task = house.asked()
        house.answer(task, "accept")
        if number < 5:
            path = f"/referrals/requests/{task}/attendance/{today()}"
            body = {"mark": "came", "key": str(uuid4())}
            assert house.provider.send("PUT", path, json=body).status_code == 200
        else:
            house.progress(task, "start")
            house.progress(task, "complete")
    found = counted(house)
    assert (found["asked"], found["answers"]["accepted"], found["people"]) == (6, 6, 5)
    assert found["answers"]["declined"] == 0
    assert found["marks"] == {"came": 5, "did-not-come": 0, "told-us": 0}
    assert found["ended"] == {"completed": None, "ended-early": 0}
    before = counted(house, since=today() - timedelta(days=90), until=today() - timedelta(days=2))
    assert (before["asked"], before["people"]) == (0, 0)
    assert counted(house, by="provider-2")["asked"] == 0
    _, task = house.asked()
    house.answer(task, "decline", reason="full")
    found = counted(house)
    assert (found["asked"], found["answers"]["declined"]) == (7, None)
    assert found["answers"]["accepted"] is None, "or it could be worked out"
    assert found["declined"]["full"] is None


def test_only_a_provider_counts_and_a_year_at_most(house: House):
    params = {"since": str(today()), "until": str(today())}
    for other in ("link-worker", "coordinator"):
        house.by(other).get("/referrals/counts", params=params, status=403)
    for wrong in (today() - timedelta(days=1), today() + timedelta(days=400)):
        params["until"] = str(wrong)
        told = house.provider.get("/referrals/counts", params=params, status=422)
        assert told["element"] == "until"
    for since, until in (("0001-01-01", "0001-02-01"), ("9999-12-31", "9999-12-31")):
        params = {"since": since, "until": until}
        told = house.provider.get("/referrals/counts", params=params, status=422)
        assert told["element"] == "since"


def test_who_came_by_themselves_is_counted_as_such_and_not_as_asked_for(house: House):
    """A funder reads how people came: nobody asked for a place for these, and nobody said yes."""
    for _ in range(5):
        house.provider.post("/referrals/walk-ins", came(), status=201)
    found = counted(house)
    assert (found["walked_in"], found["asked"]) == (5, 0)
    assert set(found["answers"].values()) == {0}
    house.asked()
    assert (counted(house)["walked_in"], counted(house)["asked"]) == (5, None)
