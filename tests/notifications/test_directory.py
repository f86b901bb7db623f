"""The public listing says how a provider is reached, unless the hub knows better."""

from uuid import uuid4

import pytest

from shared.messaging.events import (
    ProviderChanged,
    ProviderPublished,
    ProviderWithdrawn,
    ServicePublished,
    ServiceWithdrawn,
)
from tests.notifications.conftest import PROVIDER, SERVICE


def listed(house, sequence=1, kind=ProviderPublished, **listing):
    house.happens(kind(provider=PROVIDER, listing=listing), sequence=sequence)


def service_listed(house, sequence=1, kind=ServicePublished, **listing):
    house.happens(kind(service=SERVICE, provider=PROVIDER, listing=listing), sequence=sequence)


def addresses(house):
    house.ask(case=uuid4())
    return house.rows("channel", "address")


def test_the_listed_address_is_used_unverified(house):
    listed(house, email="hello@clay.example.org")
    assert addresses(house) == [("email", "hello@clay.example.org")]
    assert house.scalar("select verified_by_hub from contact") is False
    assert house.scalar("select source from contact") == "listing"


def test_a_service_is_asked_as_it_wants_before_its_provider(house):
    listed(house, email="hello@clay.example.org")
    service_listed(house, email="group@clay.example.org")
    assert addresses(house) == [("email", "group@clay.example.org")]


def test_an_organisation_with_the_id_of_a_service_does_not_get_its_requests(house):
    listed(house, email="hello@clay.example.org")
    service_listed(house, email="group@clay.example.org")
    stranger = {"email": "elsewhere@x.example", "kersey": {"hub": "bradford"}}
    house.happens(ProviderPublished(provider=SERVICE, listing=stranger))
    house.happens(ServicePublished(service=PROVIDER, provider=uuid4(), listing=stranger))
    assert addresses(house) == [("email", "group@clay.example.org")]


def test_a_listing_does_not_change_the_contact_of_another_party(house):
    service_listed(house, email="group@clay.example.org")
    moved = {"email": "elsewhere@x.example"}
    house.happens(ServicePublished(service=SERVICE, provider=uuid4(), listing=moved), sequence=2)
    assert addresses(house) == [("email", "group@clay.example.org")]


@pytest.mark.parametrize(
    ("asks", "expected"),
    [
        (
            {"ask_by": "email", "email": "refer@clay.example.org"},
            ("email", "refer@clay.example.org"),
        ),
        ({"ask_by": "email"}, ("email", "group@clay.example.org")),
        ({"ask_by": "phone", "phone": "01422 496 0100"}, ("phone", "01422 496 0100")),
        ({"ask_by": "text", "phone": "07700 900100"}, ("sms", "07700 900100")),
        ({"ask_by": "sheet"}, ("paper", "group@clay.example.org")),
        ({"ask_by": "turn-up", "phone": "01422 496 0100"}, ("paper", "01422 496 0100")),
        ({"ask_by": "carrier-pigeon"}, ("email", "group@clay.example.org")),
    ],
)
def test_each_provider_chooses_how_it_is_asked(house, asks, expected):
    service_listed(house, email="group@clay.example.org", kersey={"referral": asks})
    assert addresses(house) == [expected]


def test_a_listing_of_an_unexpected_shape_is_contained(house):
    service_listed(house, email=7, kersey=["no", "mapping"])
    listed(house, email="hello@clay.example.org")
    assert addresses(house) == [("email", "hello@clay.example.org")]


def test_what_the_hub_set_goes_before_the_listing(house):
    listed(house, email="hello@clay.example.org")
    house.contact(address="checked@clay.example.org")
    assert addresses(house) == [("email", "checked@clay.example.org")]


def test_a_providers_system_does_not_replace_its_people(house, receiver):
    listed(house, email="hello@clay.example.org")
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    assert {channel for channel, _ in addresses(house)} == {"email", "webhook"}


def test_an_older_listing_that_comes_late_is_passed_over(house):
    listed(house, sequence=3, kind=ProviderChanged, email="new@clay.example.org")
    listed(house, sequence=2, kind=ProviderChanged, email="old@clay.example.org")
    assert addresses(house) == [("email", "new@clay.example.org")]


def test_a_republished_listing_is_taken(house):
    event = ProviderPublished(provider=PROVIDER, listing={"email": "hello@clay.example.org"})
    house.happens(event, replay=True)
    assert addresses(house) == [("email", "hello@clay.example.org")]


@pytest.mark.parametrize("gone", [{"kind": ProviderWithdrawn, "email": "hello@x.example.org"}, {}])
def test_a_withdrawn_listing_or_one_without_address_is_used_no_more(house, gone):
    listed(house, email="hello@clay.example.org")
    listed(house, **({"sequence": 2, "kind": ProviderChanged} | gone))
    assert addresses(house) == [("none", "")]


def test_a_withdrawn_service_is_used_no_more(house):
    service_listed(house, email="group@clay.example.org")
    service_listed(house, 2, ServiceWithdrawn, email="group@clay.example.org")
    assert addresses(house) == [("none", "")]


def test_a_listed_address_that_changes_loses_the_hubs_word_and_its_links(house):
    listed(house, email="hello@clay.example.org")
    house.ask()
    house.send()
    house.execute("update contact set verified_by_hub = true")
    listed(house, sequence=2, kind=ProviderChanged, email="hello@clay.example.org", name="Clay")
    assert house.scalar("select verified_by_hub from contact") is True
    listed(house, sequence=3, kind=ProviderChanged, email="moved@clay.example.org")
    assert house.scalar("select verified_by_hub from contact") is False
    assert house.scalar("select revoked_for from answer_link") == "contact-changed"
    house.send()
    assert [mail["To"] for mail in house.mails()] == [
        "hello@clay.example.org",
        "moved@clay.example.org",
    ]
