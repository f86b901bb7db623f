"""Messages about listings: to their providers and to the coordinators of their hub, once each."""

from uuid import uuid4

import pytest

from services.notifications.listings.rules import RULES, Kind, told_of
from services.notifications.listings.words import WORDS
from services.notifications.retrying import Hindrance, retry
from services.notifications.tables import listing_deliveries
from shared.database import UnitOfWork
from shared.messaging.events import (
    CATALOGUE,
    ListingApproved,
    ListingClaimDecided,
    ListingClaimed,
    ListingNoticeBounced,
    ListingNoticeDelivered,
    ListingSentBack,
    ListingSubmitted,
    ServicePublished,
    TierChanged,
    TierEnding,
    VerificationDue,
)
from shared.messaging.events.listing import ListingEvent
from tests.notifications.conftest import PROVIDER, SERVICE

DESK, HUB = "desk@clay.example.org", "hub@calder.example.org"
ABOUT = {"listing": SERVICE, "provider": PROVIDER, "hub": "calder"}


@pytest.fixture
def listed(house):
    """The house, with a named listing, and contacts on both sides."""
    listing = {"name": "Clay on Canal Street", "kersey": {"referral": {"ask_by": "turn-up"}}}
    house.happens(ServicePublished(service=SERVICE, provider=PROVIDER, listing=listing))
    house.contact()
    house.contact(service=uuid4(), address="another-service@clay.example.org")
    house.contact(means="phone", address="01422 496 0123")
    house.contact(party="calder", role="coordinator", address=HUB)
    house.contact(party="calder", role="duty", address="duty@calder.example.org")
    house.contact(party="aire", role="coordinator", address="hub@aire.example.org")
    return house


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (ListingSubmitted(**ABOUT, number=2), {HUB: "waits for you"}),
        (ListingSentBack(**ABOUT, number=2), {DESK: "asks for a change"}),
        (ListingApproved(**ABOUT, number=2), {DESK: "said yes"}),
        (ListingClaimed(**ABOUT), {DESK: "keep your listing", HUB: "keep a listing"}),
        (VerificationDue(**ABOUT, to="provider", days=42), {DESK: "still right?"}),
        (VerificationDue(**ABOUT, to="hub", days=28), {HUB: "has not said"}),
        (TierEnding(**ABOUT, tier=2, days=30), {DESK: "run out soon", HUB: "run out soon"}),
        (TierChanged(**ABOUT, tier=1, previous=2), {DESK: "has changed", HUB: "has changed"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whoever_keeps_a_listing_hears_what_it_needs_once(listed, event, told):
    envelope = listed.happens(event)
    listed.consume(envelope)
    listed.execute("delete from inbox")
    listed.consume(envelope)
    assert listed.send_about_listings() == len(told)
    mails = {mail["To"]: mail for mail in listed.mails()}
    assert mails.keys() == told.keys()
    for address, words in told.items():
        assert words in mails[address]["Subject"]
        assert "Clay on Canal Street" in mails[address].get_body(("plain",)).get_content()
        assert "{" not in mails[address].as_string().replace("{background", "")
    assert listed.rows() == [], "no message about a case"


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("accepted", "You can keep a listing"),
        ("refused", "has said no"),
        ("ended", "not keep a listing any more"),
    ],
)
def test_whoever_asked_to_keep_a_listing_hears_what_its_hub_decided(listed, decision, words):
    claimant = uuid4()
    listed.contact(party=str(claimant), address="staff@bright.example.org")
    listed.contact(party=str(claimant), service=uuid4(), address="one-group@bright.example.org")
    listed.happens(ListingClaimDecided(**ABOUT, claimant=claimant, decision=decision))
    assert listed.send_about_listings() == 1
    (mail,) = listed.mails()
    assert mail["To"] == "staff@bright.example.org"
    assert words in mail["Subject"]
    assert "Clay on Canal Street" in mail.get_body(("plain",)).get_content()


def test_a_mail_says_when_a_listing_may_go_and_only_if_it_may(listed):
    listed.happens(VerificationDue(**ABOUT, to="provider", days=42))
    listed.happens(VerificationDue(**ABOUT, to="provider", days=0))
    listed.send_about_listings()
    texts = [mail.get_body(("plain",)).get_content() for mail in listed.mails()]
    assert ["after 42 days" in " ".join(text.split()) for text in texts] == [True, False]


def test_the_directory_hears_what_arrived(listed):
    listed.happens(VerificationDue(**ABOUT, to="provider", days=42))
    assert listed.told() == []
    listed.send_about_listings()
    (told,) = listed.told()
    assert isinstance(told, ListingNoticeDelivered)
    assert (told.listing, told.kind, told.channel) == (SERVICE, "listing-look", "email")


def test_what_did_not_arrive_is_not_told_as_if_it_had(house):
    house.contact(address="no address at all")
    house.happens(VerificationDue(**ABOUT, to="provider", days=42))
    house.happens(ListingSubmitted(**ABOUT, number=1))
    house.send_about_listings()
    assert house.told() == []
    assert house.about_listings("channel", "state", "last_error") == [
        ("email", "failed", "address-malformed"), ("none", "failed", "no-contact"),
    ]  # fmt: skip


def test_a_replay_and_a_listing_without_a_hub_tell_nobody(listed):
    listed.happens(ListingSentBack(**ABOUT, number=2), replay=True)
    listed.happens(ListingSubmitted(**ABOUT | {"hub": None}, number=2))
    assert listed.about_listings() == []


def test_a_listing_that_nobody_has_named_yet_is_told_of_all_the_same(house):
    house.contact(party="calder", role="coordinator", address=HUB)
    house.happens(ListingSubmitted(**ABOUT, number=1))
    house.send_about_listings()
    (mail,) = house.mails()
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "its listing: a listing that is not public yet." in text


def test_every_event_about_a_listing_has_a_rule_and_every_kind_words():
    events = {each for each in CATALOGUE.values() if issubclass(each, ListingEvent)}
    assert set(RULES) == events - {ListingNoticeDelivered, ListingNoticeBounced}
    assert set(WORDS) == set(Kind)
    assert {told.kind for rules in RULES.values() for told in rules} == set(Kind)
    assert told_of(ListingNoticeDelivered(**ABOUT, delivery=uuid4(), channel="x", kind="y")) == ()


def test_what_is_told_again_names_a_listing_and_leaves_what_a_hub_put_right(house):
    about = {"service": SERVICE, "provider": PROVIDER}
    asks = {"referral": {"ask_by": "email", "email": "a@clay.test"}}
    first = ServicePublished(**about, listing={"name": "Clay", "kersey": asks})
    house.happens(first, sequence=2)
    house.execute("update listing_seen set name = null")  # as before there were names
    house.execute("update contact set address = 'right@clay.test', source = 'hub'")
    older = ServicePublished(**about, listing={"name": "Old", "kersey": asks})
    house.happens(older, sequence=1, replay=True)
    assert house.scalar("select name from listing_seen") is None
    house.happens(first, sequence=2, replay=True)
    assert house.scalar("select name from listing_seen") == "Clay"
    assert house.scalar("select address from contact") == "right@clay.test"


def test_what_had_nobody_to_go_to_goes_out_once_there_is_somebody(house):
    house.happens(ListingSubmitted(**ABOUT, number=1))
    house.happens(TierEnding(**ABOUT, tier=3, days=7))
    keys = [key for (key,) in house.about_listings("id")]
    assert len(keys) == 3

    def again():
        found = []
        for key in keys:
            with UnitOfWork(house.engine) as uow:
                found.append(retry(uow, listing_deliveries, key))
                uow.commit()
        return found

    assert again() == [Hindrance.NOBODY] * 3
    house.contact(party="calder", role="coordinator", address=HUB)
    assert again().count(None) == 2, "of the provider there still is nobody"
    house.send_about_listings()
    assert [mail["To"] for mail in house.mails()] == [HUB, HUB]
    house.contact()
    assert sorted(again(), key=str) == [Hindrance.NOT_FAILED, Hindrance.NOT_FAILED, None]
    states = house.about_listings("channel", "state", "last_error")
    assert states.count(("none", "superseded", "contact-found")) == 3
