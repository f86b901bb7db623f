"""A listing that somebody else brought: its own people ask to keep it, and the hub decides."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from dateutil.relativedelta import relativedelta

from deploy.demo.directory.build import HUBS
from services.providers.claims.domain import Evidence, Fits, email_fits, number_fits
from services.providers.retention import CLAIMS, expiries
from services.providers.rows import table
from shared.database import UnitOfWork
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import HUB, OTHER, OWNER, body, key, organization, service

STAFF: dict[str, Any] = {"organisation": key("the group's own account"), "roles": ("provider",)}
OTHERS: dict[str, Any] = {"organisation": OTHER, "roles": ("provider",)}
LEEDS = next(hub for hub in HUBS if hub.code == "leeds").organisation
CLAIM = f"/directory/organizations/{OWNER}/claim"
CHOIR = f"/directory/services/{key('Choir')}"
SAID = {
    "who": "Jo Bright, treasurer",
    "evidence": [
        {"kind": "charity-number", "value": "1122334"},
        {"kind": "work-email", "value": "jo@owner.example"},
        {"kind": "words", "value": "Ring the hall"},
    ],
}
LOOKED = {"words": "Rang the number in the listing"}


@pytest.fixture
def listed(house: House) -> House:
    """An organisation with a choir, as a council's feed brought it."""
    owner = organization(
        website="https://www.owner.example/about",
        organization_identifiers=[{"identifier_type": "Charity", "identifier": "01122334"}],
    )
    house.load(service("Choir"), organizations=[owner, organization("Other")])
    return house


def claimed(listed: House, **who: Any) -> str:
    found = listed.send("POST", CLAIM, SAID, status=201, **(who or STAFF))
    return f"/directory/claims/{found['id']}"


def test_staff_whose_claim_is_accepted_write_the_listing_and_the_hub_still_approves(listed: House):
    edit = body("Choir", description="Wednesdays now")
    listed.send("PUT", CHOIR, edit, status=403, **STAFF)
    claim = claimed(listed)
    listed.send("PUT", CHOIR, edit, status=403, **STAFF)
    listed.send("POST", f"{claim}/accept", LOOKED)
    waiting = listed.send("PUT", CHOIR, edit, status=202, **STAFF)
    assert "description" not in listed.get(CHOIR)
    (shown,) = listed.send("GET", "/directory/drafts", **STAFF)["contents"]
    assert shown["subject"] == str(key("Choir"))
    listed.approve(waiting)
    assert listed.get(CHOIR)["description"] == "Wednesdays now"
    listed.send("PUT", f"{CHOIR}/capacity", {"state": "full"}, **STAFF)
    # Nothing beyond: a provider does not vouch for itself, nor lists for its keeper's own hub.
    vouched = body("Choir", kersey={"assured_by": "us"})
    listed.send("PUT", CHOIR, vouched, status=403, **STAFF)


def test_a_keeper_ends_with_the_hubs_word_or_its_own(listed: House):
    for ending, who, said in (("end", {}, {"words": "They moved on"}), ("withdraw", STAFF, None)):
        claim = claimed(listed)
        listed.send("POST", f"{claim}/accept", LOOKED)
        listed.send("PUT", CHOIR, body("Choir", alert="Closed"), **STAFF)
        found = listed.send("POST", f"{claim}/{ending}", said, **who)
        assert found["state"] == "ended"
        listed.send("PUT", CHOIR, body("Choir", alert="Open"), status=403, **STAFF)
        listed.send("GET", f"{CHOIR}/versions", status=404, **STAFF)
        assert listed.get(CHOIR)["alert"] == "Closed"


def test_the_history_names_who_claimed_and_who_agreed_and_nobody_by_name(listed: House):
    start = listed.position()
    claim = claimed(listed)
    listed.send("POST", f"{claim}/accept", LOOKED)
    listed.send("POST", f"{claim}/end", {"words": "They moved on"})
    history = listed.send("GET", f"/directory/organizations/{OWNER}/versions")
    assert [(each["what"], each["by"], each["why"]) for each in history["acts"]] == [
        ("keeping-ended", "tester", "They moved on"),
        ("claim-accepted", "tester", "Rang the number in the listing"),
        ("claimed", "tester", "By charity-number, words, work-email."),
    ]
    about = {"listing": str(OWNER), "provider": str(OWNER), "hub": HUB.code}
    event, accepted, ended = listed.events(after=start)
    assert event["type"] == "kersey.directory.listing.claimed.v1"
    assert event["data"] == about
    for told, decision in ((accepted, "accepted"), (ended, "ended")):
        assert told["type"] == "kersey.directory.listing.claim-decided.v1"
        claimant = str(STAFF["organisation"])
        assert told["data"] == about | {"claimant": claimant, "decision": decision}


def test_whoever_takes_a_claim_back_is_told_nothing(listed: House):
    claim = claimed(listed)
    start = listed.position()
    listed.send("POST", f"{claim}/withdraw", **STAFF)
    assert listed.events(after=start) == []


def test_the_hub_sees_whether_what_is_said_fits_the_listing(listed: House):
    claim = claimed(listed)
    (found,) = listed.send("GET", "/directory/claims")["contents"]
    assert found == listed.send("GET", claim) == listed.send("GET", claim, **STAFF)
    assert (found["organization"], found["who"]) == ("Owner", "Jo Bright, treasurer")
    assert [each["fits"] for each in found["evidence"]] == ["yes", "yes", "unknown"]


def test_a_claim_is_for_its_hub_and_for_whoever_asked(listed: House):
    claim = claimed(listed)
    leeds: dict[str, Any] = {"organisation": LEEDS, "roles": ("coordinator",)}
    for who in (leeds, OTHERS, STAFF | {"roles": ("link-worker",)}):
        assert listed.send("GET", "/directory/claims", **who)["contents"] == []
        listed.send("GET", claim, status=404, **who)
    listed.send("POST", f"{claim}/accept", LOOKED, status=404, **leeds)
    listed.send("POST", f"{claim}/accept", LOOKED, status=403, **STAFF)
    listed.send("POST", f"{claim}/withdraw", status=404, **OTHERS)
    listed.send("POST", CLAIM, SAID, status=403)
    assert listed.client.get("/directory/claims").status_code == 401


def test_a_second_claim_on_a_kept_listing_is_refused_in_words(listed: House):
    first, second = claimed(listed), claimed(listed, **OTHERS)
    assert "waits" in listed.send("POST", CLAIM, SAID, status=409, **STAFF)["detail"]
    listed.send("POST", f"{first}/accept", LOOKED)
    kept = listed.send("POST", f"{second}/accept", LOOKED, status=409)
    assert "keep this listing by now" in kept["detail"]
    listed.send("POST", f"{second}/refuse", {"words": "It is kept"})
    again = listed.send("POST", CLAIM, SAID, status=409, **OTHERS)
    assert "Ask its hub" in again["detail"]
    assert "yours" in listed.send("POST", CLAIM, SAID, status=409, **STAFF)["title"]


def test_a_claim_that_was_decided_stays_decided(listed: House):
    claim = claimed(listed)
    listed.send("POST", f"{claim}/refuse", {}, status=422)
    listed.send("POST", f"{claim}/end", LOOKED, status=409)
    found = listed.send("POST", f"{claim}/refuse", {"words": "Nobody there knows you"})
    assert (found["state"], found["words"]) == ("refused", "Nobody there knows you")
    for what in ("accept", "refuse", "end"):
        listed.send("POST", f"{claim}/{what}", LOOKED, status=409)
    listed.send("POST", f"{claim}/withdraw", status=409, **STAFF)
    again = claimed(listed)
    assert listed.send("POST", f"{again}/withdraw", **STAFF)["state"] == "withdrawn"
    assert listed.send("GET", "/directory/claims")["contents"] == []


def test_what_cannot_be_claimed(listed: House):
    mine: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
    assert "own listing" in listed.send("POST", CLAIM, SAID, status=409, **mine)["detail"]
    nobody = f"/directory/organizations/{key('nobody')}/claim"
    listed.send("POST", nobody, SAID, status=404, **STAFF)
    for wrong in (SAID | {"evidence": []}, SAID | {"who": " "}, SAID | {"more": 1}):
        listed.send("POST", CLAIM, wrong, status=422, **STAFF)


def test_a_claim_goes_two_years_after_its_end_and_one_that_stands_stays(listed: House):
    refused, stands = claimed(listed), claimed(listed, **OTHERS)
    listed.send("POST", f"{refused}/refuse", {"words": "No"})
    listed.send("POST", f"{stands}/accept", LOOKED)
    expiry = expiries(settings("postgresql://"), listed.engine)[CLAIMS.name]
    assert expiry.run(CLAIMS.before(NOW + relativedelta(years=2) - timedelta(days=1)), "x") == 0
    assert expiry.run(CLAIMS.before(NOW + relativedelta(years=2, days=1)), "x") == 1
    listed.send("GET", refused, status=404)
    assert listed.send("GET", stands)["state"] == "accepted"


def test_numbers_fit_as_people_write_them():
    listed = {"charity number 1122334"}
    assert number_fits(Evidence.CHARITY, " 01122334 ", listed) is Fits.YES
    assert number_fits(Evidence.CHARITY, "7", listed) is Fits.NO
    assert number_fits(Evidence.COMPANY, "1122334", listed) is Fits.UNKNOWN


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("jo@hebble.example", Fits.YES),
        ("JO@mail.hebble.example", Fits.YES),
        ("hebble@webmail.example", Fits.YES),
        ("jo@webmail.example", Fits.UNKNOWN),
        ("jo@nothebble.example", Fits.UNKNOWN),
        ("jo@example", Fits.UNKNOWN),
    ],
)
def test_an_address_is_the_listings_own_or_on_its_websites_domain(said: str, fits: Fits):
    assert email_fits(said, "hebble@webmail.example", "www.hebble.example") is fits


def one_by_decision(listed: House, *, kept: UUID) -> None:
    """As it is when a coordinator found the two to be one."""
    one, other = sorted((OWNER, OTHER))
    row = {
        "id": uuid4(), "one": one, "other": other, "likeness": 1, "evidence": [],
        "state": "accepted", "proposed": NOW, "kept": kept,
    }  # fmt: skip
    with UnitOfWork(listed.engine) as uow:
        uow.session.execute(table("organization_match").insert().values(row))
        uow.commit()


def test_what_stands_in_another_is_neither_claimed_nor_given(listed: House):
    waiting = claimed(listed)
    one_by_decision(listed, kept=OTHER)
    for path, said, who in (
        (CLAIM, SAID, {**STAFF, "organisation": key("another group's account")}),
        (f"{waiting}/accept", LOOKED, {}),
    ):
        refused = listed.send("POST", path, said, status=409, **who)
        assert refused["title"] == "It stands in another"


def test_the_one_that_another_stands_in_may_be_claimed(listed: House):
    one_by_decision(listed, kept=OWNER)
    listed.send("POST", f"{claimed(listed)}/accept", LOOKED)
    listed.send("PUT", CHOIR, body("Choir", alert="Open"), **STAFF)
