"""Order, pages and totals."""

import random
import threading
from dataclasses import replace

import pytest

import shared.fhir.store.searching as store_module
from shared.fhir.store import Access, SearchResult
from tests.fhir.store.kit import NORTH, SOUTH, Shelf, patient, task


def pages(shelf: Shelf, type_name: str, query: str) -> list[SearchResult]:
    """Every page of a search."""
    request = shelf.request(type_name, query)
    found = []
    while True:
        with shelf.open() as store:
            found.append(store.search(request, Access.of(NORTH)))
        if found[-1].next is None:
            return found
        request = replace(request, after=found[-1].next)


def ids(found: list[SearchResult]) -> list[str]:
    return [stored.id for page in found for stored in page.matches]


def test_120_in_sevens_lose_and_repeat_none_while_others_write(shelf: Shelf):
    stored = [shelf.put(task()).id for _ in range(120)]
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            shelf.put(task())
            with shelf.open() as store:
                store.update(task(id=random.choice(stored)))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        found = ids(pages(shelf, "Task", "status=requested&_count=7"))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(found) == len(set(found))
    assert found[:120] == stored


SORTS = [
    "birthdate",
    "-birthdate",
    "_lastUpdated",
    "-_lastUpdated",
    "family",
    "-family",
    "gender,-family",
    "-gender,birthdate",
    "_id",
    "death-date,-_id",
    "-death-date",
    "identifier",
    "general-practitioner",
    "_profile,family",
    "email",
    "active,-_lastUpdated",
]


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_gives_every_match_once_however_it_is_cut(shelf: Shelf, sort: str):
    pick = random.Random(7)
    for n in range(25):
        person = patient(pick.choice(["Ash", "Beck", "Cole", "Ångström"]))
        if pick.random() < 0.7:
            person["birthDate"] = f"19{pick.randint(50, 52)}-0{pick.randint(1, 3)}-01"
        if pick.random() < 0.7:
            person["gender"] = pick.choice(["male", "female", "other"])
        if pick.random() < 0.5:
            person["deceasedDateTime"] = f"2024-0{pick.randint(1, 3)}-01"
            person["active"] = n % 2 == 0
            person["identifier"] = [{"system": "s", "value": str(n // 2)}]
            person["telecom"] = [{"system": "email", "value": f"{n % 3}@x.test"}]
        shelf.put(person)
    whole = ids(pages(shelf, "Patient", f"_sort={sort}&_count=100"))
    assert len(set(whole)) == 25
    assert ids(pages(shelf, "Patient", f"_sort={sort}&_count=4")) == whole


def test_sorted_by_what_was_asked(shelf: Shelf):
    def person(family: str, birth: str | None) -> str:
        more = {"birthDate": birth} if birth else {}
        return shelf.put(patient(family, **more)).id

    old, young, unknown = person("Beck", "1950"), person("Ash", "1990"), person("Cole", None)
    assert shelf.ids("Patient", "_sort=-birthdate") == [young, old, unknown]
    assert shelf.ids("Patient", "_sort=birthdate") == [old, young, unknown]
    assert shelf.ids("Patient", "_sort=family") == [young, old, unknown]
    assert shelf.ids("Patient", "_sort=-family") == [unknown, old, young]
    assert shelf.ids("Patient") == [old, young, unknown]


def test_the_default_order_does_not_move_with_updates(shelf: Shelf):
    first, second = shelf.put(task()), shelf.put(task())
    with shelf.open() as store:
        store.update(task(id=first.id))
    assert shelf.ids("Task") == [first.id, second.id]
    assert shelf.ids("Task", "_sort=_lastUpdated") == [second.id, first.id]


def test_totals_are_counted_to_a_limit_unless_accurate(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "TOTAL_LIMIT", 5)
    for n in range(8):
        shelf.put(task("requested" if n < 5 else "accepted"))

    def total(query: str, party: str = NORTH) -> int | None:
        return shelf.search("Task", query, party).total

    assert total("status=requested&_count=2") == 5
    assert total("status=requested") == 5
    assert total("_count=2") is None
    assert total("_count=2&_total=estimate") is None
    assert total("_count=2&_total=accurate") == 8
    assert total("_count=20") == 8  # the page is all there is
    assert total("_total=none") is None
    assert total("_count=0") == 8
    assert total("_summary=count") == 8
    assert total("_count=0", SOUTH) == 0


def test_count_is_what_a_page_holds_and_has_a_limit(shelf: Shelf):
    for _ in range(3):
        shelf.put(task())
    assert len(shelf.search("Task", "_count=2").matches) == 2
    assert shelf.search("Task", "_count=3").next is None
    assert shelf.request("Task", "_count=99999").count == 500
    assert shelf.search("Task", "_count=0").matches == []


def test_history_is_paged_newest_first(shelf: Shelf):
    stored = shelf.put(task())
    other = shelf.put(task())
    for _ in range(9):
        with shelf.open() as store:
            store.update(task(id=stored.id))
    with shelf.open() as store:
        seen, after = [], None
        while True:
            page = store.history("Task", stored.id, Access.of(NORTH), count=4, after=after)
            seen += [v.version for v in page.versions]
            after = page.next
            if after is None:
                break
        assert seen == list(range(10, 0, -1))
        whole = store.history("Task", None, Access.of(NORTH), count=100).versions
        assert len(whole) == 11
        assert whole[-1].id == stored.id
        assert whole[-2].id == other.id
        assert store.history(None, None, Access.of(NORTH), visible_types={"Patient"}).versions == []
