"""The directory in numbers for commissioners and researchers, without the name of any group."""

from typing import Any

import orjson
import pytest

from tests.providers.conftest import House
from tests.providers.listings import HUB, service
from tests.providers.test_funding import paid
from tests.providers.test_gaps import note

AT = "/directory/figures"


def read(house: House, query: str = "", status: int = 200) -> Any:
    return house.send("GET", AT + query, status=status, roles=("analyst",), scope="figures.read")


def rows(house: House, name: str, query: str = "") -> dict[str, int | None]:
    return {each["code"]: each["count"] for each in read(house, query)["tables"][name]["rows"]}


def test_what_was_missing_is_counted_by_need_and_by_place(house: House):
    house.load()
    for need, area, count in (("housing", "HX7", 6), ("money", "LS1", 5)):
        for _ in range(count):
            note(house, need=need, area=area, reason="none")
    assert rows(house, "missing-by-need") == {"housing": 6, "money": 5}
    places = rows(house, "missing-by-place")
    assert (places["calderdale"], places["leeds"], places["bradford"]) == (6, 5, 0)
    assert read(house)["tables"]["missing-by-need"]["total"] == 11
    assert rows(house, "missing-by-need", "?quarter=2026-q3") == {}


def test_a_need_that_few_had_is_not_told_nor_what_would_give_it_away(house: House):
    house.load()
    for _ in range(6):
        note(house, need="housing", area="HX7", reason="none")
    note(house, need="money", area="HX7", reason="none")
    assert rows(house, "missing-by-need") == {"housing": None, "money": None}
    assert rows(house, "missing-by-place")["calderdale"] == 7


def test_what_is_listed_and_whose_money_ends_is_counted_and_no_group_named(house: House):
    ends: Any = {"needs": ["loneliness"], "funding": [paid("2027-01-31")]}
    goes_on: Any = {"needs": ["money"], "funding": [paid("2030-12-31")]}
    house.load(*(service(f"Choir {n}", **ends) for n in range(5)), service("Walks", **goes_on))
    figures = read(house)
    assert rows(house, "listed-by-place")[HUB.code] == 6
    assert rows(house, "listed-by-need") == {"loneliness": 5, "money": 1}, "what is public is shown"
    assert rows(house, "ending-by-place")[HUB.code] == 5
    assert rows(house, "lost-by-place")[HUB.code] == 1
    assert b"Choir" not in orjson.dumps(figures)
    assert b"A fund" not in orjson.dumps(figures)


def test_the_money_of_one_small_group_is_not_to_be_seen(house: House):
    house.load(service("Choir", needs=["loneliness"], funding=[paid("2027-01-31")]))
    assert rows(house, "ending-by-place")[HUB.code] is None
    assert read(house)["tables"]["ending-by-place"]["total"] is None


@pytest.mark.parametrize("quarter", ["2026-q5", "now", "2026-11-01", "1999-q1"])
def test_only_whole_quarters_are_counted(house: House, quarter: str):
    house.load()
    read(house, f"?quarter={quarter}", status=422)


def test_it_is_for_whoever_reads_figures(house: House):
    house.load()
    for role, scope in (("coordinator", "directory.write"), ("link-worker", "cases")):
        house.send("GET", AT, status=403, roles=(role,), scope=scope)
    analyst: Any = {"roles": ("analyst",), "scope": "figures.read", "status": 403}
    for path in ("/directory/gaps", "/directory/funding/ending", "/directory/waiting"):
        house.send("GET", path, **analyst)
