"""Chains, reverse chains and what is sent along."""

import pytest

import shared.fhir.store.searching as store_module
from shared.fhir.outcome import FhirError
from shared.fhir.store import Stored
from tests.fhir.store.kit import Shelf, patient, refer, request, task


@pytest.fixture
def family(shelf: Shelf) -> dict[str, Stored]:
    """Two people; one request and two tasks for the first, one task for the second."""
    anna, ben = shelf.put(patient("Anna")), shelf.put(patient("Ben"))
    practice = shelf.put({"resourceType": "Organization", "name": "Mill Practice"})
    asked = shelf.put(request(anna.reference, requester=refer(practice)))
    first = shelf.put(task("requested", focus=refer(asked), **{"for": refer(anna)}))
    second = shelf.put(task("accepted", focus=refer(asked), partOf=[refer(first)]))
    third = shelf.put(task("requested", **{"for": refer(ben)}))
    return {
        "anna": anna,
        "ben": ben,
        "practice": practice,
        "asked": asked,
        "first": first,
        "second": second,
        "third": third,
    }


CHAINS = [
    ("Task", "patient.name=anna", "first"),
    ("Task", "subject:Patient.name=anna,ben", "first third"),
    ("Task", "subject.name=ben", "third"),
    ("Task", "focus:ServiceRequest.status=active", "first second"),
    ("Task", "focus:ServiceRequest.patient.name=anna", "first second"),
    ("Task", "focus:ServiceRequest.requester:Organization.name=mill", "first second"),
    ("Task", "focus:ServiceRequest.requester.name=mill", "first second"),
    ("Task", "part-of.patient.name=anna", "second"),
    ("Task", "part-of.part-of.status=requested", ""),
    ("Task", "patient.name=anna&patient.name=ben", ""),
    ("Task", "patient._has:Task:patient:status=requested", "first third"),
    ("Patient", "_has:Task:patient:status=requested", "anna ben"),
    ("Patient", "_has:Task:patient:status=accepted", ""),
    ("Patient", "_has:ServiceRequest:patient:status=active", "anna"),
    ("Patient", "_has:ServiceRequest:subject:requester.name=mill", "anna"),
    ("Patient", "_has:ServiceRequest:patient:_has:Task:focus:status=accepted", "anna"),
    ("Patient", "_has:ServiceRequest:patient:_has:Task:focus:status=draft", ""),
    ("Patient", "_has:Task:patient:_id={first},nonsense", "anna"),
    ("Organization", "_has:ServiceRequest:requester:patient.name=anna", "practice"),
]


@pytest.mark.parametrize("at_most", [500, -1], ids=["collected", "walked"])
@pytest.mark.parametrize(("type_name", "query", "expected"), CHAINS)
def test_chains(
    shelf: Shelf,
    family: dict[str, Stored],
    monkeypatch: pytest.MonkeyPatch,
    type_name: str,
    query: str,
    expected: str,
    at_most: int,
):
    """However the database goes about it: few that a chain leads to, or many."""
    monkeypatch.setattr(store_module, "COLLECTED_LIMIT", at_most)
    query = query.format(first=family["first"].id)
    found = shelf.ids(type_name, query)
    assert found == [family[name].id for name in expected.split()]


INCLUDES = [
    ("Task", "_include=Task:patient", "anna ben"),
    ("Task", "_include=Task:focus", "asked"),
    ("Task", "_include=Task:focus:ServiceRequest", "asked"),
    ("Task", "_include=Task:focus:Patient", ""),
    ("Task", "_include=Task:subject:Patient", "anna ben"),
    ("Task", "_include=Task:*", "anna ben asked"),
    ("Task", "_include=*", "anna ben asked"),
    ("Task", "_include=ServiceRequest:patient", ""),
    ("Task", "status=accepted&_include=Task:focus", "asked"),
    ("Task", "status=accepted&_include=Task:part-of", "first"),
    (
        "Task",
        "status=accepted&_include=Task:focus&_include:iterate=ServiceRequest:requester",
        "asked practice",
    ),
    ("Task", "status=accepted&_include=Task:focus&_include=ServiceRequest:requester", "asked"),
    ("Patient", "name=anna&_revinclude=Task:patient", "first"),
    ("Patient", "name=anna&_revinclude=ServiceRequest:subject", "asked"),
    (
        "Patient",
        "name=anna&_revinclude=ServiceRequest:patient&_revinclude:iterate=Task:focus",
        "asked first second",
    ),
    (
        "ServiceRequest",
        "_include=ServiceRequest:patient&_revinclude=Task:focus",
        "anna first second",
    ),
    ("ServiceRequest", "_revinclude=Task:focus:ServiceRequest", "first second"),
    ("ServiceRequest", "_revinclude=Task:focus:Patient", ""),
    ("ServiceRequest", "_revinclude=*", "first second"),
    ("Organization", "_revinclude=Task:patient", ""),
]


@pytest.mark.parametrize(("type_name", "query", "expected"), INCLUDES)
def test_includes(
    shelf: Shelf, family: dict[str, Stored], type_name: str, query: str, expected: str
):
    result = shelf.search(type_name, query)
    assert {s.id for s in result.included} == {family[name].id for name in expected.split()}
    assert len(result.included) == len(expected.split())  # each once
    assert result.total == len(result.matches)  # what is sent along does not count


def test_an_include_reaches_no_further_than_the_scopes(shelf: Shelf, family: dict[str, Stored]):
    from dataclasses import replace

    from shared.fhir.store import Access
    from tests.fhir.store.kit import NORTH

    request_ = replace(
        shelf.request("Task", "_include=Task:*"),
        visible_types=frozenset({"Task", "ServiceRequest"}),
    )
    with shelf.open() as store:
        included = store.search(request_, Access.of(NORTH)).included
    assert [s.id for s in included] == [family["asked"].id]


def test_includes_end_and_say_so(
    shelf: Shelf, family: dict[str, Stored], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_module, "INCLUDE_LIMIT", 2)
    result = shelf.search("Task", "_include=Task:*")
    assert len(result.included) == 2
    assert [issue.code for issue in result.issues] == ["incomplete"]


def test_a_circle_of_references_ends(shelf: Shelf):
    first = shelf.put(task())
    second = shelf.put(task(partOf=[refer(first)]))
    with shelf.open() as store:
        store.update(task(id=first.id, partOf=[refer(second)]))
    result = shelf.search("Task", f"_id={first.id}&_include:iterate=Task:part-of")
    assert [s.id for s in result.included] == [second.id]


def test_a_chain_that_is_too_long_is_refused(shelf: Shelf):
    with pytest.raises(FhirError) as refused:
        shelf.ids("Task", "part-of.part-of.part-of.part-of.part-of.status=draft")
    assert refused.value.status == 400
