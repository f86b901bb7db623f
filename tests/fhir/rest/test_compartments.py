"""Compartment search and `$everything` (FHIR R4 compartmentdefinition.html)."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.fhir.compartments import definitions
from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.store import Grant
from shared.fhir.types import all_types
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, expressions
from tests.fhir.store.kit import BASE, NORTH, SOUTH, patient, request, task

Json = dict[str, Any]


def observation(of: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": of},
        **more,
    }


class Ward:
    """Two Patients, and what belongs to the first."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.one = self.kept(patient("One", managingOrganization=self.ref(
            {"resourceType": "Organization", "name": "A practice"})))  # fmt: skip
        self.other = self.kept(patient("Other"))
        self.request = self.kept(request(self.one))
        self.seen = self.kept(observation(self.one))
        self.performed = self.kept(observation(self.other, performer=[{"reference": self.one}]))
        self.others = self.kept(observation(self.other))
        self.task = self.kept(task(**{"for": {"reference": self.one}}))

    def kept(self, body: Json) -> str:
        stored = self._server.create(body)
        return f"{stored['resourceType']}/{stored['id']}"

    def ref(self, body: Json) -> dict[str, str]:
        self.practice = self.kept(body)
        return {"reference": self.practice}

    def found(self, address: str) -> set[str]:
        return set(self.listed(address))

    def listed(self, address: str) -> list[str]:
        """What all pages have."""
        return [each["fullUrl"].removeprefix(f"{BASE}/") for page in self.pages(address)
                for each in page.get("entry", ())]  # fmt: skip

    def pages(self, address: str) -> Iterator[Json]:
        following: str | None = address
        while following is not None:
            answer = self._server("GET", following)
            assert answer.status_code == 200, answer.text
            page: Json = parse(answer.content)
            validate(page, expected_type="Bundle")
            yield page
            links = {each["relation"]: each["url"] for each in page["link"]}
            following = links.get("next", "").removeprefix("http://kersey.test") or None


@pytest.fixture
def ward(server: Server) -> Ward:
    return Ward(server)


def test_a_compartment_is_searched_by_type(server: Server, ward: Ward):
    at = f"/fhir/{ward.one}"
    assert ward.found(f"{at}/Observation") == {ward.seen, ward.performed}
    assert ward.found(f"{at}/ServiceRequest?status=active") == {ward.request}
    assert ward.found(f"{at}/ServiceRequest?status=draft") == set()
    assert len(list(ward.pages(f"{at}/Observation?_count=1"))) == 2
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = server("POST", f"{at}/Observation/_search", content=b"_count=1", headers=form)
    assert posted.json()["total"] == 2
    assert posted.json()["link"][0]["url"] == f"{BASE}/{ward.one}/Observation?_count=1"
    for address, status, words in [
        (f"{at}/Task", 404, "never in the compartment"),
        (f"{at}/Nonsense", 404, "not served"),
        (f"/fhir/{ward.practice}/Task", 404, "compartments are of"),
        ("/fhir/Patient/none/Observation", 404, "no such resource"),
        (f"{at}/Observation?nonsense=1", 400, "no search parameter"),
    ]:
        refused = server("GET", address)
        assert refused.status_code == status, address
        assert words in refused.json()["issue"][0]["diagnostics"]


def test_a_page_of_one_compartment_is_none_of_another(server: Server, ward: Ward):
    page = next(ward.pages(f"/fhir/{ward.one}/Observation?_count=1"))
    token = page["link"][1]["url"].partition("?")[2]
    for elsewhere in (f"{ward.other}/Observation", "Observation", f"{ward.one}/*"):
        assert server("GET", f"/fhir/{elsewhere}?{token}").status_code == 400
    page = next(ward.pages(f"/fhir/{ward.one}/$everything?_count=1"))
    token = page["link"][1]["url"].partition("?")[2]
    for elsewhere in (f"{ward.other}/$everything", f"{ward.one}/*", f"{ward.one}/Observation"):
        assert server("GET", f"/fhir/{elsewhere}?{token}").status_code == 400


def test_all_of_a_compartment(server: Server, ward: Ward):
    at = f"/fhir/{ward.one}/*"
    assert ward.found(at) == {ward.request, ward.seen, ward.performed}
    assert ward.found(f"{at}?_type=ServiceRequest,Patient") == {ward.request}
    assert len(ward.listed(f"{at}?_count=1")) == len(list(ward.pages(f"{at}?_count=1"))) == 3
    meeting = ward.kept({"resourceType": "Encounter", "status": "finished", "class": {"code": "x"}})
    held = ward.kept(observation(ward.other, encounter={"reference": meeting}))
    assert ward.found(f"/fhir/{meeting}/*") == {meeting, held}
    assert ward.found(f"/fhir/{meeting}/Encounter") == {meeting}


def test_everything_of_a_patient(server: Server, ward: Ward):
    at = f"/fhir/{ward.one}/$everything"
    modes = {
        each["fullUrl"].removeprefix(f"{BASE}/"): each["search"]["mode"]
        for page in ward.pages(f"{at}?_count=2")
        for each in page["entry"]
    }
    belongs = {ward.one, ward.request, ward.seen, ward.performed, ward.task}
    assert {key for key, mode in modes.items() if mode == "match"} == belongs
    assert {key for key, mode in modes.items() if mode == "include"} == {ward.practice, ward.other}
    listed = ward.listed(f"{at}?_count=2")
    assert len(listed) == len(set(listed)) == len(modes)
    assert next(ward.pages(at))["total"] == len(belongs)
    assert ward.found(f"{at}?_type=Observation,Task") == {ward.seen, ward.performed, ward.task}
    last = server("GET", f"/fhir/{ward.task}").json()["meta"]["lastUpdated"]
    assert ward.found(f"{at}?_since={last}") == {ward.task}
    asked = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Task"}]}
    posted = server("POST", at, body=asked)
    assert [each["resource"]["resourceType"] for each in posted.json()["entry"]] == ["Task"]
    assert server("POST", at).json()["total"] == len(belongs)
    server("DELETE", f"/fhir/{ward.seen}")
    assert ward.seen not in ward.found(at)


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ("_type=Nonsense", "http._type"),
        ("start=soon", "http.start"),
        ("start=2026-02-30", "http.start"),
        ("start=2026-01-01&end=2025-12-31", "http.end"),
        ("end=2026&end=2027", "http.end"),
        ("_since=yesterday", "http._since"),
        ("status=active", "http.status"),
    ],
)
def test_what_everything_does_not_take_is_named(
    server: Server, ward: Ward, more: str, element: str
):
    refused = server("GET", f"/fhir/{ward.one}/$everything?{more}")
    assert (refused.status_code, expressions(refused)) == (400, [element])


def test_metadata_says_what_everything_takes(server: Server):
    of_types = server("GET", "/fhir/metadata").json()["rest"][0]["resource"]
    (told,) = [
        operation["documentation"]
        for each in of_types
        for operation in each.get("operation", ())
        if operation["name"] == "everything"
    ]
    assert "Takes start, end, _since, _type and _count." in told
    described = server("GET", "/openapi.json").json()["paths"]
    for address in ("/fhir/Patient/$everything", "/fhir/Patient/{logical_id}/$everything"):
        named = {each["name"] for each in described[address]["get"]["parameters"]}
        assert named >= {"start", "end", "_since", "_type", "_count"}


def test_who_is_gone_or_somebody_elses_has_no_compartment(server: Server, ward: Ward):
    addresses = [f"/fhir/{ward.one}/{inner}" for inner in ("Observation", "*", "$everything")]
    for address in addresses:
        hidden = server("GET", address, SOUTH)
        unknown = server("GET", address.replace(ward.one, "Patient/none"), SOUTH)
        assert (hidden.status_code, hidden.json()) == (404, unknown.json())
    server("DELETE", f"/fhir/{ward.one}")
    assert {server("GET", address).status_code for address in addresses} == {410}
    assert server("GET", f"/fhir/{ward.practice}/$everything").status_code == 404


def test_each_hop_shows_only_what_the_caller_may_see(server: Server, ward: Ward):
    writer = server.warner.writer
    with writer._work() as uow:
        store = writer._store(uow.session)
        # The other Patient is seen, and what refers to it from here is not.
        for kept in (ward.one, ward.seen, ward.other):
            kind, _, key = kept.partition("/")
            store.regrant(kind, key, [Grant(NORTH, "owner"), Grant(SOUTH, "reader")])
        uow.commit()
    everything = server("GET", f"/fhir/{ward.one}/$everything", SOUTH).json()
    assert {each["fullUrl"] for each in everything["entry"]} == {
        f"{BASE}/{kept}" for kept in (ward.one, ward.seen)
    }
    assert everything["total"] == 2
    assert server("GET", f"/fhir/{ward.one}/Observation", SOUTH).json()["total"] == 1
    assert server("GET", f"/fhir/{ward.one}/ServiceRequest", SOUTH).json()["total"] == 0


def test_scopes_count_for_every_type(server: Server, ward: Ward):
    def get(address: str, scope: str) -> Any:
        return server("GET", f"/fhir/{ward.one}/{address}", headers={"x-scope": scope})

    two = "system/Patient.r system/Observation.rs"
    kinds = {each["resource"]["resourceType"] for each in get("$everything", two).json()["entry"]}
    assert kinds == {"Patient", "Observation"}
    assert get("Observation", two).json()["total"] == 2
    for address, scope in [
        ("$everything", "system/Observation.rs"),
        ("$everything?_type=Task", two),
        ("*", "system/Observation.rs"),
        ("Observation", "system/Observation.rs"),
        ("Observation", "system/Patient.rs"),
        ("Task", two),
    ]:
        assert get(address, scope).status_code in (403, 404), (address, scope)


def test_compartments_in_a_batch(server: Server, ward: Ward):
    addresses = [f"{ward.one}/{inner}" for inner in ("Observation", "*", "$everything", "Task")]
    answer = server("POST", "/fhir", body=bundle(*(entry("GET", a) for a in addresses),
                                                kind="batch"))  # fmt: skip
    told = answer.json()["entry"]
    assert [each["response"]["status"][:3] for each in told] == ["200", "200", "200", "404"]
    assert [each["resource"]["total"] for each in told[:3]] == [2, 3, 5]


def test_what_is_declared_is_r4s_and_told(server: Server):
    for by_type in definitions().values():
        for name, codes in by_type.items():
            assert set(codes) <= {*all_types()[name].params, "{def}"}, name
    statement = server("GET", "/fhir/metadata").json()["rest"][0]
    assert "http://hl7.org/fhir/CompartmentDefinition/relatedPerson" in statement["compartment"]
    told = {each["type"]: each for each in statement["resource"]}
    operations = {each["name"] for each in told["Patient"]["operation"]}
    assert operations == {"validate", "everything"}
    assert "everything" not in str(told["Task"]["operation"])
