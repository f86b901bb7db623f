"""The rules by themselves: capacity, places, tiers, who may write, postcodes and distance."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.providers import gazetteer
from services.providers.domain import (
    CapacityState,
    Contradiction,
    Evidence,
    Room,
    Tier,
    after_acceptance,
    after_ending,
    check,
    known,
    may_write,
    standing,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=366)
TAKING, FULL = CapacityState.TAKING, CapacityState.FULL
WAITING, ASK, UNKNOWN = (
    CapacityState.WAITING_LIST,
    CapacityState.ASK_FIRST,
    CapacityState.UNKNOWN,
)


@pytest.mark.parametrize(
    "room",
    [
        Room(TAKING),
        Room(TAKING, places=1, first_date=NOW.date()),
        Room(WAITING, waiting=0, first_date=date(2027, 1, 1)),
        Room(FULL, expires=NOW + timedelta(days=1)),
        Room(ASK),
        Room(UNKNOWN),
    ],
)
def test_what_can_be_is_accepted(room: Room):
    check(room, NOW, YEAR)


@pytest.mark.parametrize(
    ("room", "element"),
    [
        (Room(TAKING, places=0), "places"),
        (Room(FULL, places=2), "places"),
        (Room(UNKNOWN, places=2), "places"),
        (Room(TAKING, waiting=2), "waiting"),
        (Room(FULL, first_date=date(2027, 1, 1)), "first_date"),
        (Room(TAKING, first_date=date(2026, 11, 22)), "first_date"),
        (Room(FULL, expires=NOW), "expires"),
        (Room(FULL, expires=NOW + timedelta(days=400)), "expires"),
    ],
)
def test_what_contradicts_itself_is_refused_by_field(room: Room, element: str):
    with pytest.raises(Contradiction) as refusal:
        check(room, NOW, YEAR)
    assert refusal.value.element == element
    assert refusal.value.words.endswith(".")


def test_what_has_expired_is_not_known():
    assert known(Room(FULL, expires=NOW), NOW) is UNKNOWN
    assert known(Room(FULL, expires=NOW + timedelta(seconds=1)), NOW) is FULL
    assert known(Room(FULL), NOW) is FULL


def test_the_last_place_fills_the_service_or_opens_its_list():
    one = Room(TAKING, places=1)
    assert after_acceptance(one) == Room(FULL, places=0, counted=True)
    with_list = replace(one, keeps_list=True)
    assert after_acceptance(with_list).state is WAITING
    assert after_acceptance(Room(TAKING, places=3)).places == 2
    for uncounted in (Room(TAKING), Room(FULL), Room(ASK), Room(UNKNOWN)):
        assert after_acceptance(uncounted) == uncounted


def test_an_ending_opens_what_counting_filled_and_nothing_else():
    assert after_ending(Room(TAKING, places=2)).places == 3
    filled = after_acceptance(Room(TAKING, places=1))
    assert after_ending(filled) == Room(TAKING, places=1, counted=False)
    people_wait = replace(filled, state=WAITING, waiting=2)
    assert after_ending(people_wait) == people_wait
    for said in (Room(FULL), Room(ASK), Room(TAKING)):
        assert after_ending(said) == said


@given(st.integers(1, 50), st.integers(0, 50))
def test_as_many_endings_as_acceptances_leave_the_places_as_they_were(places: int, taken: int):
    before = room = Room(TAKING, places=places)
    for _ in range(min(places, taken)):
        room = after_acceptance(room)
    for _ in range(min(places, taken)):
        room = after_ending(room)
    assert room == before


ALL = ("sharing-agreement", "privacy-contact", "safeguarding-lead", "checks")


def test_a_tier_stands_on_its_evidence():
    today = date(2026, 11, 23)
    whole = [Evidence(kind, None) for kind in ALL]
    assert standing(Tier.HIGHER_RISK, whole, today).tier is Tier.HIGHER_RISK
    assert standing(Tier.SIGNPOST, [], today).tier is Tier.SIGNPOST
    lapsed = [*whole[:3], Evidence("checks", date(2026, 11, 22))]
    now = standing(Tier.HIGHER_RISK, lapsed, today)
    assert (now.tier, now.missing) == (Tier.NAMED_REFERRAL, ("checks",))
    assert standing(Tier.NAMED_REFERRAL, whole[1:], today).tier is Tier.SIGNPOST


def test_a_standing_lasts_until_its_first_evidence_lapses_and_the_longest_of_a_kind_counts():
    today = date(2026, 11, 23)
    seen = [
        Evidence("sharing-agreement", date(2027, 1, 1)),
        Evidence("sharing-agreement", date(2027, 6, 1)),
        Evidence("privacy-contact", date(2027, 9, 1)),
        Evidence("privacy-contact", None),
        Evidence("safeguarding-lead", None),
        Evidence("safeguarding-lead", date(2026, 12, 1)),
    ]
    now = standing(Tier.NAMED_REFERRAL, seen, today)
    assert (now.tier, now.until) == (Tier.NAMED_REFERRAL, date(2027, 6, 1))
    assert (
        standing(Tier.NAMED_REFERRAL, [Evidence(kind, None) for kind in ALL], today).until is None
    )


def test_who_may_write():
    assert may_write("h", frozenset({"coordinator"}), "y", "h")
    assert not may_write("x", frozenset({"coordinator"}), "y", "h")
    assert not may_write("x", frozenset({"coordinator"}), "x", "h")
    assert may_write("x", frozenset({"provider"}), "x", "h")
    assert not may_write("h", frozenset({"provider"}), "y", "h")
    assert may_write("x", frozenset({"provider", "coordinator"}), "x", "h")
    assert not may_write("h", frozenset({"link-worker"}), "y", "h")
    assert not may_write("x", frozenset({"link-worker"}), "x", "h")
    assert may_write("k", frozenset({"provider"}), "x", "h", "k")
    assert not may_write("k", frozenset({"coordinator"}), "x", "h", "k")


@pytest.mark.parametrize(
    ("text", "lookups"),
    [
        ("HX7 8AB", ["HX7 8AB", "HX7 8", "HX7"]),
        ("hx78ab", ["HX7 8AB", "HX7 8", "HX7"]),
        (" ls10  1bd ", ["LS10 1BD", "LS10 1", "LS10"]),
        ("WF17", ["WF17"]),
        ("ec1a 1bb", ["EC1A 1BB", "EC1A 1", "EC1A"]),
    ],
)
def test_postcodes_are_read_as_people_write_them(text: str, lookups: list[str]):
    assert gazetteer.parse(text).lookups == lookups


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first part"),
        ("7HX 8AB", "first part"),
        ("HX7 88B", "second part"),
        ("HX7 8CB", "second part"),
        ("<script>", "first part"),
    ],
)
def test_a_bad_postcode_is_refused_by_part(text: str, words: str):
    with pytest.raises(gazetteer.BadPostcode) as refusal:
        gazetteer.parse(text)
    assert words in refusal.value.words
    assert "<" not in refusal.value.words


points = st.tuples(st.floats(-89, 89), st.floats(-179, 179))


@given(points, points)
def test_distance_is_the_same_both_ways_and_never_beyond_half_the_globe(
    a: tuple[float, float], b: tuple[float, float]
):
    there, back = gazetteer.metres_between(a, b), gazetteer.metres_between(b, a)
    assert there == pytest.approx(back, abs=0.01)
    assert 0 <= there <= 20_020_000


@given(points, st.floats(0, 500_000), st.floats(0, 360))
def test_the_box_holds_the_circle(centre: tuple[float, float], metres: float, bearing: float):
    """A point straight ahead at that distance lies in the box, whichever way one goes."""
    from math import asin, atan2, cos, degrees, radians, sin

    angle, lat, lon = metres / gazetteer.EARTH_METRES, radians(centre[0]), radians(centre[1])
    way = radians(bearing)
    there = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(way))
    east = atan2(sin(way) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(there))
    box = gazetteer.box_around(*centre, metres)
    assert box.south - 1e-6 <= degrees(there) <= box.north + 1e-6
    assert box.west - 1e-6 <= degrees(lon + east) <= box.east + 1e-6


@given(points, st.floats(0, 500_000), st.floats(0, 1), st.floats(0, 1))
def test_the_circle_holds_the_box_in_it(
    centre: tuple[float, float], metres: float, up: float, along: float
):
    """Wherever one stands in it, up to its corners, the distance is not more."""
    box = gazetteer.box_within(*centre, metres)
    there = (
        min(90.0, box.south + up * (box.north - box.south)),
        box.west + along * (box.east - box.west),
    )
    assume(there[0] >= -90)
    assert gazetteer.metres_between(centre, there) <= metres + 1e-6  # what degrees can tell apart


def test_half_of_what_lies_around_lies_within():
    around = gazetteer.box_around(53.8, -1.75, 10_000)
    within = gazetteer.box_within(53.8, -1.75, 10_000)
    area = [(each.north - each.south) * (each.east - each.west) for each in (around, within)]
    assert area[1] / area[0] == pytest.approx(0.5, abs=0.01)


def test_a_known_distance():
    leeds, bradford = (53.7997, -1.5492), (53.7938, -1.7564)
    assert gazetteer.metres_between(leeds, bradford) == pytest.approx(13_630, abs=60)
