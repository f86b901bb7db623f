"""Searches that cannot be answered as they were meant: refused, never answered with more."""

from urllib.parse import quote

import pytest

from tests.bad_input.door import PLANTED, Door, outcome, token

BAD = {
    "an unknown parameter": f"Patient?nickname={PLANTED}",
    "an unknown parameter with digits": f"Patient?{PLANTED}=1",
    "an unknown modifier": f"Patient?family:sounds-like={PLANTED}",
    "a modifier of another type": f"Patient?birthdate:exact={PLANTED}",
    "an unknown control": "Patient?_nonsense=1",
    "a date that is none": "Patient?birthdate=yesterday",
    "a date beyond the calendar": "Patient?birthdate=2026-13-45",
    "an unknown prefix": "Patient?birthdate=zz2026",
    "a prefix alone": "Patient?birthdate=ge",
    "a time without a zone's sense": "Task?modified=2026-01-01T99:00:00Z",
    "a year beyond all": "Patient?birthdate=99999",
    "a negative count": "Patient?_count=-1",
    "a count that is none": f"Patient?_count={PLANTED}",
    "a count beyond all": f"Patient?_count={'9' * 400}",
    "a sort that there is not": f"Patient?_sort={PLANTED}",
    "a summary that there is not": f"Patient?_summary={PLANTED}",
    "a total that there is not": f"Patient?_total={PLANTED}",
    "an include that there is not": f"Task?_include={PLANTED}",
    "an include of nothing": "Task?_include=",
    "an include of another type": "Task?_include=Patient:nothing",
    "a chain to nowhere": f"Task?patient.nothing={PLANTED}",
    "a chain without an end": "Task?patient.=x",
    "a chain beyond measure": "Task?" + "part-of." * 200 + "status=draft",
    "a reverse chain that is none": "Patient?_has:Task=x",
    "a reverse chain of an unknown type": f"Patient?_has:Nonsense:subject:status={PLANTED}",
    "a missing that is neither": f"Patient?birthdate:missing={PLANTED}",
    "a NUL": f"Patient?family={PLANTED}%00",
    "a NUL in a token": "Patient?identifier=a|%00",
    "a NUL in an id": "Patient?_id=%00",
    "a NUL in a name": "Patient?fam%00ily=x",
    "a page that is forged": f"Patient?_page={PLANTED}",
    "a page that is empty": "Patient?_page=",
    "a page of five dots": "Patient?_page=a.b.c.d.e",
    "a page that is long": "Patient?_page=" + "A" * 20_000,
}


@pytest.mark.parametrize("kind", BAD)
def test_a_search_that_is_refused(door: Door, kind: str):
    issue = outcome(door.send("GET", f"/fhir/{BAD[kind]}"), 400)
    assert issue["expression"][0].startswith("http.")


@pytest.mark.parametrize("kind", BAD)
def test_by_a_form_it_is_refused_too(door: Door, kind: str):
    name, _, query = BAD[kind].partition("?")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    outcome(door.fhir(f"/{name}/_search", query.encode(), headers=form), 400)


@pytest.mark.parametrize("kind", [kind for kind in BAD if "NUL" in kind or "page" in kind])
def test_leniency_does_not_reach_that_far(door: Door, kind: str):
    answer = door.send("GET", f"/fhir/{BAD[kind]}", headers={"Prefer": "handling=lenient"})
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize(
    "query",
    [
        "family=%ff%fe",
        "family=%ed%a0%80",
        "family=" + quote("\u202e" * 50),
        "identifier=" + "|" * 50,
        "identifier=%5C%5C%5C|,,,",
        "_id=" + ",".join(["x"] * 200),
        "family='; drop table document; --",
        "family=%25%25%5F%5F",
        "family=$(PLANTED)",
        "_lastUpdated=ge2026&_lastUpdated=le2020",
        "_count=0",
    ],
)
def test_a_search_that_is_only_odd_finds_nothing(door: Door, query: str):
    answer = door.send("GET", f"/fhir/Patient?{query}")
    assert answer.status_code in (200, 400), answer.text


def test_a_search_for_very_long_values(door: Door):
    for value in ("Sykes" * 2_000, "%20" * 5_000, ",".join(["a"] * 5_000)):
        answer = door.send("GET", f"/fhir/Patient?family={value}")
        assert answer.status_code in (200, 400, 414), answer.text
        if answer.status_code == 400:
            outcome(answer, 400)


def test_a_form_with_very_long_values(door: Door):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for query in (
        b"family=" + b"x" * 4_000_000,
        b"family=" + b"a," * 1_000_000,
        b"&".join([b"family=a"] * 100_000),
        b"=" * 1_000_000,
        b"&" * 1_000_000,
        b"_include=Task:patient&" * 10_000,
    ):
        outcome(door.fhir("/Patient/_search", query, headers=form), 400)
    outcome(door.fhir("/Patient/_search", b"x" * 10_000_000, headers=form), 413)


def test_a_form_that_is_no_text(door: Door):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    outcome(door.fhir("/Patient/_search", b"family=\xff", headers=form), 400)


def test_a_page_of_another_client(door: Door):
    for n in range(3):
        made = door.fhir("/Organization", {"resourceType": "Organization", "name": f"Room {n}"})
        assert made.status_code == 201
    door.stored_now()
    first = door.send("GET", "/fhir/Organization?_count=1").json()
    following = next(each["url"] for each in first["link"] if each["relation"] == "next")
    path = following.partition("kersey.test")[2]
    assert door.send("GET", path).status_code == 200
    outcome(door.send("GET", path, by="ehr-2"), 400, "http._page")
    outcome(door.send("GET", path, by="fhir-client"), 400, "http._page")
    outcome(door.send("GET", path.replace("/Organization", "/Patient")), 400, "http._page")
    outcome(door.send("GET", path[:-3]), 400, "http._page")
    narrow = {"Authorization": f"Bearer {token(scope='system/Patient.rs')}"}
    outcome(door.send("GET", path, headers=narrow), 403)


@pytest.mark.parametrize(
    "path",
    ["Patient/_history?_since=yesterday", f"Patient/_history?{PLANTED}=1", "_history?_since=%00",
     f"Patient/_history?_page={PLANTED}", "Patient/_history?_count=-1",
     f"Patient/_history?_count={PLANTED}"],
)  # fmt: skip
def test_a_history_that_is_refused(door: Door, path: str):
    outcome(door.send("GET", f"/fhir/{path}"), 400)


@pytest.mark.parametrize(
    "path",
    ["Patient/%00", "Patient/%ff", "Patient/..%2f..", f"Patient/{PLANTED}", "Patient/1/_history/0",
     "Patient/1/_history/%00", "Patient/1/_history/99999999999999", "Patient/1/_history/-1",
     "Patient//", "//x", "%00", "Patient/" + "x" * 5_000, "Patient/1/$everything"],
)  # fmt: skip
def test_an_address_at_which_there_is_nothing(door: Door, path: str):
    outcome(door.send("GET", f"/fhir/{path}"), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X"])
def test_a_method_that_means_nothing(door: Door, method: str):
    assert outcome(door.send(method, "/fhir"), 405)["code"] == "not-supported"


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "X"])
@pytest.mark.parametrize("path", ["Patient", "Patient/1", "Patient/1/_history", "metadata"])
def test_a_method_that_means_nothing_there(door: Door, method: str, path: str):
    answer = door.send(method, f"/fhir/{path}")
    assert answer.status_code in (404, 405)
    outcome(answer, answer.status_code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_condition_that_is_none(door: Door, method: str):
    kind = {"Content-Type": "application/json-patch+json"} if method == "PATCH" else {}
    body = (
        [{"op": "add", "path": "/gender", "value": "other"}]
        if method == "PATCH"
        else {"resourceType": "Patient"}
    )
    for query in (f"{PLANTED}=1", "identifier=%00", "_count=-1", "birthdate=never"):
        answer = door.fhir(f"/Patient?{query}", body, method=method, headers=kind)
        assert answer.status_code in (400, 405, 412), answer.text
        outcome(answer, answer.status_code)


@pytest.mark.parametrize("query", [f"{PLANTED}=1", "identifier=%00", "=", "%ff", "a" * 50_000])
def test_an_if_none_exist_that_is_none(door: Door, query: str):
    answer = door.fhir("/Patient", {"resourceType": "Patient"}, headers={"If-None-Exist": query})
    assert answer.status_code in (400, 412, 431), answer.text
