"""The referrals of a quarter in numbers, of which none is small enough to be somebody."""

import json
from datetime import UTC, datetime

import pytest

from shared.quarters import quarter_of
from tests.referrals.test_front_door import FAMILY, said
from tests.referrals.test_walk_ins import came

AT = "/referrals/figures"


def by_code(figures, table):
    return {each["code"]: each["count"] for each in figures["tables"][table]["rows"]}


@pytest.fixture
def reads(house):
    return house.by("researcher")


def test_what_came_is_counted_by_place_by_source_and_by_how_it_ended(house, reads):
    door = house.by("front-door")
    for _ in range(6):
        door.post("/referrals/front-door", said(), status=201)
    for number in range(5):
        sent = house.refer(number=number + 1)
        house.worker.post(f"{sent.at}/accept")
        house.worker.post(f"{sent.at}/close", {"outcome": "not-reached"})
    figures = reads.get(AT)
    assert figures["quarter"] == quarter_of(datetime.now(UTC).date()).name
    assert by_code(figures, "referred-by-place")["bradford"] == 11
    assert by_code(figures, "referred-by-place")["leeds"] == 0
    sources = by_code(figures, "referred-by-source")
    assert (sources["self"], sources["record-system"], sources["police"]) == (6, 5, 0)
    ends = by_code(figures, "referred-by-end")
    assert (ends["going-on"], ends["not-reached"]) == (6, 5)
    walked_in = figures["tables"].pop("walked-in-by-place")
    assert walked_in["total"] == 0
    assert {each["total"] for each in figures["tables"].values()} == {11}
    assert figures["places"]["bradford"].startswith("Bradford")


def test_whoever_came_by_themselves_was_referred_by_nobody_and_is_counted_apart(house, reads):
    for _ in range(5):
        house.by("front-door").post("/referrals/front-door", said(), status=201)
        house.by("provider").post("/referrals/walk-ins", came(), status=201)
    figures = reads.get(AT)
    assert by_code(figures, "walked-in-by-place")["bradford"] == 5
    assert by_code(figures, "referred-by-place")["bradford"] == 5
    assert "walk-in" not in by_code(figures, "referred-by-source")
    assert {each["total"] for each in figures["tables"].values()} == {5}


def test_a_small_number_is_not_shown_nor_what_would_give_it_away(house, reads):
    door = house.by("front-door")
    for _ in range(6):
        door.post("/referrals/front-door", said(), status=201)
    door.post("/referrals/front-door", said(**FAMILY), status=201)
    figures = reads.get(AT)
    sources = by_code(figures, "referred-by-source")
    assert (sources["family"], sources["self"]) == (None, None)
    assert sources["police"] == 0
    assert by_code(figures, "referred-by-place")["bradford"] == 7


def test_few_altogether_are_not_shown_and_nobody_is_named(house, reads):
    house.refer()
    figures = reads.get(AT)
    assert {each["total"] for each in figures["tables"].values()} == {None, 0}
    assert "Thornbeck" not in json.dumps(figures)
    assert figures.keys() == {
        "quarter", "since", "until", "fewest", "places", "tables",
    }  # fmt: skip


def test_another_quarter_has_its_own_and_nothing_else_is_a_time(house, reads):
    for _ in range(5):
        house.by("front-door").post("/referrals/front-door", said(), status=201)
    assert by_code(reads.get(f"{AT}?quarter=2021-q3"), "referred-by-place")["bradford"] == 0
    for wrong in ("2026-q5", "2026", "1999-q1", "2026-11-01", "2026-q1;"):
        reads.get(f"{AT}?quarter={wrong}", status=422)


def test_it_is_for_whoever_reads_figures(house, reads):
    for name in ("link-worker", "coordinator", "provider", "ehr", "front-door", "navigator"):
        assert house.by(name).send("GET", AT).status_code == 403, name
    for path in ("/referrals/cases", "/fhir/Task", "/referrals/practice", "/referrals/counts"):
        assert reads.send("GET", path).status_code == 403, path
