"""A provider's requests as a list: its own, without a name, by folder and by pages."""

import json

from tests.referrals.house import SERVICE_2, House


def tasks(house: House, by: str = "provider", **params: object) -> list[str]:
    rows = house.by(by).get("/referrals/requests", params=params)
    return [row["task"] for row in rows]


def test_a_request_moves_from_asked_to_going_to_ended(house: House):
    _, task = house.asked()
    assert tasks(house) == [task]
    house.answer(task, "waiting-list")
    assert tasks(house) == [task], "on the waiting list it still waits for an answer"
    house.answer(task, "accept")
    assert (tasks(house), tasks(house, folder="going")) == ([], [task])
    house.progress(task, "start")
    house.progress(task, "complete")
    assert (tasks(house, folder="going"), tasks(house, folder="ended")) == ([], [task])


def test_pages_follow_each_other_without_gap_or_repeat(house: House):
    asked = [house.ask(house.taken_on(number=number)) for number in range(1, 6)]
    first = tasks(house, count=2)
    second = tasks(house, count=2, after=first[-1])
    third = tasks(house, count=2, after=second[-1])
    assert first + second + third == asked
    house.answer(first[-1], "decline", reason="full")
    told = house.provider.get("/referrals/requests", params={"after": first[-1]}, status=422)
    assert told["element"] == "after"


def test_it_names_nobody_and_shows_no_other_providers(house: House):
    referral, task = house.asked()
    house.ask(referral, SERVICE_2, several_because="to see both")
    rows = house.provider.get("/referrals/requests")
    assert [row["task"] for row in rows] == [task]
    words = json.dumps(rows)
    assert referral.patient not in words
    assert house.scalar("select count(*) from identity_view") == 0
    assert task not in tasks(house, by="provider-2")


def test_it_is_for_providers(house: House):
    for other in ("link-worker", "coordinator", "ehr"):
        house.by(other).get("/referrals/requests", status=403)
    house.provider.get("/referrals/requests", params={"folder": "drawer"}, status=422)
