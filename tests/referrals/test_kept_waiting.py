"""Whoever asked at the front door hears once that it takes longer, as agreed (care 2, 12, 22)."""

from typing import Any

import pytest

from services.referrals.triage_clock import notice
from shared.messaging.events import Event, PersonKeptWaiting, ReferrerKeptWaiting
from tests.referrals.house import House
from tests.referrals.records import contact
from tests.referrals.test_front_door import said


def asked_at_the_door(house: House, **changes: Any) -> tuple[dict[str, Any], str]:
    """What came in at the front door two months ago, of which team and hub were told."""
    receipt = house.by("front-door").post("/referrals/front-door", said(**changes), status=201)
    (row,) = house.worker.get("/referrals/cases")
    house.pass_days(30)
    assert notice(house.desk) == 2, "the team and the hub"
    house.pass_days(30)
    return receipt, f"/referrals/cases/{row['case']}"


def kept_waiting(house: House) -> list[Event]:
    return [e for e in house.events() if isinstance(e, PersonKeptWaiting | ReferrerKeptWaiting)]


def may_be_told(house: House, event: Event, to: str) -> Any:
    query = f"delay?to={to}&by=email&by=text"
    task = event.model_dump()["task"]
    return house.by("person-messages").get(f"/referrals/requests/{task}/person/{query}")


WARD = {
    "source": "hospital",
    "referrer": {"name": "Sam", "organisation": "The ward", "email": "ward@hospital.example"},
    "agreed_how": "in-person",
}
SAFE = [{"channel": "email", "value": "kath@example.org", "safe": "yes"}]


def test_whoever_referred_another_is_told_once_and_nothing_of_the_person(house: House):
    receipt, at = asked_at_the_door(house, **WARD, tell_referrer=True, contacts=SAFE)
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    (event,) = kept_waiting(house)
    assert isinstance(event, ReferrerKeptWaiting)
    told = may_be_told(house, event, "referrer")
    assert told["way"] == {"channel": "email", "address": "ward@hospital.example"}
    assert (told["reference"], told["ended"]) == (receipt["reference"], False)
    assert not any(of in str(told) for of in ("Kath", "kath", "Feather", "ereavement"))
    house.worker.post(f"{at}/accept")
    house.pass_days(90)
    notice(house.desk)
    house.pass_days(90)
    notice(house.desk)
    assert len(kept_waiting(house)) == 1, "once, whatever it waits for"


def test_whoever_referred_themselves_is_told_by_a_way_that_is_safe(house: House):
    _, at = asked_at_the_door(house, contacts=SAFE, access_needs=[])
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    (event,) = kept_waiting(house)
    assert isinstance(event, PersonKeptWaiting)
    told = may_be_told(house, event, "person")
    assert (told["way"], told["given"]) == (
        {"channel": "email", "address": "kath@example.org"}, "Kath",
    )  # fmt: skip
    house.worker.put(f"{at}/person/contacts/email", contact(value="k@example.org", safe="no"))
    told = may_be_told(house, event, "person")
    assert (told["way"], told["instead"]) == (None, "ask-first")
    house.worker.put(f"{at}/person/stops/do-not-contact", {"stands": True})
    for to in ("person", "referrer"):
        told = may_be_told(house, event, to)
        assert (told["stops"], told["way"]) == (["do-not-contact"], None)


@pytest.mark.parametrize(
    "changes",
    [
        WARD,
        WARD | {"source": "practice", "practice": "ZZK01", "tell_referrer": True},
    ],
)
def test_where_nothing_was_agreed_nobody_is_told(house: House, changes: Any):
    asked_at_the_door(house, **changes)
    notice(house.desk)
    assert kept_waiting(house) == []


@pytest.mark.parametrize(
    ("referrer", "way", "instead"),
    [
        ({"phone": "01632 960444"}, None, "by-hub"),
        ({"phone": "+44 (0)7700 900 123"}, "text", None),
        ({"phone": "+33 6 12 34 56 78"}, None, "by-hub"),
        ({"phone": "07700 900123", "email": "ward@hospital.example"}, "email", None),
    ],
)
def test_a_referrer_who_left_a_number_is_sent_a_text_or_rung_by_the_hub(
    house: House, referrer: dict[str, str], way: str | None, instead: str | None
):
    left = WARD | {"referrer": {"name": "Sam", **referrer}}
    _, at = asked_at_the_door(house, **left, tell_referrer=True, contacts=SAFE)
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    (event,) = kept_waiting(house)
    assert isinstance(event, ReferrerKeptWaiting)
    told = may_be_told(house, event, "referrer")
    assert ((told["way"] or {}).get("channel"), told["instead"]) == (way, instead)
    assert house.by("coordinator").get(at)["front_door"]["referrer"]["phone"] == referrer["phone"]


def test_whoever_waits_no_more_and_whoever_must_not_know_are_told_nothing(house: House):
    secret = [SAFE[0] | {"keep_from": "the ward"}]
    _, at = asked_at_the_door(house, **WARD, tell_referrer=True, contacts=secret)
    assert notice(house.desk) == 1
    (event,) = kept_waiting(house)
    told = may_be_told(house, event, "referrer")
    assert (told["way"], told["instead"]) == (None, "by-team")
    house.worker.post(f"{at}/accept")
    assert may_be_told(house, event, "referrer")["ended"] is False
    house.worker.post(f"{at}/contacts", {"reached": False, "how": "phone"})
    assert may_be_told(house, event, "referrer")["ended"] is True


def test_nobody_but_who_writes_to_them_reads_how_they_are_reached(house: House):
    referral = house.refer()
    at = f"/referrals/requests/{referral.triage}/person/delay?to=referrer"
    for name in ("link-worker", "provider", "coordinator", "ehr", "notifications", "front-door"):
        house.by(name).get(at, status=403)
