"""Scopes over the running routes: no way round, whatever the interaction comes wrapped in."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response

from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, post
from tests.fhir.store.kit import NORTH, patient, request, task

Json = dict[str, Any]

PATCH = {"content-type": "application/json-patch+json"}
SEE = {"op": "test", "path": "/name/0/family", "value": "Sykes"}


@dataclass
class Kept:
    """What is there before anybody asks."""

    server: Server
    patient: str
    other: str
    task: str
    draft: str
    request: str
    laboratory: str
    social: str

    def by(self, scope: str, method: str, path: str, **more: Any) -> Response:
        headers = {"x-scope": scope} | more.pop("headers", {})
        return self.server(method, path, NORTH, headers=headers, **more)


def observation(subject: str, category: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Something seen"},
        "category": [{"coding": [{"system": system, "code": category}]}],
        "subject": {"reference": subject},
    }


@pytest.fixture
def kept(server: Server) -> Kept:
    def put(body: Json) -> str:
        return f"{body['resourceType']}/{server.create(body)['id']}"

    who = put(patient("Sykes", identifier=[{"system": "urn:a", "value": "1"}]))
    asked = put(request(who))
    return Kept(
        server,
        patient=who,
        other=put(patient("Ackroyd")),
        task=put(task("requested", focus={"reference": asked}, **{"for": {"reference": who}})),
        draft=put(task("draft", **{"for": {"reference": who}})),
        request=asked,
        laboratory=put(observation(who, "laboratory")),
        social=put(observation(who, "social-history")),
    )


FOUND = {"If-None-Exist": "identifier=urn:a|1"}
MERGE = {"content-type": "application/merge-patch+json"}

WAYS: list[tuple[str, str, str, Json, int]] = [
    # A condition tells whether something is here: it takes what a search takes.
    ("system/Patient.c", "POST", "/fhir/Patient", {"body": patient(), "headers": FOUND}, 403),
    ("system/Patient.cs", "POST", "/fhir/Patient", {"body": patient(), "headers": FOUND}, 200),
    ("system/Patient.u", "PUT", "/fhir/Patient?family=Sykes", {"body": patient()}, 403),
    ("system/Patient.us", "PUT", "/fhir/Patient?family=Sykes", {"body": patient()}, 403),
    ("system/Patient.cus", "PUT", "/fhir/Patient?family=Sykes", {"body": patient("Sykes")}, 200),
    ("system/Patient.d", "DELETE", "/fhir/Patient?family=Nobody", {}, 403),
    ("system/Patient.ds", "DELETE", "/fhir/Patient?family=Nobody", {}, 204),
    ("system/Task.ds", "DELETE", "/fhir/Task?patient.family=Sykes", {}, 403),
    ("system/Task.cs", "POST", "/fhir/Task",
     {"body": task(), "headers": {"If-None-Exist": "patient.family=Sykes"}}, 403),
    # A patch's tests and what it leaves alone tell what is there.
    ("system/Patient.u", "PATCH", "/fhir/{patient}", {"json": [SEE], "headers": PATCH}, 403),
    ("system/Patient.u", "PATCH", "/fhir/{patient}", {"json": {}, "headers": MERGE}, 403),
    ("system/Patient.rs", "PATCH", "/fhir/{patient}", {"json": [SEE], "headers": PATCH}, 403),
    ("system/Patient.ru", "PATCH", "/fhir/{patient}", {"json": [SEE], "headers": PATCH}, 200),
    ("system/Patient.u system/Patient.r?family=Sykes", "PATCH", "/fhir/{patient}",
     {"json": [SEE], "headers": PATCH}, 403),
    # A search looks where its chains lead.
    ("system/Task.rs", "GET", "/fhir/Task?patient.family=Sykes", {}, 403),
    ("system/Task.rs", "POST", "/fhir/Task/_search",
     {"data": {"patient.family": "Sykes"}}, 403),
    ("system/Patient.rs", "GET", "/fhir/Patient?_has:Task:patient:status=requested", {}, 403),
    ("system/Patient.rs system/Task.s", "GET",
     "/fhir/Patient?_has:Task:patient:status=requested", {}, 200),
    # Compartments and $everything begin with the right to read who is in the middle.
    ("system/Task.rs", "GET", "/fhir/{patient}/$everything", {}, 403),
    ("system/Task.rs", "GET", "/fhir/{patient}/*", {}, 403),
    ("system/Observation.rs", "GET", "/fhir/{patient}/Observation", {}, 403),
    ("system/Patient.r", "GET", "/fhir/{patient}/Observation", {}, 403),
    # SMART's version 1.
    ("system/Task.read", "GET", "/fhir/Task", {}, 200),
    ("system/Task.read", "GET", "/fhir/{task}/_history/1", {}, 200),
    ("system/Task.read", "POST", "/fhir/Task", {"body": task()}, 403),
    ("system/Task.write", "POST", "/fhir/Task", {"body": task()}, 201),
    ("system/Task.write", "GET", "/fhir/{task}", {}, 403),
    ("system/*.*", "GET", "/fhir/{task}", {}, 200),
    # A scope of one patient means the patient of a launch, and nothing is launched here.
    ("patient/*.cruds", "GET", "/fhir/{task}", {}, 403),
    ("patient/*.read", "GET", "/fhir/Task", {}, 403),
    ("patient/Task.c", "POST", "/fhir/Task", {"body": task()}, 403),
]  # fmt: skip


def test_every_way_takes_the_scopes_of_all_that_it_tells(kept: Kept):
    for scope, method, path, how, status in WAYS:
        told = kept.by(scope, method, path.format(**vars(kept)), **dict(how))
        assert told.status_code == status, (scope, method, path, told.text[:300])
        if status == 403:
            assert told.json()["issue"][0]["code"] == "forbidden"
            assert "Sykes" not in told.text


def test_a_bundle_gives_nothing_that_its_entries_alone_would_not(kept: Kept):
    for scope, method, path, how, status in WAYS:
        if status != 403 or "data" in how or ("headers" in how and "json" in how):
            continue
        asked: Json = {"If-None-Exist": "ifNoneExist"}
        more = {asked[name]: text for name, text in how.get("headers", {}).items()}
        url = path.format(**vars(kept)).removeprefix("/fhir/")
        one = bundle(entry(method, url, how.get("body"), **more), kind="batch")
        told = kept.by(scope, "POST", "/fhir", body=one).json()["entry"][0]
        assert told["response"]["status"].startswith("403"), (scope, method, path, told)
        assert "resource" not in told
        if method != "GET":
            whole = kept.by(scope, "POST", "/fhir", body=one | {"type": "transaction"})
            assert whole.status_code == 403, (scope, method, path)


def test_a_transactions_conditional_references_take_what_a_search_takes(kept: Kept):
    sent = bundle(post(task(**{"for": {"reference": "Patient?family=Sykes"}})))
    assert kept.by("system/Task.c", "POST", "/fhir", body=sent).status_code == 403
    assert kept.by("system/Task.c system/Patient.s", "POST", "/fhir", body=sent).is_success


def test_an_answer_holds_what_the_token_may_read_or_has_just_sent(kept: Kept):
    made = kept.by("system/Task.c", "POST", "/fhir/Task", body=task())
    assert made.json()["status"] == "requested"
    there = kept.by("system/Patient.cs", "POST", "/fhir/Patient", body=patient(), headers=FOUND)
    assert (there.status_code, there.text) == (200, "")
    sent = bundle(post(patient(), ifNoneExist="identifier=urn:a|1"))
    told = kept.by("system/Patient.cs", "POST", "/fhir", body=sent).json()["entry"][0]
    assert "resource" not in told
    told = kept.by("system/Patient.crs", "POST", "/fhir", body=sent).json()["entry"][0]
    assert told["resource"]["name"][0]["family"] == "Sykes"


def test_what_is_sent_along_is_what_the_scopes_reach(kept: Kept):
    def kinds(scope: str, path: str) -> list[str]:
        answer = kept.by(scope, "GET", path.format(**vars(kept)))
        assert answer.is_success, answer.text
        return sorted(each["resource"]["resourceType"] for each in answer.json().get("entry", []))

    along = "/fhir/Task?status=requested&_include=Task:patient&_include=Task:focus"
    assert kinds("system/Task.rs", along) == ["Task"]
    assert kinds("system/Task.rs system/Patient.r", along) == ["Patient", "Task"]
    back = "/fhir/Patient?family=Sykes&_revinclude=Task:patient&_revinclude:iterate=*"
    assert kinds("system/Patient.rs", back) == ["Patient"]
    assert kinds("system/Patient.rs system/Task.s", back) == ["Patient", "Task", "Task"]
    everything = "/fhir/{patient}/$everything"
    assert kinds("system/Patient.r system/Task.r", everything) == ["Patient", "Task", "Task"]
    assert kinds("system/Patient.r patient/*.rs", everything) == ["Patient"]


LABORATORY = "system/Observation.rs?category=laboratory"


def test_a_search_in_a_scope_narrows_every_hop(kept: Kept):
    def ids(scope: str, path: str) -> set[str]:
        answer = kept.by(scope, "GET", path.format(**vars(kept)))
        assert answer.is_success, answer.text
        found = answer.json()
        entries = [each["resource"] for each in found.get("entry", [])]
        if "total" in found and "_summary" not in path:
            matches = [e for e in found.get("entry", []) if e["search"]["mode"] == "match"]
            assert found["total"] == len(matches), "the total tells no more than the page"
        return {f"{each['resourceType']}/{each['id']}" for each in entries}

    only = {kept.laboratory}
    with_patient = f"{LABORATORY} system/Patient.rs"
    assert ids(LABORATORY, "/fhir/Observation") == only
    assert ids(LABORATORY, "/fhir/Observation?category=social-history") == set()
    assert ids(LABORATORY, "/fhir/Observation?category:not=laboratory") == set()
    assert ids(f"{LABORATORY} system/Observation.rs?category=social-history",
               "/fhir/Observation") == {kept.laboratory, kept.social}  # fmt: skip
    counted = kept.by(LABORATORY, "GET", "/fhir/Observation?_summary=count").json()["total"]
    assert counted == 1
    back = "/fhir/Patient?family=Sykes&_revinclude=Observation:subject"
    assert ids(with_patient, back) == {kept.patient, kept.laboratory}
    hop = "/fhir/Patient?_has:Observation:subject:category"
    assert ids(with_patient, f"{hop}=social-history") == set()
    assert ids(with_patient, f"{hop}:not=anything") == {kept.patient}
    assert ids(with_patient, "/fhir/{patient}/Observation") == only
    assert ids(with_patient, "/fhir/{patient}/$everything") == {kept.patient, kept.laboratory}
    assert ids(with_patient, "/fhir/{patient}/*") == only

    named = "system/Patient.rs?family=Ackroyd system/Task.rs"
    assert ids(named, "/fhir/Task?_include=Task:patient") == {kept.task, kept.draft}
    assert ids(named, "/fhir/Task?patient.family=Sykes") == set()
    assert kept.by(named, "GET", f"/fhir/{kept.patient}/$everything").status_code == 404
    assert kept.by(named, "GET", f"/fhir/{kept.patient}/Task").status_code == 404

    statuses = {kept.laboratory: 200, kept.social: 404}
    for reference, status in statuses.items():
        assert kept.by(LABORATORY, "GET", f"/fhir/{reference}").status_code == status
        batch = bundle(entry("GET", reference), kind="batch")
        told = kept.by(LABORATORY, "POST", "/fhir", body=batch).json()["entry"][0]
        assert told["response"]["status"].startswith(str(status))


def test_a_narrowed_scope_reads_current_versions_and_writes_nothing(kept: Kept):
    wide = "system/Observation.cruds?category=laboratory"
    body = observation(kept.patient, "laboratory")
    for method, path, how in [
        ("GET", f"/fhir/{kept.laboratory}/_history", {}),
        ("GET", f"/fhir/{kept.laboratory}/_history/1", {}),
        ("GET", "/fhir/Observation/_history", {}),
        ("POST", "/fhir/Observation", {"body": body}),
        ("PUT", f"/fhir/{kept.laboratory}", {"body": body | {"id": kept.laboratory[12:]}}),
        ("DELETE", f"/fhir/{kept.laboratory}", {}),
    ]:
        assert kept.by(wide, method, path, **how).status_code == 403, (method, path)
    assert kept.by(wide, "GET", "/fhir/_history").json().get("entry", []) == []


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1",
        "category=",
        "patient.family=Sykes",
        "_count=5",
        "_lastUpdated=gt2020",
        "=",
        "%",
    ],
)
def test_a_scope_whose_search_is_not_understood_allows_nothing(server: Server, query: str):
    made = server.create(observation(f"Patient/{server.create(patient())['id']}", "laboratory"))
    scope = {"x-scope": f"system/Observation.rs?{query}"}
    assert server("GET", "/fhir/Observation", headers=scope).json().get("entry", []) == []
    assert server("GET", f"/fhir/Observation/{made['id']}", headers=scope).status_code == 404
