"""A chain is asked of what a resource contains; nothing contained is found by itself (R4)."""

from typing import Any

import pytest

from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import SOUTH, task

MILL: dict[str, Any] = {
    "resourceType": "Organization",
    "id": "mill",
    "name": "Mill Practice",
    "identifier": [{"system": "urn:ods", "value": "B1"}],
    "partOf": {"reference": "#trust"},
}
TRUST: dict[str, Any] = {"resourceType": "Organization", "id": "trust", "name": "Dale Trust"}
ROLE: dict[str, Any] = {
    "resourceType": "PractitionerRole",
    "id": "role",
    "organization": {"reference": "#mill"},
    "availableTime": [{"daysOfWeek": ["mon"]}],
    "period": {"start": "2026-01-01"},
}


def found(server: Server, query: str, organisation: str | None = None) -> set[str]:
    who = (organisation,) if organisation else ()
    bundle = server("GET", f"/fhir/Task?{query}", *who).json()
    assert bundle["total"] == len(bundle.get("entry", ()))
    return {entry["resource"]["id"] for entry in bundle.get("entry", ())}


@pytest.fixture
def kept(server: Server) -> tuple[str, str, str]:
    """Tasks of a contained organisation, of one that stands by itself, and of nobody."""
    trust = server.create({k: v for k, v in TRUST.items() if k != "id"})
    outside = {k: v for k, v in MILL.items() if k != "id"}
    outside["partOf"] = {"reference": f"Organization/{trust['id']}"}
    mill = server.create(outside)
    by_itself = task(owner={"reference": f"Organization/{mill['id']}"})
    inner = task(owner={"reference": "#mill"}, contained=[MILL, TRUST])
    return server.create(inner)["id"], server.create(by_itself)["id"], server.create(task())["id"]


@pytest.mark.parametrize(
    "query",
    [
        "owner.name=mill",
        "owner:Organization.name=mill pr",
        "owner.identifier=urn:ods|B1",
        "owner:Organization.name:exact=Mill Practice",
        "owner:Organization.partof.name=dale",
        "owner:Organization.identifier:not=urn:ods|B2",
        "owner:Organization.endpoint:missing=true",
    ],
)
def test_a_chain_finds_what_is_contained_and_what_is_not(
    server: Server, kept: tuple[str, str, str], query: str
):
    assert found(server, query) == set(kept[:2])
    assert found(server, f"{query}&status=draft") == set()
    assert found(server, query, SOUTH) == set()


@pytest.mark.parametrize(
    "query",
    ["owner.name=dale", "owner:Organization.name=x", "requester:Organization.name=mill",
     "owner:Organization._id=mill", "owner:Practitioner.name=mill"],
)  # fmt: skip
def test_a_chain_finds_no_other(server: Server, kept: tuple[str, str, str], query: str):
    assert kept
    assert found(server, query) == set()


def test_what_is_contained_follows_its_container(server: Server, kept: tuple[str, str, str]):
    inner = server("GET", f"/fhir/Task/{kept[0]}").json()
    assert server("GET", "/fhir/Organization?name=mill").json()["total"] == 1
    inner["contained"][0]["name"] = "Weir Practice"
    server("PUT", f"/fhir/Task/{kept[0]}", body=inner)
    assert found(server, "owner.name=mill") == {kept[1]}
    assert found(server, "owner.name=weir") == {kept[0]}
    server("DELETE", f"/fhir/Task/{kept[0]}")
    assert found(server, "owner.name=weir") == set()


def test_what_refers_to_what_contains_is_found_too(server: Server, kept: tuple[str, str, str]):
    part = server.create(task(partOf=[{"reference": f"Task/{kept[0]}"}]))
    assert found(server, "part-of.owner.name=mill") == {part["id"]}
    assert found(server, "_has:Task:part-of:_id=none&part-of.owner.name=mill") == set()
    roled = server.create(task(owner={"reference": "#role"}, contained=[ROLE, MILL, TRUST]))
    assert found(server, "owner:PractitionerRole.organization.name=mill") == {roled["id"]}
    assert found(server, "owner:PractitionerRole.date=2026") == set()
    assert found(server, "owner:PractitionerRole.date=ge2026") == {roled["id"]}
