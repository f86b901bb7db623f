"""A service goes off the list while a request is open: both sides hear, once."""

import threading
import time

import pytest

from deploy.demo.clients import PROVIDER
from services.referrals.clock import Clock
from services.referrals.handlers import withdrawn_services
from shared.messaging.events import (
    ReferralServiceWithdrawn,
    ServiceChanged,
    ServicePublished,
    ServiceWithdrawn,
)
from tests.messaging.tools import running
from tests.referrals.house import SERVICE, SERVICE_2, House, hear

LISTING = {"name": "Sunday stitching", "kersey": {"tier": 2}}


def withdraws(house: House, *, sequence: int = 2) -> None:
    gone = ServiceWithdrawn(service=SERVICE, provider=PROVIDER, listing=LISTING)
    hear(house.desk, gone, sequence=sequence)


def lists_again(house: House, *, sequence: int = 3) -> None:
    back = ServicePublished(service=SERVICE, provider=PROVIDER, listing=LISTING)
    hear(house.desk, back, sequence=sequence)


def warned(house: House) -> list[str]:
    """The Tasks of which both sides were warned, in order."""
    events = [each for each in house.events() if isinstance(each, ReferralServiceWithdrawn)]
    assert all((each.service, each.provider) == (SERVICE, PROVIDER) for each in events)
    return [str(each.task) for each in events]


def shown(house: House, case: str, task: str) -> bool:
    tasks = house.worker.get(f"/referrals/cases/{case}")["tasks"]
    return next(each["service_withdrawn"] for each in tasks if each["id"] == task) is not None


def test_both_sides_of_every_open_request_are_warned_once(house: House):
    waiting, running = house.asked(), house.accepted()
    house.progress(running[1], "start")
    ended = house.asked()
    house.answer(ended[1], "decline", reason="other")
    elsewhere = house.asked(SERVICE_2)
    assert withdrawn_services.warn(house.desk) == 0
    withdraws(house)
    assert withdrawn_services.warn(house.desk) == 2
    assert warned(house) == [waiting[1], running[1]]
    for referral, task in (waiting, running):
        assert shown(house, referral.case, task)
        seen = house.provider.get(f"/referrals/requests/{task}")
        assert seen["service"]["listed"] is False
    for referral, task in (ended, elsewhere):
        assert not shown(house, referral.case, task)
    withdraws(house)
    withdraws(house, sequence=5)
    with house.unchanged():
        assert withdrawn_services.warn(house.desk) == 0
    assert house.state(waiting[1]) == "requested/awaiting-answer"


def test_a_request_that_is_made_at_that_very_moment_is_warned_of_too(house: House):
    referral = house.taken_on()
    with house.desk.work() as uow:  # the withdrawal is taken in, and not yet durable
        uow.session.connection().exec_driver_sql("UPDATE listed_service SET listed = false")
        task = house.ask(referral)
        uow.commit()
    assert withdrawn_services.warn(house.desk) == 1
    assert warned(house) == [task]


def test_many_that_look_at_once_warn_once(house: House):
    tasks = sorted(house.asked()[1] for _ in range(3))
    withdraws(house)
    threads = [
        threading.Thread(target=withdrawn_services.warn, args=(house.desk,)) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(warned(house)) == tasks


def test_listed_again_it_is_no_warning_any_more_and_a_second_end_is_a_new_one(house: House):
    referral, task = house.asked()
    withdraws(house)
    withdrawn_services.warn(house.desk)
    lists_again(house)
    withdraws(house)  # what comes late
    assert withdrawn_services.warn(house.desk) == 0
    assert not shown(house, referral.case, task)
    withdraws(house, sequence=4)
    assert withdrawn_services.warn(house.desk) == 1
    assert warned(house) == [task, task]


def test_a_service_that_is_closed_for_now_is_warned_of_too(house: House):
    _, task = house.asked()
    closed = LISTING | {"status": "temporarily closed"}
    changed = ServiceChanged(service=SERVICE, provider=PROVIDER, listing=closed)
    hear(house.desk, changed, sequence=2)
    assert withdrawn_services.warn(house.desk) == 1
    assert warned(house) == [task]


@pytest.mark.parametrize("end", ["answered", "listed", "died"])
def test_what_ended_between_looking_and_warning_is_not_warned_of(
    house: House, monkeypatch: pytest.MonkeyPatch, end: str
):
    house.asked()
    withdraws(house)
    warn_of = withdrawn_services._warn_of

    def late(desk: object, found: str) -> None:
        if end == "answered":
            house.answer(found, "decline", reason="other")
        elif end == "listed":
            lists_again(house)
        else:
            house.execute("update person set died = true")
        warn_of(house.desk, found)

    monkeypatch.setattr(withdrawn_services, "_warn_of", late)
    assert withdrawn_services.warn(house.desk) == 0
    assert warned(house) == []


def test_the_clock_warns(house: House):
    _, task = house.asked()
    withdraws(house)
    with running(Clock(house.desk, every=0.01)):
        end = time.monotonic() + 60
        while not warned(house) and time.monotonic() < end:
            time.sleep(0.02)
    assert warned(house) == [task]
