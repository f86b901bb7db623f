"""Somebody who has a place cannot come on one day: provider and register know, the place stays."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.messaging.events import PersonSaid, ReferralVisitCalledOff
from tests.infrastructure.midnight import today
from tests.referrals.house import SERVICE, House, Referral


def soon() -> date:
    return today() + timedelta(days=5)


def off(house: House, task: str, day: object = None, by: str = "link-worker", **how: Any) -> Any:
    body = {"day": str(day or soon())}
    return house.by(by).post(f"/referrals/requests/{task}/called-off", body, **how)


def says(house: House, task: str, *, status: int = 204, **said: object) -> Any:
    body = {"said": "not-this-time", "day": str(soon())} | said
    at = f"/referrals/requests/{task}/person"
    return house.by("person-messages").post(at, body, status=status)


def told(house: House, kind: type[Any]) -> list[Any]:
    return [each for each in house.events() if isinstance(each, kind)]


def attendance(house: House, referral: Referral) -> list[tuple[str, str]]:
    return [(each["day"], each["mark"]) for each in house.worker.get(referral.at)["attendance"]]


def visit_on(house: House, task: str, days: int = 5) -> None:
    starts = datetime.combine(today() + timedelta(days=days), datetime.min.time(), UTC)
    body = {"starts": (starts + timedelta(hours=14)).isoformat()}
    house.provider.put(f"/referrals/requests/{task}/first-visit", body)


@pytest.mark.parametrize("by", ["person", "link-worker", "coordinator"])
def test_the_provider_and_the_register_know_and_the_place_stays(house: House, by: str):
    referral, task = house.accepted()
    before = house.state(task)
    for _ in range(2):
        says(house, task) if by == "person" else off(house, task, by=by)
    (event,) = told(house, ReferralVisitCalledOff)
    assert (str(event.task), event.day, event.service) == (task, soon(), SERVICE)
    assert house.state(task) == before
    assert attendance(house, referral) == [(soon().isoformat(), "told-us")]
    assert house.provider.get(f"/referrals/requests/{task}")["called_off"] == [soon().isoformat()]
    said = [each.said for each in told(house, PersonSaid)]
    assert said == (["not-this-time"] * 2 if by == "person" else []), "the team hears the person"


def test_on_the_day_it_stands_in_the_register_and_the_provider_puts_it_right(house: House):
    referral, task = house.accepted()
    off(house, task, today())
    at = f"/referrals/registers/{SERVICE}/{today()}"
    assert house.provider.get(at)["people"][0]["mark"] == "told-us"
    key = "6f1c6c1e-8f0a-4b8e-9a3f-0d9f6a5b1c2d"
    path = f"/referrals/requests/{task}/attendance/{today()}"
    house.provider.put(path, {"mark": "came", "key": key})
    assert house.provider.get(at)["people"][0]["mark"] == "came"
    assert attendance(house, referral) == [(today().isoformat(), "came")]
    off(house, task, today())
    assert house.provider.get(at)["people"][0]["mark"] == "came", "said before they came"


def test_a_day_that_has_not_come_is_no_register_to_look_back_at(house: House):
    _, task = house.accepted()
    off(house, task)
    assert house.provider.get(f"/referrals/registers/{SERVICE}/{today()}")["days"] == []


def test_a_first_visit_on_that_day_is_cancelled_until_another_time_is_said(house: House):
    _, task = house.accepted()
    visit_on(house, task)
    off(house, task, today() + timedelta(days=9))

    def appointment() -> Any:
        (entry,) = house.ehr.get("/fhir/Appointment")["entry"]
        return entry["resource"]

    assert appointment()["status"] == "booked", "another day"
    says(house, task)
    found = appointment()
    assert (found["status"], found["participant"][0]["status"]) == ("cancelled", "declined")
    assert found["cancelationReason"]["coding"][0]["code"] == "pat"
    visit_on(house, task, days=12)
    found = appointment()
    assert (found["status"], found["participant"][0]["status"]) == ("booked", "needs-action")
    says(house, task, day=str(today() + timedelta(days=12)))
    house.progress(task, "start")
    assert appointment()["status"] == "cancelled", "they came another day"


def test_later_meetings_are_called_off_too(house: House):
    referral, task = house.accepted()
    house.progress(task, "start")
    house.progress(task, "attend")
    says(house, task)
    assert (soon().isoformat(), "told-us") in attendance(house, referral)
    house.progress(task, "complete")
    assert says(house, task, status=409)["element"] == "task"


@pytest.mark.parametrize("days", [-1, 93])
def test_a_day_that_is_over_or_far_away_is_refused(house: House, days: int):
    _, task = house.accepted()
    with house.unchanged():
        refused = off(house, task, today() + timedelta(days=days), status=422)
        assert refused["element"] == "day"


def test_without_a_day_nothing_is_called_off(house: House):
    _, task = house.accepted()
    with house.unchanged():
        assert says(house, task, day=None, status=422)["element"] == "day"


def test_who_has_no_place_yet_calls_nothing_off(house: House):
    _, task = house.asked()
    off(house, task, status=409)
    says(house, task, status=409)


@pytest.mark.parametrize(
    ("by", "status"),
    [("provider", 403), ("provider-2", 404), ("link-worker-2", 404), ("coordinator-2", 404)],
)
def test_nobody_else_says_so(house: House, by: str, status: int):
    _, task = house.accepted()
    with house.unchanged():
        off(house, task, by=by, status=status)
