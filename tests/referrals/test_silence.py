"""Requests that nobody has answered for days: listed for the hub, who rings before it is a no."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.working_days import WorkingDays
from tests.referrals.house import House

WORKING = WorkingDays(ZoneInfo("Europe/London"))


def silent(house: House, by: str = "coordinator", **params: object) -> list[str]:
    rows = house.by(by).get("/referrals/requests/silent", params=params)
    return [row["task"] for row in rows]


def test_a_request_is_silent_after_working_days_without_an_answer(house: House):
    referral, task = house.asked()
    assert silent(house) == []
    asked, since = house.row(
        "select created, silent_from from case_task where id = :task", task=task
    )
    assert since == WORKING.after(asked, 3), "not calendar days"
    house.pass_days(9)
    (row,) = house.by("coordinator").get("/referrals/requests/silent")
    assert (row["task"], row["case"]) == (task, referral.case)
    asked, closes = (datetime.fromisoformat(row[name]) for name in ("asked", "closes"))
    assert closes == WORKING.after(asked, 10), "working days, here too"
    assert referral.patient not in json.dumps(row)
    theirs = house.provider.get(f"/referrals/requests/{task}")
    assert theirs["closes"] == row["closes"], "the provider is told until when it is waited for"
    assert house.by("coordinator").get("/referrals/caseload")["silent"] == 1
    body = {"decision": "decline", "reason": "full", "note": "By phone: full until January"}
    house.by("coordinator").post(f"/referrals/requests/{task}/answer", body)
    assert silent(house) == []
    assert house.provider.get(f"/referrals/requests/{task}")["closes"] is None
    assert house.by("coordinator").get("/referrals/caseload")["silent"] == 0


def test_another_places_silence_is_not_told(house: House):
    _, task = house.asked()
    house.pass_days(9)
    assert silent(house, "link-worker") == [task]
    for other in ("coordinator-2", "link-worker-2", "provider"):
        assert silent(house, other) == []
        assert house.by(other).get("/referrals/caseload")["silent"] == 0
        told = house.by(other).get("/referrals/requests/silent", params={"after": task}, status=422)
        assert told["element"] == "after"
    house.by("coordinator-2").get(f"/referrals/requests/{task}", status=404)


def test_pages_follow_each_other(house: House):
    asked = [house.ask(house.taken_on(number=number)) for number in (1, 2, 3)]
    house.pass_days(9)
    first = silent(house, count=2)
    assert first + silent(house, count=2, after=first[-1]) == asked
