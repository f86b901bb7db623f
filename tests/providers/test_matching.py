"""What the search finds for a person, in which order, with which reasons, on crafted listings."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import text

from tests.providers.conftest import NOW, House
from tests.providers.listings import SQUARE, north, service, weekly

NEAR = f"{SQUARE[0]},{SQUARE[1]}"


def reasons(house: House, **query: Any) -> dict[str, list[str]]:
    found = house.get("/directory/search", **query)["contents"]
    return {each["service"]["name"]: each["reasons"] for each in found}


def asks(house: House, **query: Any) -> dict[str, list[str]]:
    found = house.get("/directory/search", **query)["contents"]
    return {each["service"]["name"]: each["ask"] for each in found}


def test_nearest_first_with_the_distance_in_metres(house: House):
    house.load(
        service("Three km", needs=["work"], at=north(3000)),
        service("Half km", needs=["work"], at=north(500)),
        service("One km", needs=["work"], at=north(1000)),
    )
    found = house.get("/directory/search", need="work", near=NEAR)["contents"]
    assert [(each["service"]["name"], each["distance_metres"]) for each in found] == [
        ("Half km", 500),
        ("One km", 1000),
        ("Three km", 3000),
    ]
    assert found[0]["reasons"][:2] == ["helps with work", "about 500 m away"]
    assert found[2]["reasons"][1] == "about 3.0 km away"
    assert found[0]["location"]["name"] == "Half km room"


def test_the_limit_of_the_way_is_exact(house: House):
    house.load(
        service("Inside", at=north(1999)),
        service("Outside", at=north(2001)),
        service("East", at=(SQUARE[0], SQUARE[1] + 0.0302)),
        service("Corner of the box", at=(north(1900)[0], SQUARE[1] + 0.025)),
    )
    assert house.names(near=NEAR, within=2000) == ["East", "Inside"]
    assert house.names(near=NEAR, within=1000) == []


def test_an_unknown_place_is_never_too_far(house: House):
    house.load(
        service("Far", at=north(9000)),
        service("Near", at=north(100)),
        service("Nowhere said"),
        service(
            "By video",
            service_at_locations=[{"location": {"location_type": "virtual", "name": "Online"}}],
        ),
    )
    assert house.names(near=NEAR, within=1000) == ["Near", "By video", "Nowhere said"]
    assert reasons(house, near=NEAR, within=1000)["By video"] == ["online"]
    said = asks(house, near=NEAR, within=1000)
    assert "where it meets" in said["Nowhere said"]
    assert "where it meets" not in said["By video"]
    found = house.get("/directory/search", near=NEAR, within=1000)["contents"]
    assert "distance_metres" not in found[1]
    assert found[1]["location"]["location_type"] == "virtual"
    assert "location" not in found[2]


def test_a_service_counts_from_its_nearest_room(house: House):
    rooms = [
        {"location": {"latitude": at[0], "longitude": at[1], "name": name}}
        for name, at in (("Far room", north(5000)), ("Near room", north(700)))
    ]
    house.load(service("Two rooms", service_at_locations=rooms))
    found = house.get("/directory/search", near=NEAR, within=6000)["contents"]
    assert [(each["location"]["name"], each["distance_metres"]) for each in found] == [
        ("Near room", 700)
    ]
    assert house.names(near=NEAR, within=600) == []


def test_needs_are_any_of_them_and_more_of_them_come_first(house: House):
    house.load(
        service("One", needs=["money"], at=north(100)),
        service("Both", needs=["money", "housing"], at=north(4000)),
        service("Neither", needs=["food"], at=north(50)),
    )
    assert house.names(need="money,housing", near=NEAR) == ["Both", "One"]
    found = house.client.get(
        "/directory/search", params=[("need", "money"), ("need", "housing"), ("near", NEAR)]
    )
    assert [each["service"]["name"] for each in found.json()["contents"]] == ["Both", "One"]
    assert reasons(house, need="money,housing")["Both"][0] == "helps with money and housing"


def test_an_unknown_need_is_refused_and_the_known_ones_named(house: House):
    house.load()
    problem = house.get("/directory/search", 400, need="lonelyness")
    assert problem["element"] == "need"
    assert all(code in problem["detail"] for code in ("loneliness", "money", "digital-exclusion"))
    assert house.get("/directory/search", 400, access="lift")["element"] == "access"


def test_free_places_leaves_out_only_what_is_known_to_be_full(house: House):
    later = (NOW + timedelta(days=5)).isoformat()
    house.load(
        service("A has two", capacity={"state": "taking", "places": 2}),
        service("B takes people", capacity={"state": "taking"}),
        service("C has a list", capacity={"state": "waiting-list", "waiting": 4}),
        service("D is full", capacity={"state": "full"}),
        service("E talks first", capacity={"state": "ask-first"}),
        service("F says nothing"),
        service("G was full", capacity={"state": "full", "expires": later}),
    )
    assert house.names(free_places="true") == [
        "A has two",
        "B takes people",
        "E talks first",
        "F says nothing",
    ]
    assert house.names()[-2:] == ["D is full", "G was full"]
    house.now = NOW + timedelta(days=6)
    assert "G was full" in house.names(free_places="true")
    said = reasons(house)
    assert said["A has two"] == ["2 places now"]
    assert said["B takes people"] == ["taking people now"]
    assert said["C has a list"] == ["a waiting list of 4"]
    assert said["D is full"] == ["full just now"]
    assert said["E talks first"] == ["likes to talk first"]
    assert said["F says nothing"] == said["G was full"] == []
    assert asks(house)["F says nothing"] == ["whether there is room"]
    capacity = {
        each["service"]["name"]: each["capacity"]
        for each in house.get("/directory/search")["contents"]
    }
    assert capacity["A has two"]["places"] == 2
    assert capacity["G was full"]["state"] == "unknown"
    assert capacity["F says nothing"] == {"state": "unknown", "keeps_list": False}
    assert capacity["G was full"]["updated"] == "2026-11-23T09:30:00.000Z"


def test_a_first_date_that_lies_ahead_is_said_and_now_is_not(house: House):
    first = NOW.date() + timedelta(days=9)
    on = f"from {first.day} {first:%B %Y}"
    house.load(
        service("Two", capacity={"state": "taking", "places": 2, "first_date": first}),
        service("Some", capacity={"state": "taking", "first_date": first}),
        service("List", capacity={"state": "waiting-list", "waiting": 4, "first_date": first}),
        service("Talk", capacity={"state": "ask-first", "first_date": first}),
        service("Today", capacity={"state": "taking", "places": 1, "first_date": NOW.date()}),
    )
    assert reasons(house) == {
        "Two": [f"2 places {on}"],
        "Some": [f"taking people {on}"],
        "List": [f"a waiting list of 4, {on}"],
        "Talk": [f"likes to talk first, {on}"],
        "Today": ["1 place now"],
    }


def test_full_ones_come_last_however_near(house: House):
    house.load(
        service("Full", at=north(10), capacity={"state": "full"}),
        service("Open", at=north(2000), capacity={"state": "taking", "places": 1}),
    )
    assert house.names(near=NEAR) == ["Open", "Full"]
    assert reasons(house, near=NEAR)["Open"][-1] == "1 place now"


def test_day_is_yes_no_or_unknown(house: House):
    house.load(
        service("Mondays", schedules=[weekly("MO")]),
        service("Second Mondays", schedules=[weekly("2MO", freq="MONTHLY")]),
        service("Tuesdays", schedules=[weekly("TU")]),
        service("Once Mondays", schedules=[weekly("MO", valid_to="2026-11-01")]),
        service("Any time"),
    )
    assert house.names(day="MO") == ["Mondays", "Second Mondays", "Any time", "Once Mondays"]
    assert house.names(day="monday") == house.names(day="MO")
    said = reasons(house, day="MO")
    assert said["Mondays"] == ["Monday 10:00 to 12:00"]
    assert said["Second Mondays"] == ["second Monday of the month 10:00 to 12:00"]
    assert "whether it runs on a Monday" in asks(house, day="MO")["Any time"]


def test_times_of_a_location_and_odd_rules_are_said_too(house: House):
    at = {"location": {"name": "Room"}, "schedules": [weekly("WE", interval=2)]}
    house.load(
        service("Fortnightly", service_at_locations=[at]),
        service("Described", schedules=[{"description": "When the tide allows"}]),
        service("Last Friday", schedules=[{"freq": "MONTHLY", "byday": "-1FR"}]),
        service("From ten", schedules=[{"byday": "SA,SU", "opens_at": "10:00"}]),
    )
    found = {
        each["service"]["name"]: each["when"] for each in house.get("/directory/search")["contents"]
    }
    assert found == {
        "Fortnightly": ["every other Wednesday 10:00 to 12:00"],
        "Described": ["When the tide allows"],
        "Last Friday": ["last Friday of the month"],
        "From ten": ["Saturday and Sunday 10:00"],
    }


def test_cost_is_yes_no_or_unknown(house: House):
    house.load(
        service("Free", cost=0),
        service("Three pounds", cost=3),
        service("Five pounds", cost=5.5),
        service("Was dear", cost_options=[{"amount": 90, "valid_to": "2020-01-01"}]),
        service("Not said", fees="Ask at the door"),
    )
    assert house.names(cost_max="3") == ["Free", "Three pounds", "Not said", "Was dear"]
    said = reasons(house, cost_max="10")
    assert said["Free"] == ["free"]
    assert said["Three pounds"] == ["£3 a session"]
    assert said["Five pounds"] == ["£5.50 a session"]
    assert "what it costs" in asks(house, cost_max="3")["Not said"]
    costs = {
        each["service"]["name"]: each.get("cost")
        for each in house.get("/directory/search")["contents"]
    }
    assert costs["Not said"] == {"text": "Ask at the door"}
    assert costs["Free"] == {"from": 0, "text": "free"}
    assert reasons(house)["Three pounds"] == []


def test_access_is_yes_no_or_unknown_and_all_of_it_is_asked_for(house: House):
    house.load(
        service("Both", at=north(10), access=["step-free", "bsl"]),
        service("One, other unknown", at=north(20), access=["step-free"]),
        service("One, other not", at=north(30), access=["step-free", "!bsl"]),
        service("Steps", at=north(40), access=["!step-free", "bsl"]),
        service("Nothing said", at=north(50)),
    )
    both = {"access": "step-free,bsl", "near": NEAR}
    assert house.names(**both) == ["Both", "One, other unknown", "Nothing said"]
    assert "step-free access and British Sign Language" in reasons(house, **both)["Both"]
    assert "about British Sign Language" in asks(house, **both)["One, other unknown"]
    assert house.names(access="step-free", near=NEAR) == [
        "Both",
        "One, other unknown",
        "One, other not",
        "Nothing said",
    ]


def test_among_equals_the_one_with_fewer_questions_comes_first(house: House):
    house.load(
        service("A unknown", at=north(100)), service("B known", at=north(100), access=["parking"])
    )
    assert house.names(near=NEAR) == ["A unknown", "B known"]
    assert house.names(near=NEAR, access="parking") == ["B known", "A unknown"]


def test_language_is_yes_no_or_to_be_arranged(house: House):
    house.load(
        service("Speaks Urdu", languages=[{"code": "ur-PK", "name": "Urdu"}, {"code": "en"}]),
        service("English only", speaks=["en"]),
        service("English, interpreter", speaks=["en"], interpretation_services="On request"),
        service("Not said"),
    )
    assert house.names(language="ur") == ["Speaks Urdu", "English, interpreter", "Not said"]
    assert reasons(house, language="ur")["Speaks Urdu"] == ["in Urdu"]
    said = asks(house, language="UR")
    assert "whether the language can be arranged" in said["English, interpreter"]
    assert house.get("/directory/search", 400, language="Urdu!")["element"] == "language"


@pytest.mark.parametrize("asked", ["ur", "urd"])
def test_a_language_is_the_same_by_its_code_of_two_letters_and_of_three(house: House, asked: str):
    """HSDS takes ISO 639-1, 639-2 and 639-3."""
    house.load(
        service("Three letters", speaks=["urd"]),
        service("Two letters", speaks=["UR-PK"]),
        service("Another", speaks=["eng"]),
    )
    found = reasons(house, language=asked)
    assert found == {"Three letters": ["in Urdu"], "Two letters": ["in Urdu"]}


def test_age_is_a_limit_of_the_service_and_hard(house: House):
    house.load(
        service("Over fifty", minimum_age=50),
        service("Young", maximum_age=25),
        service("Anyone"),
    )
    assert house.names(age=70) == ["Anyone", "Over fifty"]
    assert house.names(age=20) == ["Anyone", "Young"]
    assert house.names(age=50) == ["Anyone", "Over fifty"]


def test_words_narrow_the_search(house: House):
    house.load(service("Choir", description="Singing together"), service("Chess"))
    assert house.names(search="sing") == ["Choir"]
    assert house.names(search="hess") == ["Chess"]


def test_what_is_not_running_is_not_offered(house: House):
    house.load(
        service("Running"),
        service("Closed", status="temporarily closed"),
        service("Gone", status="defunct"),
    )
    assert house.names() == ["Running"]


def test_a_postcode_is_looked_up_in_the_gazetteer(house: House):
    house.load(
        service("Heptonstall", at=(53.7505, -2.0238)), service("Pontefract", at=(53.69, -1.31))
    )
    assert house.names(near="HX7 6AA", within=5000) == ["Heptonstall"]
    assert house.names(near="hx76aa", within=5000) == ["Heptonstall"]
    assert house.names(near="WF8", within=5000) == ["Pontefract"]
    full = house.get("/directory/search", 400, near="AB10 1AA")
    assert full["element"] == "near"
    assert "'AB10'" in full["detail"]


@pytest.mark.parametrize(
    ("near", "words"),
    [
        ("91,0", "latitude"),
        ("53.7,181", "longitude"),
        ("nan,1", "latitude"),
        ("53.7,inf", "longitude"),
        ("here,there", "two numbers"),
        ("1,2,3", "two numbers"),
        ("HX7 66A", "second part"),
        ("H@X7 6AA", "first part"),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_the_part_named(house: House, near: str, words: str):
    problem = house.get("/directory/search", 400, near=near)
    assert problem["element"] == "near"
    assert words in problem["detail"]


@pytest.mark.parametrize(
    ("query", "element"),
    [
        ({"within": "1000"}, "within"),
        ({"near": "HX1", "within": "-1"}, "within"),
        ({"near": "HX1", "within": "900000"}, "within"),
        ({"cost_max": "-2"}, "cost_max"),
        ({"cost_max": "cheap"}, "cost_max"),
        ({"free_place": "true"}, "free_place"),
        ({"free_places": "perhaps"}, "free_places"),
        ({"day": "XX"}, "day"),
        ({"page": "0"}, "page"),
        ({"need": "a\x00"}, "need"),
        ({"need": ",".join(["work"] * 21)}, "need"),
    ],
)
def test_other_slips_are_refused_by_name(house: House, query: dict[str, str], element: str):
    problem = house.get("/directory/search", 400, **query)
    assert problem["element"] == element
    assert problem["detail"]


def test_pages_of_a_search_follow_one_another(house: House):
    house.load(*(service(f"S{number}", at=north(100 * number)) for number in range(1, 8)))
    first = house.get("/directory/search", near=NEAR, per_page=3)
    assert (first["total_items"], first["total_pages"], first["last_page"]) == (7, 3, False)
    names = [name for page in (1, 2, 3) for name in house.names(near=NEAR, per_page=3, page=page)]
    assert names == [f"S{number}" for number in range(1, 8)]
    assert house.names(near=NEAR, per_page=3, page=9) == []


def test_the_demo_answers_a_real_question(demo: House):
    found = demo.get(
        "/directory/search",
        need="loneliness",
        near="HX7 6AA",
        within=5000,
        day="TU",
        free_places="true",
    )["contents"]
    first = found[0]
    assert first["service"]["name"] == "Singing for Breath and Company"
    assert first["provider"]["name"] == "The Calder Larks"
    assert first["distance_metres"] < 500
    assert first["capacity"]["places"] == 3
    assert first["reasons"] == [
        "helps with loneliness",
        "about 200 m away",
        "Tuesday 10:00 to 12:00",
        "3 places now",
        "last checked by a person 7 months ago",
    ]
    assert first["ask"] == []
    assert first["cost"] == {"from": 2, "text": "£2.00 a session"}
    by_phone = next(each for each in found if each["service"]["name"] == "Tuesday Telephone Tree")
    assert "by phone" in by_phone["reasons"]
    assert "distance_metres" not in by_phone


def test_a_visit_comes_to_you(demo: House):
    found = demo.get("/directory/search", need="loneliness", near="HX4", within=3000)["contents"]
    visit = next(each for each in found if each["service"]["name"] == "A Knock on the Door")
    assert "comes to you" in visit["reasons"]
    assert visit["tier"] == 3


def test_a_lapsed_agreement_pauses_the_tier(demo: House):
    found = demo.get("/directory/search", search="Sit-in Sailing")["contents"][0]
    assert found["tier"] == 1
    listing = demo.get(f"/directory/listings/{found['service']['id']}")["kersey"]
    assert (listing["tier_asked"], listing["tier_missing"]) == (2, ["sharing-agreement"])
    soon = demo.get("/directory/search", search="Armchair Theatre")["contents"][0]
    listing = demo.get(f"/directory/listings/{soon['service']['id']}")["kersey"]
    assert (listing["tier"], listing["tier_until"]) == (2, "2027-01-02")


HALF_KNOWN = (
    service("Mondays", schedules=[weekly("MO")]),
    service("And by the tide", schedules=[weekly("MO"), {"description": "When the tide allows"}]),
    service("And on the 15th", schedules=[weekly("MO"), {"freq": "MONTHLY", "bymonthday": "15"}]),
    service("And nothing", schedules=[weekly("MO"), {"attending_type": "in person"}]),
    service("Ten pounds", cost=10),
    service(
        "Less for some", cost_options=[{"amount": 10}, {"amount_description": "Less on benefits"}]
    ),
    service("English", speaks=["en"]),
    service("And one by name", languages=[{"code": "en"}, {"name": "Mirpuri"}]),
)
"""Services of which one thing is known, and some of which say that there is more."""


def answered_by_half_known(house: House) -> list[list[str]]:
    asked = ({"day": "TU"}, {"cost_max": "3"}, {"language": "pa"}, {"day": "MO"})
    return [sorted(house.names(**each)) for each in asked]


def left_by(*out: str) -> list[str]:
    return sorted(each.name for each in HALF_KNOWN if each.name not in out)


BY_HALF_KNOWN = [
    left_by("Mondays", "And nothing"),
    left_by("Ten pounds"),
    left_by("English"),
    left_by(),
]


def test_what_is_listed_without_saying_when_or_how_much_is_unknown_beside_what_is_said(
    house: House,
):
    house.load(*HALF_KNOWN)
    assert answered_by_half_known(house) == BY_HALF_KNOWN
    assert "whether it runs on a Tuesday" in asks(house, day="TU")["And by the tide"]
    assert "what it costs" in asks(house, cost_max="3")["Less for some"]


def test_what_was_flat_before_says_it_from_the_migration_on(house: House):
    house.load(*HALF_KNOWN)
    before = """
        UPDATE matchable SET languages = array_remove(languages, NULL),
            cost_amounts = array_remove(cost_amounts, NULL),
            cost_until = cost_until[1:cardinality(array_remove(cost_amounts, NULL))],
            slot_days = array_remove(slot_days, NULL),
            slot_opens = slot_opens[1:cardinality(array_remove(slot_days, NULL))],
            slot_closes = slot_closes[1:cardinality(array_remove(slot_days, NULL))],
            slot_until = slot_until[1:cardinality(array_remove(slot_days, NULL))]
    """
    filling = import_module(
        "services.providers.migrations.0028_times_and_prices_nobody_knows"
    ).FILLED
    with house.engine.begin() as connection:
        connection.execute(text(before))
    assert answered_by_half_known(house)[0] == left_by(
        *(each.name for each in HALF_KNOWN if each.schedules)
    )
    for _ in range(2):
        with house.engine.begin() as connection:
            for statement in filling:
                connection.execute(text(statement))
    assert answered_by_half_known(house) == BY_HALF_KNOWN


def test_at_the_pole_who_is_near_is_found_as_elsewhere(house: House):
    house.load(
        service("On it", needs=["work"], at=(90.0, 0.0)),
        service("Across it", needs=["work"], at=(89.95, 100.0)),
        service("Too far", needs=["work"], at=(89.9, 5.0)),
    )
    asked = {"near": "90,10", "within": "6000"}
    assert house.names(**asked) == house.names(need="work", **asked) == ["On it", "Across it"]
