"""Time: a request that nobody answered comes back to the link worker's list (care 4)."""

import time

import pytest

from services.referrals.clock import Clock
from services.referrals.handlers.answers import expire
from tests.messaging.tools import running
from tests.referrals.house import House


def test_an_unanswered_request_is_closed_as_silence_not_as_a_decline(house: House):
    referral, task = house.asked()
    clock = Clock(house.desk)
    house.pass_days(9)
    with house.unchanged():
        assert clock.close_unanswered() == 0
    house.pass_days(14)  # ten working days, whatever holidays there are
    assert clock.close_unanswered() == 1
    assert house.state(task) == "cancelled/provider-silent"
    assert house.state(referral.triage) == "in-progress/person-accepted"
    assert house.told()[-1] == "referral.no-response"
    (entry,) = house.rows("select distinct client_id from audit_entry where client_id = 'clock'")
    assert entry == ("clock",)
    with house.unchanged():
        assert clock.close_unanswered() == 0
        house.answer(task, "accept", status=409)


@pytest.mark.parametrize("decision", ["accept", "waiting-list"])
def test_what_was_answered_does_not_run_out(house: House, decision: str):
    _, task = house.asked()
    house.answer(task, decision)
    house.pass_days(100)
    with house.unchanged():
        assert Clock(house.desk).close_unanswered() == 0


def test_an_answer_between_looking_and_closing_wins(house: House, monkeypatch: pytest.MonkeyPatch):
    _, task = house.asked()
    house.pass_days(23)

    def late(desk: object, found: str) -> None:
        house.answer(found, "accept")
        expire(house.desk, found)

    monkeypatch.setattr("services.referrals.clock.expire", late)
    assert Clock(house.desk).close_unanswered() == 0
    assert house.state(task) == "accepted/selected"


def test_the_clock_looks_again_until_it_is_stopped(house: House):
    _, task = house.asked()
    house.pass_days(23)
    with running(Clock(house.desk, every=0.01)):
        end = time.monotonic() + 60
        while house.state(task) != "cancelled/provider-silent" and time.monotonic() < end:
            time.sleep(0.02)
    assert house.state(task) == "cancelled/provider-silent"
