"""A provider's register: who is expected, who came, and what the link worker sees of it."""

from datetime import date, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest

from tests.infrastructure.midnight import today
from tests.referrals.house import SERVICE, SERVICE_2, SHARED, House

"""London's day may be the next one for an hour of a summer's night."""


def register(
    house: House, day: date | None = None, by: str = "provider", **how: Any
) -> dict[str, Any]:
    at = f"/referrals/registers/{SERVICE}/{day or today()}"
    found: dict[str, Any] = house.by(by).get(at, **how)
    return found


def mark(
    house: House,
    task: str,
    said: str,
    *,
    day: date | None = None,
    key: object = None,
    by: str = "provider",
    status: int = 200,
) -> Any:
    path = f"/referrals/requests/{task}/attendance/{day or today()}"
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
    assert register(house, today() - timedelta(days=30))["people"] == [], "not expected yet"


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
    mark(house, task, "came", day=today() - 2 * week)
    mark(house, task, "told-us", day=today() - week)
    mark(house, task, "did-not-come")
    assert attendance(house, case) == [
        (str(today() - 2 * week), "came"),
        (str(today() - week), "told-us"),
        (str(today()), "did-not-come"),
    ]
    mark(house, task, "came")
    assert attendance(house, case)[-1] == (str(today()), "came"), "the last mark holds"
    shown = register(house)
    assert shown["people"][0]["mark"] == "came"
    assert shown["days"] == [str(today()), str(today() - week), str(today() - 2 * week)]


def test_a_mark_that_is_sent_again_changes_nothing(expected: tuple[House, str, str]):
    house, case, task = expected
    key = uuid4()
    mark(house, task, "came", key=key)
    before = house.worker.get(f"/referrals/cases/{case}")
    mark(house, task, "did-not-come")
    for _ in range(2):
        mark(house, task, "came", key=key)
    assert attendance(house, case) == [(str(today()), "did-not-come")], "nor what was marked since"
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
    assert attendance(house, case) == [(str(today()), "told-us")]
    assert house.state(task) == "completed/completed"


def test_nobody_else_opens_or_marks_a_register(expected: tuple[House, str, str]):
    house, case, task = expected
    register(house, by="provider-2", status=404)
    mark(house, task, "came", by="provider-2", status=404)
    mark(house, str(uuid4()), "came", status=404)
    house.provider.get(f"/referrals/registers/{SERVICE_2}/{today()}", status=404)
    for other in ("link-worker", "coordinator", "ehr"):
        house.by(other).get("/referrals/registers", status=403)
        register(house, by=other, status=403)
        mark(house, task, "came", by=other, status=403)
    assert house.by("provider-2").get("/referrals/registers") == []
    assert attendance(house, case) == []


def test_what_cannot_be_marked_is_refused_with_the_element(expected: tuple[House, str, str]):
    house, _, task = expected
    tomorrow = today() + timedelta(days=2)
    assert mark(house, task, "came", day=tomorrow, status=422)["element"] == "day"
    assert register(house, tomorrow, status=422)["element"] == "day"
    assert register(house, date(1066, 10, 14), status=422)["element"] == "day"
    assert mark(house, task, "danced", status=422)["element"] == "mark"
    _, asked = house.asked()
    assert mark(house, asked, "came", status=409)["element"] == "task"


# --- by an answer link ---------------------------------------------------------------------------

BY = {"contact": str(uuid4()), "via": "answer-link"}


def noted(house: House, task: str, said: str, day: date | None = None, **how: Any) -> Any:
    """A provider without an account notes it, through the service that knows its link."""
    body = {"mark": said, "key": str(how.pop("key", uuid4())), "noted_by": BY}
    path = f"/referrals/requests/{task}/attendance/{day or today()}"
    return house.by("notifications").put(path, body, **how)


def days(house: House, task: str, by: str = "notifications") -> list[tuple[str, str]]:
    found = house.by(by).get(f"/referrals/requests/{task}/attendance")["days"]
    return [(each["day"], each["mark"]) for each in found]


def test_a_note_by_link_is_a_mark_in_the_same_register(expected: tuple[House, str, str]):
    house, case, task = expected
    assert noted(house, task, "came")["before"] is None
    assert register(house)["people"][0]["mark"] == "came"
    assert house.state(task) == "in-progress/attended"
    assert mark(house, task, "came")["before"] == "came", "the register says it once more"
    house.progress(task, "attend")
    assert attendance(house, case) == [(str(today()), "came")]
    assert house.told().count("referral.attended") == 1
    key = uuid4()
    for _ in range(2):
        assert noted(house, task, "did-not-come", key=key)["before"] == "came", "in whose place"
    assert days(house, task) == days(house, task, by="provider") == [(str(today()), "did-not-come")]
    written = house.scalar(f"select marked_by from attendance_mark where key = '{key}'")
    assert written == f"contact/{BY['contact']}"


def test_what_is_told_as_a_step_is_a_mark_too_and_counts_once(expected: tuple[House, str, str]):
    house, case, task = expected
    for _ in range(2):
        house.progress(task, "attend")
    assert days(house, task) == [(str(today()), "came")]
    assert house.scalar("select count(*) from attendance_mark") == 1
    assert house.told().count("referral.attended") == 1
    mark(house, task, "did-not-come")
    house.progress(task, "attend")
    assert attendance(house, case) == [(str(today()), "came")], "the last word holds"
    house.progress(task, "complete")
    house.progress(task, "attend", status=409)


def test_the_days_of_one_request_are_its_providers_to_read(expected: tuple[House, str, str]):
    house, _, task = expected
    noted(house, task, "came")
    for other, status in (
        ("provider-2", 404), ("link-worker", 403), ("coordinator", 403), ("ehr", 403),
    ):  # fmt: skip
        house.by(other).get(f"/referrals/requests/{task}/attendance", status=status)
    body = {"mark": "came", "key": str(uuid4()), "noted_by": BY}
    path = f"/referrals/requests/{task}/attendance/{today()}"
    refused = house.provider.put(path, body, status=422)
    assert refused["element"] == "noted_by", "an account speaks for itself"


def test_what_was_told_as_a_step_before_there_was_one_register_is_in_it(
    expected: tuple[House, str, str],
):
    house, case, task = expected
    house.progress(task, "attend")
    mark(house, task, "did-not-come", day=today() - timedelta(days=7))
    house.execute("delete from attendance_mark where mark = 'came'")
    again = (
        'insert into activity (id, task, "case", action, day, recorded_by, recorded)'
        " select gen_random_uuid(), task, \"case\", action, day - :days, 'x', now() from activity"
    )
    for days in (0, 7):
        house.execute(again, days=days)
    for _ in range(2):
        house.execute(import_module("services.referrals.migrations.0033_what_came_by_link").FILL)
    assert attendance(house, case) == [
        (str(today() - timedelta(days=7)), "did-not-come"),
        (str(today()), "came"),
    ]
    assert house.scalar("select count(*) from attendance_mark") == 2
