"""The worklist: what waits for a team or a hub, urgent first, then longest waiting, by pages."""

from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from deploy.demo.consortium import PRACTICES
from services.referrals.handlers.arrivals import SUBSCRIPTION, Arrivals
from shared.messaging.events import (
    Envelope,
    Event,
    NotificationDelivered,
    NotificationEvent,
    NotificationFailed,
    ReferralClosed,
    Sequence,
)
from shared.messaging.outbox import ConsumingOnce
from tests.portal.signing_in import ROW
from tests.referrals.house import House


def test_pages_follow_each_other_without_gap_or_repeat(house: House):
    cases = [house.refer(number=n, priority="asap" if n in {2, 5} else "routine").case
             for n in range(1, 7)]  # fmt: skip
    expected = [cases[1], cases[4], cases[0], cases[2], cases[3], cases[5]]
    seen: list[str] = []
    while True:
        query = {"count": 2} | ({"after": seen[-1]} if seen else {})
        page = house.worker.get("/referrals/cases", params=query)
        if not page:
            break
        assert len(page) == 2
        seen += [row["case"] for row in page]
    assert seen == expected
    told = house.worker.get("/referrals/cases", params={"after": str(uuid4())}, status=422)
    assert told["element"] == "after", "the first page again would never end"


def test_rows_are_found_by_their_referrals_and_no_other_teams_among_them(house: House):
    first, second, _ = (house.refer(number=number) for number in (1, 2, 3))
    asked = {"service_request": [first.request, second.request, "nothing"]}
    found = house.worker.get("/referrals/cases", params=asked)
    assert sorted(row["case"] for row in found) == sorted([first.case, second.case])
    assert {row["patient"] for row in found} == {first.patient, second.patient}
    assert house.by("link-worker-2").get("/referrals/cases", params=asked) == []


def test_a_hub_tells_its_rows_apart_by_practice_team_and_age_and_learns_no_name(house: House):
    house.refer()
    (row,) = house.by("coordinator").get("/referrals/cases")
    assert (row["practice"], row["team"]) == (PRACTICES[0].name, "Beckside Link Workers")
    assert row["created"]
    assert row["reference"] is None, "nobody has a receipt of it"


def test_rows_are_found_by_state_and_whether_they_are_open(house: House):
    house.refer()
    referral, _ = house.asked()
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    get = house.worker.get
    assert [row["state"] for row in get("/referrals/cases")] == ["new"]
    assert [row["state"] for row in get("/referrals/cases", params={"ended": True})] == ["closed"]
    everything = get("/referrals/cases", params={"open": False})
    assert sorted(row["state"] for row in everything) == ["closed", "new"]
    assert get("/referrals/cases", params={"state": "triage-accepted"}) == []
    (row,) = get("/referrals/cases", params={"state": "closed", "open": False})
    assert row["provider_state"] == "cancelled"
    assert get("/referrals/cases", params={"unrouted": True}) == []
    house.worker.get("/referrals/cases", params={"count": 0}, status=422)
    house.worker.get("/referrals/cases", params={"state": "a b"}, status=422)


def test_a_first_contact_is_due_until_somebody_was_reached_and_then_their_yes(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")

    def standing(**asked: bool) -> list[str]:
        return [row["case"] for row in house.worker.get("/referrals/cases", params=asked)]

    def counted() -> tuple[int, int]:
        waiting = house.worker.get("/referrals/caseload")["waiting"]
        return waiting["contact_due"], waiting["not_agreed"]

    for reached, due in ((False, True), (True, False), (False, False)):
        house.worker.post(f"{referral.at}/contacts", {"reached": reached, "how": "phone"})
        assert standing(contact_due=True) == ([referral.case] if due else [])
        assert standing(not_agreed=True) == ([] if due else [referral.case])
        assert counted() == ((1, 0) if due else (0, 1))
        (row,) = house.worker.get("/referrals/cases")
        assert row["reached"] is not due
    assert standing(contact_due=False) == [referral.case]


def test_each_team_and_hub_has_its_own_list(house: House):
    referral = house.refer()
    for name in ("link-worker", "coordinator"):
        (row,) = house.by(name).get("/referrals/cases")
        assert row["case"] == referral.case
        assert house.by(name).get(referral.at)["id"] == referral.case
    for name in ("link-worker-2", "coordinator-2", "provider"):
        assert house.by(name).get("/referrals/cases") == []
        house.by(name).get(referral.at, status=404)


def hears(house: House, *events: Event) -> None:
    """Referrals consumes events as its worker does: several in one transaction."""
    consuming = ConsumingOnce(house.engine, SUBSCRIPTION.consumer, Arrivals())
    envelopes = [
        Envelope(
            id=uuid4(), source="kersey/notifications", time=house.desk.clock(),
            sequence=Sequence(1), data=event,
        )
        for event in events
    ]  # fmt: skip
    if len(envelopes) == 1:
        consuming(envelopes[0])
    else:
        consuming.together(envelopes, lambda _: nullcontext())


def test_the_list_shows_whether_messages_arrived(house: House):
    referral, task = house.asked()
    about = {"case": referral.case, "task": task, "delivery": uuid4()}

    def shown() -> object:
        return house.worker.get("/referrals/cases")[0]["delivery_state"]

    assert shown() is None
    hears(house, NotificationFailed(**about, channel="email", kind="request"))
    assert shown() == "failed"
    house.answer(task, "waiting-list")
    assert shown() == "failed", "a step on the case forgets it not"
    hears(house, NotificationDelivered(**about, channel="email", kind="request"))
    assert shown() == "delivered"
    hears(house, ReferralClosed(case=referral.case, outcome="completed"))
    assert shown() == "delivered"


def test_of_what_is_heard_together_the_last_stands_for_each_case(house: House):
    referral, task = house.asked()
    about = {"case": referral.case, "task": task, "channel": "email"}

    def told(what: type[NotificationEvent], kind: str, **other: object) -> NotificationEvent:
        return what(**about | {"delivery": uuid4(), "kind": kind} | other)

    def shown() -> object:
        return house.worker.get("/referrals/cases")[0]["delivery_state"]

    first, last = NotificationDelivered, NotificationFailed
    elsewhere = told(last, "request", case=uuid4(), task=uuid4())
    hears(house, told(last, "request"), elsewhere, told(first, "nudge"), told(last, "cancelled"))
    assert shown() == "delivered", "the last that asked"
    hears(house, told(first, "request"), told(last, "second-nudge"))
    assert shown() == "failed"


def test_the_row_that_stands_in_for_referrals_in_the_pages_tests_is_as_theirs(house: House):
    house.refer()
    (row,) = house.worker.get("/referrals/cases")
    assert ROW.keys() <= row.keys()


def test_a_page_has_what_the_list_and_the_load_say(house: House):
    for number in (1, 2, 3):
        house.refer(number=number, priority="asap" if number == 2 else "routine")
    house.asked()
    for asked in ({"count": 2}, {"state": "new"}, {"ended": True}, {"allocated_to": "nobody"}):
        for who in (house.worker, house.by("coordinator"), house.by("link-worker-2")):
            page = who.get("/referrals/worklist", params=asked)
            assert page["cases"] == who.get("/referrals/cases", params=asked)
            assert {**page["load"], "silent": 0} == who.get("/referrals/caseload")
    assert house.worker.get("/referrals/worklist")["load"]["waiting"]["urgent"] == 1
    told = house.worker.get("/referrals/worklist", params={"after": str(uuid4())}, status=422)
    assert told["element"] == "after"


@pytest.mark.parametrize(
    ("who", "index"), [("link-worker", "ix_worklist_page"), ("coordinator", "ix_worklist_hub_page")]
)
def test_a_page_is_read_off_the_index_however_long_the_list_is(house: House, who: str, index: str):
    """What the service itself asks, explained where nothing but an index may be used."""
    house.refer()
    plans: list[str] = []

    def explain(connection: Any, _k: object, asked: str, values: Any, *_: object) -> None:
        if "LIMIT" in asked and "FROM worklist" in asked and not asked.startswith("EXPLAIN"):
            for way in ("seqscan", "bitmapscan", "sort"):
                connection.exec_driver_sql(f"SET enable_{way} = off")
            told = connection.exec_driver_sql(f"EXPLAIN {asked}", values)
            plans.append("\n".join(told.scalars()))
            for way in ("seqscan", "bitmapscan", "sort"):
                connection.exec_driver_sql(f"RESET enable_{way}")

    event.listen(house.engine, "before_cursor_execute", explain)
    house.by(who).get("/referrals/worklist")
    event.remove(house.engine, "before_cursor_execute", explain)
    (plan,) = plans
    assert index in plan
    assert "Sort" not in plan, "all rows of the list would be sorted for each page"
