"""Dates and addresses that no database, no Patient or no Coding could hold are refused by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.referrals.house import House, wish

NOW = datetime.now(UTC)


@pytest.mark.parametrize("action", ["attend", "complete", "end-early"])
def test_nothing_comes_of_an_activity_before_it_began(house: House, action: str):
    _, task = house.accepted()
    house.progress(task, "start", date="2026-06-10")
    with house.unchanged():
        problem = house.progress(task, action, date="2026-06-09", status=422)
    assert problem["element"] == "date"
    assert "10 June 2026" in problem["detail"], "as people here write a day"
    house.progress(task, action, date="2026-06-10")


@pytest.mark.parametrize(
    "expires",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        (NOW - timedelta(minutes=1)).isoformat(),
        (NOW + timedelta(days=5 * 366)).isoformat(),
    ],
    ids=["late", "early", "just over", "after five years"],
)
def test_an_agreement_ends_after_now_and_within_five_years(house: House, expires: str):
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/requests", wish(expires=expires), status=422)
    assert problem["element"] == "expires"
    house.worker.get(referral.at)
    house.ask(referral, expires=(NOW + timedelta(days=4 * 366)).isoformat())
    house.worker.get(referral.at)


@pytest.mark.parametrize("day", ["1999-12-31", "0001-01-01", "9999-12-31"])
def test_what_a_provider_records_happened_in_our_time(house: House, day: str):
    _, task = house.accepted()
    with house.unchanged():
        problem = house.progress(task, "start", date=day, status=422)
    assert problem["element"] == "date"


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ({"share": {"birth-date": "5 April 1961"}}, "share.birth-date"),
        ({"share": {"birth-date": "19610405"}}, "share.birth-date"),
        ({"share": {"birth-date": "1961-02-30"}}, "share.birth-date"),
        ({"share": {"birth-date": "2961-04-05"}}, "share.birth-date"),
        ({"share": {"birth-date": ""}}, "body.share.birth-date"),
        ({"share": {"email": "javascript:alert(1)"}}, "share.email"),
        ({"share": {"email": "kath at home"}}, "share.email"),
        ({"needs": [{"code": "x", "system": "a system"}]}, "body.needs.0.system"),
        ({"needs": [{"code": "x", "system": "urn:a b"}]}, "body.needs.0.system"),
        ({"needs": [{"code": "x", "system": "nowhere"}]}, "body.needs.0.system"),
    ],
)
def test_what_fhir_could_not_hold_is_refused(house: House, more: dict[str, Any], element: str):
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/requests", wish(**more), status=422)
    assert problem["element"] == element


def test_an_address_of_a_code_system_is_taken(house: House):
    needs = [{"code": "x", "system": "https://needs.example/codes"}]
    _, task = house.asked(needs=needs)
    request = house.scalar("select service_request from case_task where id=:t", t=task)
    coding = house.provider.get(f"/fhir/ServiceRequest/{request}")["reasonCode"][0]["coding"]
    assert coding == needs


def test_nobody_is_rung_after_the_end(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    with house.unchanged():
        body = {"reached": False, "how": "phone"}
        house.worker.post(f"{referral.at}/contacts", body, status=409)
