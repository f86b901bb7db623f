"""What presses on a list: requests that close, what is overdue, agreements that end."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.referrals.handlers.arrivals import Arrivals
from services.referrals.triage_clock import notice
from shared.database import UnitOfWork
from shared.messaging.events import (
    Envelope,
    Event,
    NotificationDelivered,
    NotificationEvent,
    NotificationFailed,
    Sequence,
)
from shared.working_days import WorkingDays
from tests.referrals.house import SERVICE_2, House

REACHED = {"reached": True, "how": "phone"}


def listed(house: House, **asked: Any) -> list[dict[str, Any]]:
    found = house.worker.get("/referrals/worklist", params=asked)
    for name in ("overdue", "urgent", "agreement_ending"):
        count = found["load"]["waiting"][name]
        assert len(house.worker.get("/referrals/cases", params={name: True})) == count
        rest = len(house.worker.get("/referrals/cases", params={name: False}))
        assert rest == found["load"]["open"] - count, "each case is on one side"
    rows: list[dict[str, Any]] = found["cases"]
    return rows


def hears(house: House, event: Event) -> None:
    envelope = Envelope(
        id=uuid4(), source="kersey/notifications", time=house.desk.clock(),
        sequence=Sequence(1), data=event,
    )  # fmt: skip
    with UnitOfWork(house.engine) as uow:
        Arrivals()(uow, envelope)
        uow.commit()


def test_a_request_that_waits_says_how_many_working_days_are_left(house: House):
    _, task = house.asked()
    (row,) = listed(house)
    closes = house.scalar("select closes from case_task where id = :task", task=task)
    assert datetime.fromisoformat(row["closes"]).replace(microsecond=0) == closes.replace(
        microsecond=0
    )
    assert row["days_left"] == 10
    house.pass_days(7)
    assert listed(house)[0]["days_left"] < 10
    house.answer(task, "accept")
    assert listed(house)[0]["closes"] is None
    assert listed(house)[0]["days_left"] is None


def test_of_several_requests_the_first_that_closes_counts(house: House):
    referral, task = house.asked()
    house.pass_days(7)
    (before,) = listed(house)
    second = house.ask(referral, SERVICE_2, several_because="She is away soon.")
    assert listed(house)[0]["closes"] == before["closes"]
    house.worker.post(f"/referrals/requests/{task}/cancel", {"reason": "other"})
    assert listed(house)[0]["days_left"] == 10
    house.worker.post(f"/referrals/requests/{second}/cancel", {"reason": "other"})
    assert listed(house)[0]["days_left"] is None


def test_working_days_are_counted_to_the_day_on_which_a_limit_ends(house: House):
    days: WorkingDays = house.desk.working_days
    friday = datetime(2026, 9, 4, 9, tzinfo=UTC)
    for left in (0, 1, 3, 10):
        assert days.left(friday, days.after(friday, left)) == left
    assert days.left(friday, friday - timedelta(days=30)) == 0


def test_a_provider_that_is_silent_is_overdue_and_one_that_answers_is_not(house: House):
    referral, task = house.asked()
    house.taken_on(number=2)
    assert listed(house, overdue=True) == []
    house.pass_days(9)
    (row,) = listed(house, overdue=True)
    assert (row["case"], row["overdue"]) == (referral.case, True)
    house.answer(task, "waiting-list")
    assert listed(house, overdue=True) == []


def test_a_next_step_is_overdue_when_its_day_is_over(house: House):
    referral = house.taken_on()
    at = f"{referral.at}/contacts"
    now = house.desk.clock().astimezone(ZoneInfo(house.settings.timezone))
    today, yesterday = ((now - timedelta(days=days)).date().isoformat() for days in (0, 1))
    house.worker.post(at, REACHED | {"next_step": "Ring", "next_on": today}, status=201)
    assert listed(house, overdue=True) == []
    assert len(listed(house, due=True)) == 1
    house.worker.post(at, REACHED | {"next_step": "Ring", "next_on": yesterday}, status=201)
    assert len(listed(house, overdue=True)) == 1
    house.worker.post(at, REACHED, status=201)
    assert listed(house, overdue=True) == []


def test_a_case_that_the_team_left_lying_is_overdue_until_somebody_does_it(house: House):
    referral = house.refer()
    house.pass_days(14)
    assert notice(house.desk) > 0
    assert len(listed(house, overdue=True)) == 1
    house.worker.post(f"{referral.at}/accept")
    assert listed(house, overdue=True) == []
    house.pass_days(14)
    notice(house.desk)
    assert len(listed(house, overdue=True)) == 1, "nobody tried to reach the person"
    tried = {"reached": False, "how": "phone"}
    house.worker.post(f"{referral.at}/contacts", tried, status=201)
    assert listed(house, overdue=True) == []


def test_urgent_cases_are_a_list_of_their_own(house: House):
    house.refer()
    urgent = house.refer(number=2, priority="asap")
    assert [row["case"] for row in listed(house, urgent=True)] == [urgent.case]


def ending(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(("days", "shown"), [(13, True), (15, False)])
def test_an_agreement_that_ends_within_two_weeks_is_shown(house: House, days: int, shown: bool):
    _, task = house.asked(expires=ending(days))
    assert bool(listed(house, agreement_ending=True)) is shown
    (row,) = listed(house)
    assert row["agreement_ends"]
    assert row["agreement_ending"] is shown
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    assert listed(house)[0]["agreement_ends"] is None


def test_an_agreement_by_which_something_was_shared_presses_on_nobody(house: House):
    _, task = house.asked(expires=ending(3))
    assert len(listed(house, agreement_ending=True)) == 1
    house.answer(task, "accept")
    assert listed(house, agreement_ending=True) == [], "what was shared stays shared"


def test_what_asks_a_provider_arrived_or_not_whatever_others_were_told(house: House):
    referral, task = house.asked()

    def told(event: type[NotificationEvent], kind: str, task: str = task) -> object:
        about: Any = {"case": referral.case, "task": task, "delivery": uuid4()}
        hears(house, event(**about, channel="email", kind=kind))
        return listed(house)[0]["delivery_state"]

    assert told(NotificationFailed, "request") == "failed"
    assert told(NotificationDelivered, "not-arrived") == "failed", "that told the team so"
    second = house.ask(referral, SERVICE_2, several_because="She is away soon.")
    assert listed(house)[0]["delivery_state"] == "failed", "the first one still waits"
    assert told(NotificationDelivered, "nudge") is None, "nobody knows yet of the second"
    assert told(NotificationDelivered, "request", second) == "delivered"
    assert told(NotificationFailed, "nudge") == "failed", "whichever of them did not hear"
    house.answer(task, "decline", reason="full")
    assert listed(house)[0]["delivery_state"] == "delivered", "only the second still waits"


def test_what_was_there_before_says_after_a_migration_what_it_says_now(house: House):
    asked, _ = house.asked(expires=ending(3))
    house.ask(asked, SERVICE_2, several_because="She is away soon.", expires=ending(2))
    used = house.taken_on(number=2)
    house.answer(house.ask(used, expires=ending(4)), "accept")
    for number in (3, 4, 5):
        house.refer(number=number)
    cases = [row["case"] for row in house.worker.get("/referrals/cases", params={"state": "new"})]
    house.pass_days(14)
    notice(house.desk)
    house.worker.post(f"/referrals/cases/{cases[0]}/accept")
    house.pass_days(14)
    notice(house.desk)
    house.worker.post(f"/referrals/cases/{cases[1]}/accept")
    told = 'select closes, silent_from, agreement_ends, left_lying, "case" from worklist order by 5'
    before = house.rows(told)
    assert {row[3] for row in before} == {True, False}
    assert sum(row[0] is not None for row in before) == 1
    assert sum(row[2] is not None for row in before) == 1

    house.execute(
        "update worklist set closes = null, silent_from = null, agreement_ends = null,"
        " left_lying = false"
    )
    for statement in import_module("services.referrals.migrations.0032_what_presses").FILLS:
        house.execute(statement)
    assert house.rows(told) == before
