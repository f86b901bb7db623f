"""POST /directory/match: what fits one person, in which order, why, and what nearly does."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import literal, select, text

from services.providers.matching import sentences
from services.providers.matching.weights import weights
from shared.database import UnitOfWork
from tests.providers.conftest import House
from tests.providers.listings import SQUARE, attribute, north, service, weekly

HERE = list(SQUARE)


def ask(house: House, *, status: int = 200, scope: str = "cases", **body: Any) -> Any:
    return house.send(
        "POST", "/directory/match", body, status=status, scope=scope, roles=("link-worker",)
    )


def fitting(house: House, **body: Any) -> list[str]:
    return [each["service"]["name"] for each in ask(house, **body)["matches"]]


def missed(house: House, **body: Any) -> dict[str, list[tuple[str, bool, str]]]:
    return {
        each["service"]["name"]: [
            (no["criterion"], no["hard"], no["reason"]) for no in each["excluded"]
        ]
        for each in ask(house, **body)["near_misses"]
    }


def test_a_whole_question_is_answered_with_reasons_and_near_misses(demo: House):
    answer = ask(
        demo,
        needs=["loneliness"],
        activities=["music"],
        near="HX7 6AA",
        travel={"by": "walk", "minutes": 30},
        days=["TU", "WE"],
        start="09:00",
        end="13:00",
        age=70,
        languages=["en"],
        access=["step-free"],
        cost_max=3,
        formats=["group"],
    )
    first = answer["matches"][0]
    assert first["service"]["name"] == "Singing for Breath and Company"
    assert first["reasons"] == [
        "helps with loneliness",
        "singing",
        "about 200 m away",
        "about 5 minutes on foot",
        "Tuesday 10:00 to 12:00",
        "step-free access",
        "£2 a session",
        "in English",
        "3 places now",
        "last checked by a person 7 months ago",
    ]
    assert 0 < first["score"] <= 1
    assert first["ask"] == []
    assert answer["near_misses"]
    assert all(no["reason"] for each in answer["near_misses"] for no in each["excluded"])
    assert answer["weights"] == weights().version


def test_the_same_question_has_the_same_answer(demo: House):
    body: dict[str, Any] = {
        "needs": ["low-mood", "money"],
        "near": "BD18",
        "within": 9000,
        "near_misses": 20,
    }
    assert ask(demo, **body) == ask(demo, **body)


def test_only_who_works_with_people_may_ask(house: House):
    house.load(service("Choir"))
    assert fitting(house) == ["Choir"]
    assert ask(house, scope="directory.read")["total"] == 1
    assert ask(house, status=403, scope="directory.write")["element"] == "scope"
    assert house.client.post("/directory/match", json={}).status_code == 401


def test_unknown_never_excludes_and_counts_half(house: House):
    house.load(
        service("Known", needs=["work"], cost=2, speaks=["ur"], access=["step-free"],
                schedules=[weekly("MO")], at=north(100)),
        service("Silent", needs=["work"], at=north(100)),
        service("Nowhere", needs=["work"]),
    )  # fmt: skip
    body: dict[str, Any] = {
        "needs": ["work"],
        "near": HERE,
        "within": 1000,
        "days": ["MO"],
        "cost_max": 5,
        "languages": ["ur"],
        "access": ["step-free"],
    }
    answer = ask(house, **body)
    assert [each["service"]["name"] for each in answer["matches"]] == ["Known", "Silent", "Nowhere"]
    assert answer["near_misses"] == []
    asked = answer["matches"][1]["ask"]
    assert asked == [
        "whether it runs on a Monday",
        "whether there is room",
        "what it costs",
        "whether the language can be arranged",
        "about step-free access",
    ]
    assert "where it meets" in answer["matches"][2]["ask"]
    scores = {each["service"]["name"]: each["score"] for each in answer["matches"]}
    assert scores["Known"] > scores["Silent"] > 0.5


def test_each_no_is_told_with_its_reason(house: House):
    house.load(
        service("Far", needs=["work"], at=north(1400)),
        service("Too far to be near", needs=["work"], at=north(2500)),
        service("Thursday", needs=["work"], schedules=[weekly("TH", "10:00", "12:00")]),
        service("Late", needs=["work"], schedules=[weekly("MO", "18:00", "20:00")]),
        service("Dear", needs=["work"], cost=9.5),
        service("Polish", needs=["work"], languages=[{"code": "pl", "name": "Polish"}]),
        service("Punjabi", needs=["work"], languages=[{"code": "pa-PK"}]),
        service("Steps", needs=["work"], access=["!step-free"]),
        service("Old", needs=["work"], minimum_age=55),
        service("Young", needs=["work"], minimum_age=11, maximum_age=18),
        service("Full", needs=["work"], capacity={"state": "full"}),
        service("Elsewhere", needs=["work"], service_areas=[{"hub": "leeds"}]),
        service("Leeds", needs=["work"], service_areas=[{"hub": "leeds", "name": "Leeds"}]),
    )
    body: dict[str, Any] = {
        "needs": ["work"], "near": "HX1", "days": ["MO"], "start": "09:00", "end": "17:00",
        "cost_max": 5, "languages": ["en"], "access": ["step-free"], "age": 40,
        "free_places": True, "near_misses": 20,
    }  # fmt: skip
    assert missed(house, **body) == {
        "Thursday": [
            ("time", False, "runs Thursday 10:00 to 12:00, not on a Monday from 09:00 until 17:00")
        ],
        "Late": [
            ("time", False, "runs Monday 18:00 to 20:00, not on a Monday from 09:00 until 17:00")
        ],
        "Dear": [("cost", False, "costs £9.50 a session, more than £5")],
        "Polish": [("language", False, "offered in Polish only")],
        "Punjabi": [("language", False, "offered in Punjabi only")],
        "Steps": [("access", False, "no step-free access")],
        "Old": [("age", True, "for people aged 55 and over")],
        "Young": [("age", True, "for people aged 11 to 18")],
        "Full": [("free_places", False, "full just now")],
        "Elsewhere": [("area", False, "for people who live in another place")],
        "Leeds": [("area", False, "for another place: Leeds")],
    }
    near: dict[str, Any] = {"needs": ["work"], "near": HERE, "within": 1000, "near_misses": 20}
    assert missed(house, **near) == {
        "Far": [("distance", False, "about 1.4 km away, farther than about 1.0 km")]
    }


def test_a_worker_overrides_what_is_soft_and_nothing_else(house: House):
    house.load(
        service("Dear", needs=["work"], cost=9),
        service("Cheap", needs=["work"], cost=1),
        service("Old", needs=["work"], minimum_age=55),
    )
    body: dict[str, Any] = {"needs": ["work"], "cost_max": 5, "age": 40}
    assert fitting(house, **body) == ["Cheap"]
    why = [{"criterion": "cost", "reason": "The hub pays the fee."}]
    answer = ask(house, **body, overrides=why)
    assert [each["service"]["name"] for each in answer["matches"]] == ["Cheap", "Dear"]
    assert answer["matches"][1]["overridden"] == [
        {
            "criterion": "cost",
            "hard": False,
            "reason": "costs £9 a session, more than £5",
            "override": "The hub pays the fee.",
        }
    ]
    assert [each["service"]["name"] for each in answer["near_misses"]] == ["Old"]
    hard = [{"criterion": "age", "reason": "Nearly 55."}]
    assert ask(house, **body, overrides=hard, status=422)
    silent = [{"criterion": "cost", "reason": " "}]
    assert ask(house, **body, overrides=silent, status=422)


def groups() -> list[Any]:
    """A group for each kind of company, and one that says nothing."""
    said = {"Hers": "women", "His": "men", "Everyone's": "mixed", "Pride": "lgbt"}
    return [
        *(service(name, attributes=[attribute("company", code)]) for name, code in said.items()),
        service("Silent", eligibility_description="<p>Adults of Halifax</p>"),
    ]


def test_whom_a_group_is_for_is_no_reason_unless_it_was_asked_for(house: House):
    """Who somebody is, is not asked: whether a group for some alone suits, the worker checks."""
    house.load(*groups())
    answer = ask(house)
    assert answer["near_misses"] == [], "unknown leaves nobody out"
    found = {each["service"]["name"]: each for each in answer["matches"]}
    assert {name: each["check"] for name, each in found.items()} == {
        "Hers": ["for women only: check that this suits"],
        "His": ["for men only: check that this suits"],
        "Pride": ["for LGBT+ people: check that this suits"],
        "Everyone's": [],
        "Silent": [],
    }
    assert not any("for " in reason for each in found.values() for reason in each["reasons"])
    assert found["Silent"]["service"]["eligibility_description"] == "<p>Adults of Halifax</p>"
    searched = {
        each["service"]["name"]: each for each in house.get("/directory/search")["contents"]
    }
    assert searched["Hers"]["check"] == found["Hers"]["check"]
    assert searched["Hers"]["reasons"] == found["Hers"]["reasons"]


@pytest.mark.parametrize(
    ("company", "first", "left_out"),
    [
        ("women", "Hers", {"His": True, "Everyone's": False}),
        ("men", "His", {"Hers": True, "Everyone's": False}),
        ("mixed", "Everyone's", {"Hers": False, "His": False}),
        ("lgbt", "Pride", {}),
    ],
)
def test_a_group_for_one_sex_comes_first_where_it_is_asked_for(
    house: House, company: str, first: str, left_out: dict[str, bool]
):
    """A group for the other sex alone is a limit of law, and any other only not what was asked."""
    house.load(*groups())
    answer = ask(house, company=company)
    best = answer["matches"][0]
    assert best["service"]["name"] == first
    whom = {"women": "women only", "men": "men only", "mixed": "everyone", "lgbt": "LGBT+ people"}
    assert f"for {whom[company]}" in best["reasons"]
    assert best["check"] == []
    silent = next(each for each in answer["matches"] if each["service"]["name"] == "Silent")
    assert f"whether it is for {whom[company]}" in silent["ask"]
    said = missed(house, company=company)
    assert {name: hard for name, ((_, hard, _),) in said.items()} == left_out
    for name, ((criterion, hard, reason),) in said.items():
        assert criterion == ("company_law" if hard else "company")
        own = {"Hers": "women only", "His": "men only", "Everyone's": "everyone"}[name]
        assert reason == f"for {own}"
    for each in answer["near_misses"]:
        assert each["check"] == []
        assert not any("whether it is for" in words for words in each["ask"])


def test_a_group_that_is_not_what_was_asked_for_may_be_let_in_with_a_reason(house: House):
    house.load(*groups())
    why = [{"criterion": "company", "reason": "Her friend goes there, too."}]
    body: dict[str, Any] = {"company": "women", "overrides": why}
    assert sorted(fitting(house, **body)) == ["Everyone's", "Hers", "Pride", "Silent"]
    assert list(missed(house, **body)) == ["His"], "that one is closed by law"


def test_a_visit_needs_checks_that_have_not_lapsed(house: House):

    kinds = ("sharing-agreement", "privacy-contact", "safeguarding-lead", "checks")

    def visit(name: str, expires: str | None) -> Any:
        evidence = [{"kind": kind, "seen": "2026-01-01", "expires": expires} for kind in kinds]
        return service(
            name,
            attributes=[attribute("need", "work"), attribute("format", "at-home")],
            kersey={"tier": 3, "evidence": evidence},
        )

    house.load(
        visit("Checked", None),
        visit("Lapsed", "2026-11-22"),
        service("Never", attributes=[attribute("need", "work"), attribute("format", "at-home")]),
    )
    body: dict[str, Any] = {"needs": ["work"], "near_misses": 5}
    assert fitting(house, **body) == ["Checked"]
    assert {name: noes[0][:2] for name, noes in missed(house, **body).items()} == {
        "Lapsed": ("home_checks", True),
        "Never": ("home_checks", True),
    }


def test_nearer_roomier_and_more_of_the_needs_come_first(house: House):
    house.load(
        service("Both needs", needs=["work", "money"], at=north(900)),
        service("Near", needs=["work"], at=north(100)),
        service("Less near", needs=["work"], at=north(4000)),
        service("Near and full", needs=["work"], at=north(100), capacity={"state": "full"}),
    )
    body: dict[str, Any] = {"needs": ["work", "money"], "near": HERE}
    assert fitting(house, **body) == ["Both needs", "Near", "Near and full", "Less near"]


def test_limits_are_kept_and_the_total_tells_how_many_there_are(house: House):
    house.load(*(service(f"S{number}", needs=["work"]) for number in range(6)))
    answer = ask(house, needs=["work"], limit=2)
    assert (len(answer["matches"]), answer["total"]) == (2, 6)
    assert ask(house, needs=["work"], limit=1, near_misses=0)["near_misses"] == []


def test_a_way_of_travelling_stands_for_a_distance(house: House):
    house.load(service("Near", at=north(1000)), service("Far", at=north(5000)))
    assert fitting(house, near=HERE, travel={"by": "walk"}) == ["Near"]
    assert fitting(house, near=HERE, travel={"by": "bus"}) == ["Near", "Far"]
    reasons = ask(house, near=HERE, travel={"by": "bus"})["matches"][1]["reasons"]
    assert "about 30 minutes by bus" in reasons


@pytest.mark.parametrize(
    ("body", "status", "element"),
    [
        ({"needs": ["lonelyness"]}, 400, "needs"),
        ({"activities": ["golf"]}, 400, "activities"),
        ({"access": ["lift"]}, 400, "access"),
        ({"formats": ["fax"]}, 400, "formats"),
        ({"near": "AB10 1AA"}, 400, "near"),
        ({"near": "HX7 66A"}, 422, "body.near"),
        ({"near": [91, 0]}, 422, "body.near"),
        ({"within": 100}, 422, "body"),
        ({"near": "HX1", "within": 100, "travel": {"by": "bus"}}, 422, "body"),
        ({"near": "HX1", "travel": {"by": "horse"}}, 422, "body.travel.by"),
        ({"days": ["XX"]}, 422, "body.days.0"),
        ({"start": "12:00", "end": "11:00"}, 422, "body"),
        ({"age": -1}, 422, "body.age"),
        ({"limit": 0}, 422, "body.limit"),
        ({"offset": -1}, 422, "body.offset"),
        ({"matters": "a\x00b"}, 422, "body.matters"),
        ({"matters": "a" * 4001}, 422, "body.matters"),
        ({"ethnicity": "any"}, 422, "body.ethnicity"),
    ],
)
def test_slips_are_refused_by_name(house: House, body: Any, status: int, element: str):
    house.load(service("Choir"))
    problem = ask(house, **body, status=status)
    assert problem["element"] == element
    assert problem["detail"]
    assert "a" * 50 not in str(problem)


def test_a_slip_is_told_what_to_give_instead(house: House):
    house.load(service("Choir"))
    words = "Give a language by its code (BCP 47), such as en, ur or pl."
    assert ask(house, languages=["Urdu"], status=422)["detail"] == words
    asked = house.get("/directory/search", language="urdu", status=400)
    assert (asked["element"], asked["detail"]) == ("language", words)
    assert ask(house, needs="food", status=422)["detail"] == "Give a list, even of one: [...]."


def test_what_is_flat_follows_the_listing(house: House):
    """A place that two services share changes for both when either is listed anew."""
    room = {"id": "33333333-2222-5333-8444-555555555555", "name": "Shared room"}

    def at(latitude: float) -> Any:
        return [{"location": room | {"latitude": latitude, "longitude": SQUARE[1]}}]

    first, second = north(100)[0], north(3000)[0]
    house.load(
        service("One", service_at_locations=at(first)),
        service("Two", service_at_locations=at(first)),
    )
    assert sorted(fitting(house, near=HERE, within=1000)) == ["One", "Two"]
    house.load(service("One", service_at_locations=at(second)))
    assert fitting(house, near=HERE, within=1000) == []
    house.load(service("One", service_at_locations=[]))
    assert fitting(house, near=HERE, within=1000) == ["One"]
    assert house.count("matchable") == 2


def test_the_examples_of_the_guide_are_answered(demo: House):
    guide = Path(__file__).parents[2] / "docs" / "guides" / "directory-matching.md"
    examples = re.findall(r"```json\n(.+?)```", guide.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 2
    whole, overriding = (ask(demo, **orjson.loads(each)) for each in examples)
    assert "music" in whole["understood"]["activity"]
    assert "bereavement" in whole["understood"]["need"]
    assert whole["matches"]
    assert "overridden" in next(
        each for each in overriding["matches"] if each["service"]["name"] == "Curtains Closed Swim"
    )


def test_the_border_of_a_place_stands_in_nobodys_way(demo: House):
    """Pudsey is Leeds, and the oven of Barkerend in Bradford is four kilometres off."""
    near, across = "LS28", "Naan and Sourdough Swap"
    assert demo.get("/directory/postcodes/LS28 7AA")["hub"] == "leeds"
    found = ask(demo, needs=["food"], near=near, within=6000, limit=50)["matches"]
    (bread,) = [each for each in found if each["service"]["name"] == across]
    assert any("away" in reason for reason in bread["reasons"])
    key = bread["service"]["id"]
    assert demo.get(f"/directory/listings/{key}")["kersey"]["hub"] == "bradford"


def test_what_a_person_looked_at_lately_comes_first_and_nothing_is_excluded(house: House):
    fresh, old, never = (
        service(name, **more)
        for name, more in (
            ("Looked at lately", {"assured_date": "2026-08-20"}),
            ("Looked at long ago", {"assured_date": "2023-11-01"}),
            ("Never looked at", {}),
        )
    )
    house.load(old, never, fresh)
    answer = ask(house)
    assert [each["service"]["name"] for each in answer["matches"]] == [
        "Looked at lately",
        "Never looked at",
        "Looked at long ago",
    ]
    assert [each["reasons"][-1:] for each in answer["matches"]] == [
        ["last checked by a person 3 months ago"],
        answer["matches"][1]["reasons"][-1:],
        ["last checked by a person 3 years ago"],
    ]
    assert not any("checked" in each for each in answer["matches"][1]["reasons"])
    at = answer["matches"][2]["service"]["id"]
    house.send("POST", f"/directory/services/{at}/verify", {"how": "phone"})
    looked = ask(house)["matches"][0]
    assert looked["service"]["id"] == at
    assert looked["reasons"][-1] == "last checked by a person today"


AROUND: dict[str, Any] = {"needs": ["work"], "near": HERE, "within": 5000, "near_misses": 0}


def weighing(monkeypatch: pytest.MonkeyPatch, nearest: int) -> None:
    few = replace(weights(), nearest=nearest)
    monkeypatch.setattr("services.providers.matching.engine.weights", lambda: few)


def at_places(house: House, **more: Any) -> None:
    """Five places in no order, and what is nowhere."""
    for metres in (4000, 100, 3000, 200, 2000):
        house.load(service(f"At {metres}", needs=["work"], at=north(metres), **more))
    house.load(service("Sewing for fun", needs=["low-mood"], at=north(50)))
    house.load(service("Nowhere", needs=["work"]))


def test_where_enough_of_the_nearest_fit_those_farther_off_are_not_weighed(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    at_places(house)
    weighing(monkeypatch, 3)
    answer = ask(house, **AROUND, limit=3)
    names = [each["service"]["name"] for each in answer["matches"]]
    assert names == ["At 100", "At 200", "At 2000"]
    assert answer["nearest"] == 3
    assert answer["total"] == 4, "the nearest three, and whatever is nowhere"


def test_each_page_is_of_the_same_services(house: House, monkeypatch: pytest.MonkeyPatch):
    at_places(house)
    weighing(monkeypatch, 3)
    pages = [ask(house, **AROUND, limit=3, offset=offset) for offset in (0, 3)]
    names = [each["service"]["name"] for page in pages for each in page["matches"]]
    assert names == ["At 100", "At 200", "At 2000", "Nowhere"]
    assert [(each["nearest"], each["total"]) for each in pages] == [(3, 4)] * 2


def test_where_too_few_of_the_nearest_fit_everything_in_reach_is_weighed(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    at_places(house, languages=[{"code": "pl"}])
    house.load(
        service("Far and in Urdu", needs=["work"], at=north(4500), languages=[{"code": "ur"}])
    )
    body = AROUND | {"languages": ["ur"]}
    weighing(monkeypatch, 1000)
    of_all = ask(house, **body, limit=3)
    assert "nearest" not in of_all
    assert "Far and in Urdu" in [each["service"]["name"] for each in of_all["matches"]]
    weighing(monkeypatch, 3)
    assert ask(house, **body, limit=3) == of_all


def test_of_words_alone_the_nearest_are_weighed_first_too(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    at_places(house)
    weighing(monkeypatch, 1)
    answer = ask(house, matters="sewing", near=HERE, limit=1)
    assert [each["service"]["name"] for each in answer["matches"]] == ["Sewing for fun"]


def test_what_only_says_some_of_the_words_is_weighed_where_too_few_are_of_the_terms(house: House):
    house.load(
        service("Of the need", needs=["work"], at=north(400), description="Letters and forms."),
        service("Nowhere", needs=["work"], description="By post."),
        service("Says bobbins", at=north(100), description="Bobbins, on Tuesdays."),
        service("Neither", at=north(50), description="Chess."),
    )
    body = AROUND | {"matters": "bobbins"}
    assert fitting(house, **body, limit=2) == ["Of the need", "Nowhere"]
    assert ask(house, **body, limit=2)["total"] == 2
    assert fitting(house, **body, limit=3) == ["Of the need", "Nowhere", "Says bobbins"]
    assert fitting(house, **body, limit=2, offset=2) == [], "each page is of the same services"


@pytest.mark.parametrize("matters", ["I sing and I sew, and I would like company", None])
def test_whoever_asks_for_fewer_gets_the_first_of_those_who_ask_for_more(demo: House, matters: str):
    """Most are left out before their text is looked at: none that would have been shown."""
    rest: dict[str, Any] = {
        "near": "HX7 6AA",
        "within": 30_000,
        "matters": matters,
        "days": ["TU", "WE"],
        "cost_max": 2,
        "age": 70,
    }
    more = ask(demo, **rest, limit=50, near_misses=20)
    for limit, misses in ((1, 0), (3, 1), (10, 4)):
        fewer = ask(demo, **rest, limit=limit, near_misses=misses)
        assert fewer["matches"] == more["matches"][:limit]
        assert fewer["near_misses"] == more["near_misses"][:misses]
        assert fewer["total"] == more["total"]
        later = ask(demo, **rest, limit=limit, near_misses=misses, offset=limit)
        assert later["matches"] == more["matches"][limit : 2 * limit], "the next page"
        assert later["near_misses"] == fewer["near_misses"]
        assert later["total"] == more["total"]
    assert len(more["matches"]) > 10, "else nothing is left out"
    assert len(more["near_misses"]) > 4


def test_room_counts_as_it_is_said_also_by_who_knows_nothing_of_matching(house: House) -> None:
    house.load(service("Full"), service("Open"))
    for name, state in (("Full", "full"), ("Open", "taking")):
        with house.engine.begin() as connection:
            said = "UPDATE capacity SET state = :state FROM service WHERE service.id = service_id"
            connection.execute(text(f"{said} AND name = :name"), {"state": state, "name": name})
    assert fitting(house, free_places=True) == ["Open"]


def test_words_are_found_where_the_text_changes_past_the_handlers(house: House) -> None:
    """Two organisations that are brought together rename their services' texts by one statement."""
    house.load(service("Group", at=north(500)))
    there = {"matters": "carillon bells", "near": HERE, "within": 5000}
    assert fitting(house, **there) == []
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE service SET search_text = 'carillon'"))
    assert fitting(house, **there) == ["Group"]


TWO_VALUES: dict[str, tuple[Any, Any]] = {
    "needs": (["loneliness"], ["money"]),
    "activities": (["music"], ["gardening"]),
    "matters": ("breath", "seeds"),
    "near": ("HX7 6AA", "BD1 1AA"),
    "within": (300, 6000),
    "days": (["TU"], ["FR"]),
    "start": ("09:00", "16:00"),
    "end": ("11:00", "21:00"),
    "age": (8, 70),
    "languages": (["en"], ["ur"]),
    "access": (["step-free"], ["hearing-loop"]),
    "cost_max": (0, 9),
    "formats": (["group"], ["online"]),
    "company": ("women", "men"),
    "limit": (1, 7),
    "offset": (0, 3),
    "near_misses": (0, 3),
}


@pytest.mark.parametrize("name", TWO_VALUES)
def test_a_statement_that_was_written_for_another_question_answers_this_one(demo: House, name: str):
    """Two questions of one kind share a statement; whatever was written first must not matter."""
    rest: dict[str, Any] = {"near": "HX7 6AA", "within": 3000, "days": ["TU"]}
    two = [rest | {name: value} for value in TWO_VALUES[name]]
    alone = []
    for each in two:
        sentences._written.clear()
        alone.append(ask(demo, **each))
    sentences._written.clear()
    assert [ask(demo, **each) for each in two] == alone
    assert alone[0] != alone[1]


def test_the_kinds_that_were_asked_last_are_kept_written(house: House):
    written: list[int] = []

    def write(number: int) -> Any:
        written.append(number)
        return select(literal(number))

    with UnitOfWork(house.engine) as uow:
        for number in (*range(3 * sentences.KEPT), 3 * sentences.KEPT - 1, 0):
            sentences.ask(uow.session, ("test", number), {}, partial(write, number))
    assert written == [*range(3 * sentences.KEPT), 0]
    assert len(sentences._written) <= 1.5 * sentences.KEPT


# --- one service alone -----------------------------------------------------------------------


def test_one_service_alone_is_told_with_all_that_speaks_against_it(house: House):
    """Also where it has more against it than a near miss, and is farther than one."""
    house.load(
        service("Far", at=north(30_000), minimum_age=60, schedules=[weekly("MO")]),
        service("Near", needs=["loneliness"], at=north(100)),
    )
    asked: dict[str, Any] = {
        "needs": ["loneliness"], "near": HERE, "within": 1000, "age": 30, "days": ["TU"],
    }  # fmt: skip
    ids = {each["name"]: each["id"] for each in house.get("/directory/services")["contents"]}
    assert missed(house, **asked, near_misses=20) == {}
    (alone,) = missed(house, **asked, about=ids["Far"]).items()
    assert alone[0] == "Far"
    assert {criterion: hard for criterion, hard, _ in alone[1]} == {
        "distance": False, "time": False, "age": True,
    }  # fmt: skip
    assert fitting(house, **asked, about=ids["Near"]) == ["Near"]
    assert ask(house, about=ids["Far"], age=70)["total"] == 1
    nobody = ask(house, **asked, about="11111111-0000-4000-8000-000000000000")
    assert (nobody["matches"], nobody["near_misses"], nobody["total"]) == ([], [], 0)
