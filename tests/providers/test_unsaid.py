"""What a listing's writer cannot have read stays as it is where they do not say it."""

from typing import Any

import pytest

from tests.providers.conftest import House
from tests.providers.listings import HUB, OWNER, body, key, service

MINE: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
CHOIR = f"/directory/services/{key('Choir')}"
ASKED = {
    "ask_by": "phone",
    "referral_phone": "01422 496 0123",
    "referral_email": "ask@owner.example",
}
VOUCHED: dict[str, Any] = {
    "tier": 2,
    "evidence": [
        {"kind": kind, "seen": "2026-01-01"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ],
}


@pytest.fixture
def listed(house: House) -> House:
    house.load(
        service(
            "Choir",
            kersey=ASKED | VOUCHED,
            funding=[{"source": "A trust", "amount": 900, "valid_to": "2027-03-31"}],
            service_areas=[{"name": "Calderdale", "hub": HUB.code}],
            languages=[{"code": code} for code in ("en", "ur", "pa", "pl")],
        )
    )
    return house


def sent_back(listed: House, **changes: Any) -> dict[str, Any]:
    """The listing as Open Referral UK gives it, changed."""
    read = listed.get(CHOIR)
    assert "kersey" not in read
    return {**read, "organization_id": str(OWNER), **changes}


def own(listed: House) -> Any:
    return listed.get(f"/directory/listings/{key('Choir')}")["kersey"]


@pytest.mark.parametrize("who", [{}, MINE], ids=["the hub", "the provider"])
def test_what_was_read_and_sent_back_changes_only_what_was_changed(
    listed: House, who: dict[str, Any]
):
    before, start = own(listed), listed.position()
    said = sent_back(listed, alert="Closed this week")
    listed.send("PUT", CHOIR, said, **who)
    after = own(listed)
    assert after["referral"] == before["referral"]
    assert (after["tier"], after["tier_asked"]) == (2, 2)
    assert listed.get(CHOIR)["alert"] == "Closed this week"
    kept = listed.send("GET", f"{CHOIR}/versions/2")["listing"]
    assert (kept["funding"][0]["amount"], kept["funding"][0]["valid_to"]) == (900, "2027-03-31")
    assert kept["service_areas"][0]["hub"] == HUB.code
    assert len(listed.events(after=start)) == 1


def test_null_and_another_value_are_said(listed: House):
    said = {"referral_phone": None, "ask_by": "email"}
    listed.send("PUT", CHOIR, sent_back(listed, kersey=said))
    assert own(listed)["referral"] == {"ask_by": "email", "email": "ask@owner.example"}


def test_a_tier_and_its_evidence_are_said_together(listed: House):
    fault = listed.send("PUT", CHOIR, sent_back(listed, kersey={"evidence": []}), status=422)
    assert fault["element"] == "kersey.evidence"
    listed.send("PUT", CHOIR, sent_back(listed, kersey={"tier": 1, "evidence": []}))
    assert own(listed)["tier"] == 1


def test_a_second_edit_keeps_what_the_first_one_said_that_waits(house: House):
    house.load()
    first = body("Choir", kersey=ASKED)
    house.send("PUT", CHOIR, first, status=202, **MINE)
    second = {name: value for name, value in body("Choir", fees="None").items() if name != "kersey"}
    waiting = house.send("PUT", CHOIR, second, status=202, **MINE)
    house.approve(waiting)
    assert own(house)["referral"]["phone"] == "01422 496 0123"
    assert house.get(CHOIR)["fees"] == "None"
