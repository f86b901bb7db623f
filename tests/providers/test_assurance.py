"""Whether a listing can be relied on: looks, falling confidence, reviews, and tiers that lapse."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers.assurance import reached, reviewing
from services.providers.domain import UNVERIFIED, Reviewing, ReviewPlan, confidence, review_step
from shared.messaging.events import (
    Envelope,
    ListingNoticeBounced,
    ListingNoticeDelivered,
    Sequence,
)
from shared.messaging.outbox import ConsumingOnce
from tests.providers.conftest import NOW, House
from tests.providers.listings import HUB, OTHER, OWNER, body, key, service

CHOIR = f"/directory/services/{key('Choir')}"
MINE: dict[str, Any] = {"organisation": OWNER, "roles": ("provider",)}
PLAN = ReviewPlan(
    cycle={1: timedelta(days=365), 2: timedelta(days=182), 3: timedelta(days=91)},
    then_hub=timedelta(days=14),
    then_unlisted=timedelta(days=46),
)
EVIDENCE = ("sharing-agreement", "privacy-contact", "safeguarding-lead")


def assurance(house: House) -> Any:
    return house.get(f"/directory/listings/{key('Choir')}")["kersey"]["assurance"]


def types(events: list[Any]) -> list[str]:
    return [each["type"].removeprefix("kersey.directory.") for each in events]


def after(house: House, days: int) -> None:
    house.now = NOW + timedelta(days=days)


def is_reached(
    house: House,
    kind: str = "listing-look",
    what: type[ListingNoticeDelivered | ListingNoticeBounced] = ListingNoticeDelivered,
) -> None:
    """A mail server took a message about the choir's listing, or gave it back."""
    told = what(listing=key("Choir"), provider=OWNER, delivery=uuid4(), channel="email", kind=kind)
    envelope = Envelope(
        id=uuid4(), source="kersey/notifications", time=house.now, sequence=Sequence(1), data=told
    )
    ConsumingOnce(house.engine, reached.SUBSCRIPTION.consumer, reached.note)(envelope)


# --- looks -----------------------------------------------------------------------------------


def test_a_look_is_kept_apart_from_a_change_of_the_row(house: House):
    house.load(service("Choir"))
    assert assurance(house) == {"confidence": UNVERIFIED}
    start = house.position()
    house.send("POST", f"{CHOIR}/verify", {"how": "visit", "words": "Went on Tuesday"})
    assert assurance(house) == {
        "confidence": 1,
        "last_verified": "2026-11-23",
        "verified_by": "hub",
        "how": "visit",
    }
    assert house.get(CHOIR)["assured_date"] == "2026-11-23"
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.service.changed.v1"
    assert event["data"]["listing"]["kersey"]["assurance"]["how"] == "visit"
    after(house, 180)
    house.send("PUT", CHOIR, body("Choir", description="New words", assured_date="2026-11-23"))
    assert assurance(house)["confidence"] == 0.5
    act = house.send("GET", f"{CHOIR}/versions")["acts"][0]
    assert (act["what"], act["why"]) == ("verified", "visit: Went on Tuesday")


def test_a_provider_looks_at_its_own_listing_and_nobody_elses(house: House):
    house.load(service("Choir"))
    look = {"how": "meeting"}
    house.send("POST", f"{CHOIR}/verify", look, **MINE)
    assert assurance(house)["verified_by"] == "provider"
    other: dict[str, Any] = {"organisation": OTHER, "roles": ("provider",), "status": 403}
    house.send("POST", f"{CHOIR}/verify", look, **other)
    house.send("POST", f"{CHOIR}/verify", {"how": "dream"}, status=422)
    house.send("POST", f"/directory/services/{key('None')}/verify", look, status=404)
    assert house.client.post(f"{CHOIR}/verify", json=look).status_code == 401


def test_a_feeds_assured_date_counts_as_a_look(house: House):
    house.load(service("Choir", assured_date="2026-05-27"))
    assert assurance(house) == {"confidence": 0.5, "last_verified": "2026-05-27"}


def test_a_look_does_not_undo_a_withdrawal(house: House):
    house.load(service("Choir"))
    house.send("POST", f"{CHOIR}/withdraw", {"reason": "x"})
    house.send("POST", f"{CHOIR}/verify", {"how": "phone"}, status=410)
    assert house.get(CHOIR)["status"] == "defunct"


@given(st.dates(date(2000, 1, 1), NOW.date()), st.integers(0, 4000))
def test_confidence_only_falls(verified: date, days: int):
    later = NOW + timedelta(days=days)
    assert 0 <= confidence(verified, later) <= confidence(verified, NOW) <= 1


# --- reviews ---------------------------------------------------------------------------------


def test_a_review_asks_the_provider_then_the_hub_and_then_unlists(house: House):
    house.load(service("Choir"))
    start = house.position()
    after(house, 364)
    assert reviewing.review(house.directory, PLAN) == {}
    after(house, 365)
    assert reviewing.review(house.directory, PLAN) == {"provider": 1}
    assert reviewing.review(house.directory, PLAN) == {}
    is_reached(house)
    after(house, 379)
    assert reviewing.review(house.directory, PLAN) == {"hub": 1}
    after(house, 424)
    assert reviewing.review(house.directory, PLAN) == {}
    after(house, 425)
    assert reviewing.review(house.directory, PLAN) == {"unlist": 1}
    events = house.events(after=start)
    asked = "listing.verification-due.v1"
    assert types(events) == [asked, asked, "service.withdrawn.v1"]
    common = {"listing": str(key("Choir")), "provider": str(OWNER), "hub": HUB.code}
    assert events[0]["data"] == common | {"to": "provider", "days": 60}
    assert events[1]["data"] == common | {"to": "hub", "days": 46}
    assert house.names() == []
    assert house.get(CHOIR)["status"] == "defunct"
    whats = [each["what"] for each in house.send("GET", f"{CHOIR}/versions")["acts"]]
    assert whats == ["unlisted", "verification-due", "verification-due"]


def test_a_look_brings_back_what_went_for_want_of_one(house: House):
    house.load(service("Choir"))
    for days in (365, 379, 425):
        after(house, days)
        reviewing.review(house.directory, PLAN)
        is_reached(house)
    start = house.position()
    house.send("POST", f"{CHOIR}/verify", {"how": "phone"}, **MINE)
    assert types(house.events(after=start)) == ["service.published.v1"]
    assert house.names() == ["Choir"]
    after(house, 425 + 364)
    assert reviewing.review(house.directory, PLAN) == {}


def test_a_listing_that_is_listed_again_is_not_unlisted_the_next_night(house: House):
    house.load(service("Choir"))
    for days in (365, 379, 425):
        after(house, days)
        reviewing.review(house.directory, PLAN)
        is_reached(house)
    house.send("PUT", CHOIR, body("Choir"))
    after(house, 600)
    assert reviewing.review(house.directory, PLAN) == {}
    assert house.names() == ["Choir"]


def test_a_look_in_time_ends_a_review(house: House):
    house.load(service("Choir"))
    after(house, 365)
    reviewing.review(house.directory, PLAN)
    house.send("POST", f"{CHOIR}/verify", {"how": "email"}, **MINE)
    after(house, 379)
    assert reviewing.review(house.directory, PLAN) == {}


def test_a_provider_that_no_mail_reaches_stays_listed(house: House):
    house.load(service("Choir"))
    is_reached(house)  # by a mail of an earlier review, which comes late
    for days in (365, 379):
        after(house, days)
        reviewing.review(house.directory, PLAN)
        is_reached(house, "listing-look-for-them")
    after(house, 4000)
    assert reviewing.review(house.directory, PLAN) == {}
    is_reached(house)
    after(house, 4045)
    assert reviewing.review(house.directory, PLAN) == {}
    after(house, 4046)
    is_reached(house)  # told twice: the first time counts
    assert reviewing.review(house.directory, PLAN) == {"unlist": 1}


def test_a_mail_that_came_back_reached_nobody(house: House):
    house.load(service("Choir"))
    for days in (365, 379):
        after(house, days)
        reviewing.review(house.directory, PLAN)
        is_reached(house)
        is_reached(house, "listing-look-for-them", ListingNoticeBounced)  # the hub's: no matter
    is_reached(house, what=ListingNoticeBounced)
    after(house, 4000)
    assert reviewing.review(house.directory, PLAN) == {}
    is_reached(house)
    after(house, 4046)
    assert reviewing.review(house.directory, PLAN) == {"unlist": 1}


@given(st.integers(0, 5000))
def test_no_listing_goes_before_provider_and_hub_were_asked(days: int):
    """Also where nobody counted for years: a restored backup, a worker that was stopped."""
    today, since = NOW.date() + timedelta(days=days), NOW.date()
    for told in (None, since):
        step = partial(review_step, tier=1, today=today, plan=PLAN, reached=told)
        assert step(Reviewing.RESTING, since, None) in (None, "provider")
        assert step(Reviewing.PROVIDER_ASKED, since, today) is None
        assert step(Reviewing.HUB_ASKED, since, today) is None
    unreached = review_step(Reviewing.HUB_ASKED, since, since, 1, today, PLAN, reached=None)
    assert unreached is None
    lately = review_step(Reviewing.HUB_ASKED, since, since, 1, today, PLAN, reached=today)
    assert lately is None


@pytest.mark.parametrize(("tier", "days"), [(1, 365), (2, 182), (3, 91)])
def test_a_higher_tier_is_looked_at_more_often(tier: int, days: int):
    since = NOW.date()
    for waited, step in ((days - 1, None), (days, "provider")):
        today = since + timedelta(days=waited)
        assert review_step(Reviewing.RESTING, since, None, tier, today, PLAN, reached=None) == step


# --- tiers -----------------------------------------------------------------------------------


def test_a_look_after_midnight_is_of_the_day_that_it_is_here(house: House):
    house.load(service("Choir"))
    house.now = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)  # half past midnight, summer time
    seen = house.send("POST", f"{CHOIR}/verify", {"how": "visit"})["kersey"]["assurance"]
    assert (seen["last_verified"], seen["verified_by"]) == ("2027-07-01", "hub")
    review = house.send("GET", f"/directory/reviews/{key('Choir')}")
    assert (review["since"], review["last_verified"]) == ("2027-07-01", "2027-07-01")
    assert review["verified_by"] == "hub"


def test_evidence_counts_to_the_end_of_its_last_day_here_and_no_longer(house: House):
    house.load(service("Choir", kersey=tiered("2027-06-30")))
    for hour, tier in ((22, 2), (23, 1)):
        house.now = datetime(2027, 6, 30, hour, 30, tzinfo=UTC)
        listed = house.get(f"/directory/listings/{key('Choir')}")
        assert listed["kersey"]["tier"] == tier
    assert reviewing.tiers(house.directory) == 1


def tiered(expires: str) -> dict[str, Any]:
    seen = [{"kind": kind, "seen": "2026-01-05"} for kind in EVIDENCE]
    seen[0] |= {"expires": expires}
    return {"tier": 2, "evidence": seen}


def test_lapsed_evidence_lowers_a_tier_after_a_warning_and_everybody_hears(house: House):
    house.load(service("Choir", kersey=tiered("2026-12-31")))
    start = house.position()
    assert reviewing.tiers(house.directory) == 0
    after(house, 10)
    assert reviewing.tiers(house.directory) == 1
    assert reviewing.tiers(house.directory) == 0
    (warning,) = house.events(after=start)
    assert warning["type"] == "kersey.directory.listing.tier-ending.v1"
    assert (warning["data"]["tier"], warning["data"]["days"]) == (2, 28)
    start = house.position()
    after(house, 39)
    assert reviewing.tiers(house.directory) == 1
    assert reviewing.tiers(house.directory) == 0
    changed, listing = house.events(after=start)
    assert (changed["data"]["previous"], changed["data"]["tier"]) == (2, 1)
    assert listing["type"] == "kersey.directory.service.changed.v1"
    own = listing["data"]["listing"]["kersey"]
    assert (own["tier"], own["tier_asked"], own["tier_missing"]) == (1, 2, ["sharing-agreement"])
    # Shown again, it is told again.
    house.send("PUT", CHOIR, body("Choir", kersey=tiered("2027-01-20")))
    start = house.position()
    assert reviewing.tiers(house.directory) == 1
    assert house.events(after=start)[0]["data"]["tier"] == 2
