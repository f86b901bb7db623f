"""A provider's register: who is expected, who came, and what the link worker sees of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.referrals.house import SERVICE, SERVICE_2, SHARED, House

TODAY = datetime.now(UTC).date()
"""London's day may be the next one for an hour of a summer's night."""


def register(house: House, day: date = TODAY, by: str = "provider", **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = house.by(by).get(f"/referrals/registers/{SERVICE}/{day}", **how)
    return found


def mark(
    house: House,
    task: str,
    said: str,
    *,
    day: date = TODAY,
    key: object = None,
    by: str = "provider",
    status: int = 204,
) -> Any:
    path = f"/referrals/requests/{task}/attendance/{day}"
    body = {"mark": said, "key": str(key or uuid4())}
    answer = house.by(by).send("PUT", path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def attendance(house: House, case: str) -> list[tuple[str, str]]:
    seen = house.worker.get(f"/referrals/cases/{case}")["attendance"]
    return [(each["day"], each["mark"]) for each in seen]


@pytest.fixture
def expected(house: House) -> tuple[House, str, str]:
    """Somebody who is expected: the house, the case and the Task."""
    referral, task = house.asked()
    house.answer(task, "accept")
    return house, str(referral.case), task


def test_who_said_yes_is_on_the_register_with_the_name_that_was_agreed(
    expected: tuple[House, str, str],
):
    house, _, task = expected
    (group,) = house.provider.get("/referrals/registers")
    assert (group["service"]["id"], group["people"]) == (str(SERVICE), 1)
    (person,) = register(house)["people"]
    assert person == {"task": task, "name": SHARED["name"], "mark": None}
    assert SHARED["phone"] not in str(register(house))
    assert register(house, TODAY - timedelta(days=30))["people"] == [], "not expected yet"


def test_the_register_names_nobody_who_did_not_agree_and_each_look_is_recorded_once_a_day(
    expected: tuple[House, str, str],
):
    house, case, task = expected
    for _ in range(3):
        register(house)
    (view,) = house.worker.get(f"/referrals/cases/{case}")["identity_views"]
    assert (view["task"], view["step"]) == (task, "account")
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    (person,) = register(house)["people"]
    assert person["name"] == ""


def test_the_link_worker_sees_who_came(expected: tuple[House, str, str]):
    house, case, task = expected
    week = timedelta(days=7)
    house.execute("update case_task set answered = answered - interval '60 days'")
    mark(house, task, "came", day=TODAY - 2 * week)
    mark(house, task, "told-us", day=TODAY - week)
    mark(house, task, "did-not-come")
    assert attendance(house, case) == [
        (str(TODAY - 2 * week), "came"),
        (str(TODAY - week), "told-us"),
        (str(TODAY), "did-not-come"),
    ]
    mark(house, task, "came")
    assert attendance(house, case)[-1] == (str(TODAY), "came"), "the last mark holds"
    shown = register(house)
    assert shown["people"][0]["mark"] == "came"
    assert shown["days"] == [str(TODAY), str(TODAY - week), str(TODAY - 2 * week)]


def test_a_mark_that_is_sent_again_changes_nothing(expected: tuple[House, str, str]):
    house, case, task = expected
    key = uuid4()
    mark(house, task, "came", key=key)
    before = house.worker.get(f"/referrals/cases/{case}")
    mark(house, task, "did-not-come")
    for _ in range(2):
        mark(house, task, "came", key=key)
    assert attendance(house, case) == [(str(TODAY), "did-not-come")], "nor what was marked since"
    assert house.scalar("select count(*) from attendance_mark") == 2
    assert house.worker.get(f"/referrals/cases/{case}")["version"] == before["version"] + 1
    told = mark(house, task, "told-us", key=key, status=409)
    assert told["element"] == "key"


def test_the_first_time_moves_the_request_on_and_no_other_does(
    expected: tuple[House, str, str],
):
    house, case, task = expected
    mark(house, task, "did-not-come")
    assert house.state(task) == "accepted/selected", "to miss one meeting is no end"
    mark(house, task, "came")
    mark(house, task, "did-not-come")
    mark(house, task, "came")
    assert house.state(task) == "in-progress/attended"
    assert house.told().count("referral.attended") == 1
    house.progress(task, "complete")
    mark(house, task, "told-us")
    assert attendance(house, case) == [(str(TODAY), "told-us")]
    assert house.state(task) == "completed/completed"


def test_nobody_else_opens_or_marks_a_register(expected: tuple[House, str, str]):
    house, case, task = expected
    register(house, by="provider-2", status=404)
    mark(house, task, "came", by="provider-2", status=404)
    mark(house, str(uuid4()), "came", status=404)
    house.provider.get(f"/referrals/registers/{SERVICE_2}/{TODAY}", status=404)
    for other in ("link-worker", "coordinator", "ehr"):
        house.by(other).get("/referrals/registers", status=403)
        register(house, by=other, status=403)
        mark(house, task, "came", by=other, status=403)
    assert house.by("provider-2").get("/referrals/registers") == []
    assert attendance(house, case) == []


def test_what_cannot_be_marked_is_refused_with_the_element(expected: tuple[House, str, str]):
    house, _, task = expected
    tomorrow = TODAY + timedelta(days=2)
    assert mark(house, task, "came", day=tomorrow, status=422)["element"] == "day"
    assert register(house, tomorrow, status=422)["element"] == "day"
    assert register(house, date(1066, 10, 14), status=422)["element"] == "day"
    assert mark(house, task, "danced", status=422)["element"] == "mark"
    _, asked = house.asked()
    assert mark(house, asked, "came", status=409)["element"] == "task"
