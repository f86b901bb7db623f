"""One resource over HTTP: created, read, changed, deleted (FHIR R4 http.html)."""

import gzip
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from httpx import Response

from shared.fhir.outcome import Issue
from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import BASE, NORTH, SOUTH, patient, task

FHIR = "application/fhir+json"


def issue(answer: Response) -> dict[str, Any]:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome", body
    assert answer.headers["content-type"].startswith(FHIR)
    first: dict[str, Any] = body["issue"][0]
    return first


def test_create_read_update_delete(server: Server):
    created = server("POST", "/fhir/Patient", body=patient(id="ignored"))
    assert created.status_code == 201
    stored = created.json()
    assert stored["id"] != "ignored"
    assert created.headers["location"] == f"{BASE}/Patient/{stored['id']}/_history/1"
    assert created.headers["etag"] == 'W/"1"'
    moment = parsedate_to_datetime(created.headers["last-modified"])
    assert stored["meta"]["lastUpdated"].startswith(moment.strftime("%Y-%m-%dT%H:%M:%S"))

    path = f"/fhir/Patient/{stored['id']}"
    read = server("GET", path)
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, stored, 'W/"1"')

    updated = server("PUT", path, body=stored | {"gender": "female"}, headers={"if-match": 'W/"1"'})
    assert updated.status_code == 200
    assert updated.json()["meta"]["versionId"] == "2"
    assert updated.headers["location"].endswith("/_history/2")

    stale = server("PUT", path, body=stored, headers={"if-match": 'W/"1"'})
    assert (stale.status_code, issue(stale)["code"]) == (412, "conflict")
    assert server("GET", path).json() == updated.json()

    old = server("GET", f"{path}/_history/1")
    assert (old.json(), old.headers["etag"]) == (stored, 'W/"1"')

    assert server("DELETE", path).status_code == 204
    assert server("DELETE", path).status_code == 204
    gone = server("GET", path)
    assert (gone.status_code, issue(gone)["code"]) == (410, "deleted")
    assert server("GET", f"{path}/_history/3").status_code == 410

    history = server("GET", f"{path}/_history").json()
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "PUT", "POST"]
    assert history["total"] == 3
    assert "resource" not in history["entry"][0]
    assert history["entry"][0]["response"]["status"] == "204"
    assert history["entry"][2]["resource"] == stored
    assert history["entry"][2]["response"]["etag"] == 'W/"1"'


def test_another_organisation_sees_404_everywhere(server: Server):
    path = f"/fhir/Patient/{server.create(patient())['id']}"
    for method, where, body in [
        ("GET", path, None),
        ("GET", f"{path}/_history", None),
        ("GET", f"{path}/_history/1", None),
        ("DELETE", path, None),
    ]:
        assert server(method, where, SOUTH, body=body).status_code == 404
    changed = server("PUT", path, SOUTH, body=patient(id=path.rpartition("/")[2]))
    unknown = server("PUT", "/fhir/Patient/none", SOUTH, body=patient(id="none"))
    assert changed.status_code == unknown.status_code == 405
    assert changed.json() == unknown.json()  # an id that exists is not told from one that does not
    assert server("GET", path).status_code == 200


def test_what_one_may_read_one_may_not_change(server: Server):
    stored = server.create(patient())
    with server.warner.writer._work() as uow:
        from shared.fhir.store import Grant

        store = server.warner.writer._store(uow.session)
        store.regrant("Patient", stored["id"], [Grant(NORTH, "o"), Grant(SOUTH, "reader")])
        uow.commit()
    path = f"/fhir/Patient/{stored['id']}"
    assert server("GET", path, SOUTH).status_code == 200
    refused = server("PUT", path, SOUTH, body=stored)
    assert (refused.status_code, issue(refused)["code"]) == (403, "forbidden")
    assert server("DELETE", path, SOUTH).status_code == 403


@pytest.mark.parametrize("returns", ["minimal", "representation", "OperationOutcome"])
def test_prefer(server: Server, returns: str):
    prefer = {"prefer": f"return={returns}; handling=strict"}
    created = server("POST", "/fhir/Patient", body=patient(), headers=prefer)
    assert created.status_code == 201
    path = created.headers["location"].removeprefix("http://kersey.test").partition("/_hist")[0]
    kinds = {"minimal": None, "representation": "Patient", "OperationOutcome": "OperationOutcome"}

    def kind(answer: Response) -> str | None:
        return str(answer.json()["resourceType"]) if answer.content else None

    assert kind(created) == kinds[returns]
    body = patient(id=path.rpartition("/")[2])
    assert kind(server("PUT", path, body=body, headers=prefer)) == kinds[returns]
    deleted = server("DELETE", path, headers=prefer)
    assert deleted.status_code == (200 if returns == "OperationOutcome" else 204)


@pytest.mark.parametrize("returns", [None, "minimal", "representation", "OperationOutcome"])
def test_a_warning_is_told_whatever_the_client_prefers(server: Server, returns: str | None):
    server.warner.remarks = [Issue("warning", "business-rule", "No service covers it.", ("x",))]
    prefer = {"prefer": f"return={returns}"} if returns else {}
    created = server("POST", "/fhir/Patient", body=patient(), headers=prefer)
    path = created.headers["location"].removeprefix("http://kersey.test").partition("/_hist")[0]
    body = patient(id=path.rpartition("/")[2])
    updated = server("PUT", path, body=body, headers=prefer)
    assert (created.status_code, updated.status_code) == (201, 200)
    for version, told in ((1, created), (2, updated)):
        assert issue(told)["diagnostics"] == "No service covers it."
        assert told.headers["location"].endswith(f"{path}/_history/{version}")
        assert told.headers["etag"] == f'W/"{version}"'


def test_conditional_read(server: Server):
    stored = server.create(patient())
    path = f"/fhir/Patient/{stored['id']}"
    modified = server("GET", path).headers["last-modified"]
    for headers, status in [
        ({"if-none-match": 'W/"1"'}, 304),
        ({"if-none-match": 'W/"3", W/"1"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": 'W/"2"'}, 200),
        ({"if-modified-since": modified}, 304),
        ({"if-modified-since": "Thu, 01 Jan 1998 00:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
    ]:
        answer = server("GET", path, headers=headers)
        assert answer.status_code == status, headers
        assert answer.headers["etag"] == 'W/"1"'
        assert bool(answer.content) == (status == 200)


def test_conditional_create(server: Server):
    body = patient(identifier=[{"system": "urn:s", "value": "1"}])
    condition = {"if-none-exist": "identifier=urn:s|1"}
    first = server("POST", "/fhir/Patient", body=body, headers=condition)
    assert first.status_code == 201
    again = server("POST", "/fhir/Patient", body=body, headers=condition)
    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]
    # What another organisation has does not count.
    assert server("POST", "/fhir/Patient", SOUTH, body=body, headers=condition).status_code == 201
    server.create(body)
    several = server("POST", "/fhir/Patient", body=body, headers=condition)
    assert (several.status_code, issue(several)["code"]) == (412, "multiple-matches")


def test_conditional_update_and_delete(server: Server):
    body = patient(identifier=[{"system": "urn:s", "value": "1"}])
    where = "/fhir/Patient?identifier=urn:s|1"
    created = server("PUT", where, body=body)
    assert created.status_code == 201
    updated = server("PUT", where, body=body | {"gender": "male"})
    assert (updated.status_code, updated.json()["id"]) == (200, created.json()["id"])
    other = server("PUT", where, body=body | {"id": "other"})
    assert (other.status_code, issue(other)["expression"]) == (400, ["Patient.id"])
    named = server("PUT", "/fhir/Patient?identifier=urn:s|2", body=body | {"id": "mine"})
    assert named.status_code == 405
    server.create(body)
    assert server("PUT", where, body=body).status_code == 412
    assert server("DELETE", where).status_code == 412
    server("DELETE", f"/fhir/Patient/{created.json()['id']}")
    assert server("DELETE", where).status_code == 204
    assert server("DELETE", where).status_code == 204
    assert server("GET", "/fhir/Patient").json()["total"] == 0
    for method in ("PUT", "DELETE"):
        bare = server(method, "/fhir/Patient?_format=json", body=body)
        assert bare.status_code == 405


def test_json_patch(server: Server):
    stored = server.create(patient(identifier=[{"system": "urn:s", "value": "1"}]))
    path = f"/fhir/Patient/{stored['id']}"

    def patch(operations: object, where: str = path, **headers: str):
        content = json.dumps(operations).encode()
        headers = {"content-type": "application/json-patch+json"} | headers
        return server("PATCH", where, content=content, headers=headers)

    gender = [{"op": "add", "path": "/gender", "value": "female"}]
    patched = patch(gender, **{"if-match": 'W/"1"'})
    assert (patched.status_code, patched.json()["gender"]) == (200, "female")
    assert patched.json()["meta"]["versionId"] == "2"
    assert patch(gender, **{"if-match": 'W/"1"'}).status_code == 412
    matched = patch([{"op": "remove", "path": "/gender"}], "/fhir/Patient?identifier=urn:s|1")
    assert "gender" not in matched.json()
    history = server("GET", f"{path}/_history").json()["entry"]
    assert history[0]["request"]["method"] == "PATCH"

    nowhere = {"reference": "Organization/none"}
    for operations, status in [
        ({"op": "add"}, 400),
        (["add"], 400),
        ([{"op": "invent", "path": "/x"}], 400),
        ([{"op": "remove", "path": "/photo"}], 422),
        ([{"op": "test", "path": "/active", "value": True}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "replace", "path": "", "value": []}], 422),
        ([{"op": "add", "path": "/gender", "value": "unheard-of"}], 422),
        ([{"op": "add", "path": "/nonsense", "value": 1}], 400),
        ([{"op": "add", "path": "/managingOrganization", "value": nowhere}], 422),
        ([{"op": "add", "path": "/text", "value": {"a": "x" * 3_000_000}}]
         + [{"op": "copy", "from": "/text", "path": f"/text/{n}"} for n in "bcdefg"], 413),
        ([{"op": "copy", "from": "/identifier", "path": "/identifier/-"}] * 20, 413),
        ([{"op": "copy", "from": "/id", "path": "/id"}] * 101, 413),
    ]:  # fmt: skip
        assert patch(operations).status_code == status, operations
    assert server("GET", path).json()["meta"]["versionId"] == "3"
    assert patch(gender, "/fhir/Patient/none").status_code == 404
    assert patch(gender, "/fhir/Patient?identifier=none").status_code == 404
    wrong = server("PATCH", path, content=b"[]", headers={"content-type": FHIR})
    assert wrong.status_code == 415


def test_references_must_lead_somewhere(server: Server):
    person = server.create(patient())
    hidden = server.create(patient(), SOUTH)

    def create(reference: str):
        return server("POST", "/fhir/Task", body=task(**{"for": {"reference": reference}}))

    for good in [
        f"Patient/{person['id']}",
        f"{BASE}/Patient/{person['id']}",
        f"Patient/{person['id']}/_history/1",
        "https://elsewhere.test/Patient/9",
    ]:
        assert create(good).status_code == 201, good
        kept = good.removeprefix(f"{BASE}/")  # by its own address a document is named relatively
        assert create(good).json()["for"]["reference"] == kept
    for bad in ["Patient/none", f"Patient/{hidden['id']}", "Patient?name=a"]:
        refused = create(bad)
        assert refused.status_code in (400, 422), bad
        assert issue(refused)["expression"] == ["Task.for.reference"]
    server("DELETE", f"/fhir/Patient/{person['id']}")
    assert create(f"Patient/{person['id']}").status_code == 422


def test_a_reference_that_stood_there_before_may_stay(server: Server):
    person = server.create(patient())
    reference = {"reference": f"Patient/{person['id']}"}
    stored = server.create(task(**{"for": reference}))
    server("DELETE", f"/fhir/{reference['reference']}")
    path = f"/fhir/Task/{stored['id']}"
    assert server("PUT", path, body=stored | {"description": "later"}).status_code == 200
    elsewhere = stored | {"for": {"reference": "Patient/none"}}
    assert server("PUT", path, body=elsewhere).status_code == 422


def test_formats(server: Server):
    path = f"/fhir/Patient/{server.create(patient())['id']}"
    for accept, kind in [
        ("application/fhir+json", FHIR),
        ("application/json", "application/json"),
        ("*/*", FHIR),
        ("text/html, application/*;q=0.8", FHIR),
        ("application/fhir+xml, application/json;q=0.5", "application/json"),
        ("application/fhir+json; fhirVersion=4.0", FHIR),
    ]:
        answer = server("GET", path, headers={"accept": accept})
        assert answer.status_code == 200, accept
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    for accept in [
        "application/fhir+xml",
        "text/html",
        "application/json;q=0",
        "application/json;q=x",
        "application/fhir+json; fhirVersion=3.0",
    ]:
        refused = server("GET", path, headers={"accept": accept})
        assert (refused.status_code, issue(refused)["code"]) == (406, "not-supported"), accept
    for wanted, status in [
        ("json", 200),
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("xml", 406),
    ]:
        assert server("GET", f"{path}?_format={wanted}").status_code == status
        assert server("GET", f"/fhir/Patient?_format={wanted}").status_code == status

    def send(content: bytes, **headers: str):
        return server("POST", "/fhir/Patient", content=content, headers=headers)

    body = json.dumps(patient()).encode()
    assert send(body, **{"content-type": "application/json; charset=utf-8"}).status_code == 201
    for media_type in ("application/fhir+xml", "text/plain", ""):
        assert send(body, **{"content-type": media_type}).status_code == 415
    zipped = {"content-type": FHIR, "content-encoding": "gzip"}
    assert send(gzip.compress(body), **zipped).status_code == 201
    assert send(gzip.compress(body)[:-9], **zipped).status_code == 400
    assert send(b"no gzip", **zipped).status_code == 400
    assert send(gzip.compress(b" " * 6_000_000), **zipped).status_code == 413
    assert send(body, **zipped | {"content-encoding": "br"}).status_code == 415
    assert send(b" " * 6_000_000, **{"content-type": FHIR}).status_code == 413


BAD = [
    (b"{", 400, None),
    (b"[]", 400, None),
    (b'{"resourceType":"Task"}', 400, None),
    (b'{"resourceType":"Patient","active":true,"active":false}', 400, ["Patient.active"]),
    (b'{"resourceType":"Patient","nonsense":1}', 400, ["Patient.nonsense"]),
    (b'{"resourceType":"Patient","gender":"x"}', 422, ["Patient.gender"]),
    (b'{"resourceType":"Patient","birthDate":"1980-13-01"}', 400, ["Patient.birthDate"]),
]


@pytest.mark.parametrize(("body", "status", "expression"), BAD)
def test_bad_bodies_name_the_element_and_store_nothing(
    server: Server, body: bytes, status: int, expression: list[str] | None
):
    refused = server("POST", "/fhir/Patient", content=body, headers={"content-type": FHIR})
    assert refused.status_code == status
    if expression is not None:
        assert issue(refused)["expression"] == expression
    assert server("GET", "/fhir/Patient").json()["total"] == 0


def test_the_id_of_the_body_is_that_of_the_address(server: Server):
    path = f"/fhir/Patient/{server.create(patient())['id']}"
    for body in (patient(), patient(id="other")):
        refused = server("PUT", path, body=body)
        assert (refused.status_code, issue(refused)["expression"]) == (400, ["Patient.id"])
    odd = server("PUT", path, body=patient(), headers={"if-match": "now"})
    assert (odd.status_code, issue(odd)["expression"]) == (400, ["http.If-Match"])
    assert server(
        "PUT", path, body=server("GET", path).json(), headers={"if-match": "*"}
    ).is_success


def test_a_history_of_no_entries_says_how_many_there_are(server: Server):
    """`_count=0`, as in a search (R4 http.html, history; search.html, page count)."""
    stored = server.create(patient())
    path = f"/fhir/Patient/{stored['id']}"
    server("PUT", path, body=stored | {"active": False})
    server.create(patient())
    for at, total in ((path, 2), ("/fhir/Patient", 3), ("/fhir", 3)):
        counted = server("GET", f"{at}/_history?_count=0").json()
        assert counted["total"] == total
        assert "entry" not in counted
        assert [each["relation"] for each in counted["link"]] == ["self"]
    assert server("GET", "/fhir/Patient/none/_history?_count=0").status_code == 404
