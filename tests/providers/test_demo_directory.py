"""The demo's provision: complete, the same everywhere, and recognisably invented."""

import re
from collections import Counter
from datetime import timedelta

from deploy.demo.directory import ANCHOR, dataset
from deploy.demo.directory.build import slug
from services.providers.domain import Tier
from services.providers.gazetteer import WEST_YORKSHIRE, metres_between
from services.providers.taxonomies import shipped, term_id

DATA = dataset()
DISTRICTS = {district.code: district for district in WEST_YORKSHIRE}


def test_there_is_enough_of_it():
    assert len(DATA.hubs) == 5
    assert len(DATA.organizations) >= 120
    assert len(DATA.services) >= 130
    assert min(Counter(each.kersey.hub for each in DATA.services).values()) >= 25
    offering = {each.organization_id for each in DATA.services}
    assert offering == {each.id for each in DATA.organizations}


def test_it_is_the_same_on_every_machine():
    assert dataset() == DATA
    first = DATA.services[0]
    assert (str(first.id), first.name) == ("4c1bf87a-9041-5dd3-8c1b-5404bd20dbf5", "Tabla and Tea")


def test_every_kind_of_provision_and_every_need_is_there():
    used = {link.taxonomy_term_id for each in DATA.services for link in each.attributes}
    terms = {whole.code: whole.taxonomy_terms for whole in shipped()}
    elsewhere = {"animals", "faith-and-culture", "weight-management", "fashion"}
    tops = {each.id for each in terms["activity"] if each.parent_id is None}
    kinds = {each.code for each in terms["activity"] if each.parent_id in tops} - elsewhere
    kinds |= {"volunteering", "learning"}
    assert len(kinds) > 20
    assert {term_id("activity", code) for code in kinds} <= used
    unmet = {"parenting", "alcohol-and-drugs", "safety", "transport"}
    needs = {each.code for each in terms["need"]} - unmet
    assert {term_id("need", code) for code in needs} <= used


def test_hubs_differ_and_every_state_of_capacity_occurs():
    states = Counter(
        each.kersey.capacity.state.value if each.kersey.capacity else "unknown"
        for each in DATA.services
    )
    assert set(states) == {"taking", "waiting-list", "full", "ask-first", "unknown"}
    assert {each.kersey.tier for each in DATA.services} == set(Tier)
    assert {each.kersey.ask_by.value for each in DATA.services} >= {"email", "phone", "turn-up"}
    spoken = {language.code for each in DATA.services for language in each.languages}
    assert {"en", "ur", "pa", "pl", "bfi"} <= spoken


def test_some_funding_ends_within_ninety_days_and_some_has_ended():
    ends = [fund.valid_to for each in DATA.services for fund in each.funding if fund.valid_to]
    soon = [end for end in ends if ANCHOR <= end <= ANCHOR + timedelta(days=90)]
    assert len(soon) >= 20
    assert any(end < ANCHOR for end in ends)
    assert any(end > ANCHOR + timedelta(days=90) for end in ends)
    assert all(fund.amount for each in DATA.services for fund in each.funding)


def test_it_is_obviously_fictional():
    drama = re.compile(r"0113 496 0\d{3}|01632 960\d{3}|07700 900\d{3}")
    for provider in DATA.organizations:
        assert provider.email
        assert provider.email.endswith(".example")
        assert provider.website
        assert provider.website.endswith(".example")
    for service in DATA.services:
        assert service.email
        assert service.email.endswith(".example")
        for contact in service.contacts:
            assert contact.email
            assert contact.email.endswith(".example")
            assert all(drama.fullmatch(phone.number) for phone in contact.phones)
        phone = service.kersey.referral_phone
        assert phone is None or drama.fullmatch(phone)
        for at in service.service_at_locations:
            assert all(each.postal_code.endswith(" 9ZZ") for each in at.location.addresses)


def test_each_listing_was_written_for_itself():
    names = Counter(each.name for each in DATA.services)
    abouts = Counter(each.description for each in DATA.services)
    assert max(names.values()) == max(abouts.values()) == 1
    opening = Counter(" ".join((each.description or "").split()[:4]) for each in DATA.services)
    assert max(opening.values()) <= 2


def test_places_lie_in_their_districts_and_a_shared_room_is_one_room():
    rooms: dict[object, object] = {}
    for service in DATA.services:
        for at in service.service_at_locations:
            place = at.location
            assert rooms.setdefault(place.id, place) == place
            if place.latitude is None or place.longitude is None:
                assert place.location_type == "virtual"
                continue
            district = DISTRICTS[place.addresses[0].postal_code.split()[0]]
            centre = (district.latitude, district.longitude)
            away = metres_between((place.latitude, place.longitude), centre)
            assert away < 8000, (service.name, district.code, away)
            assert district.hub in (service.kersey.hub, "leeds")


def test_addresses_of_names_are_plain_ascii():
    assert slug("The Brontë Moor Scribblers") == "brontemoorscribblers"
