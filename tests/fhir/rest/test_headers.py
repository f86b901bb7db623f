"""Headers mean what R4's http.html and RFC 9110 say: formats, preconditions, OPTIONS."""

from typing import Any

import pytest

from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import patient

FHIR, JSON = "application/fhir+json", "application/json"
LONG_AGO, LATER = "Thu, 01 Jan 1998 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"

ACCEPTED = [
    ("application/fhir+json; fhirVersion=4.0", 200, FHIR),
    ('application/fhir+json; fhirVersion="4.0"', 200, FHIR),
    ("application/fhir+json;fhirVersion=4.0.1", 200, FHIR),
    ("application/fhir+json; fhirVersion=5.0", 406, FHIR),
    ("application/fhir+json; fhirVersion=5.0, application/json", 200, JSON),
    ("application/fhir+xml;q=1.0, application/fhir+json;q=0.9", 200, FHIR),
    ("application/json;q=0.4, application/fhir+json;q=0.8", 200, FHIR),
    ("application/json;q=0", 406, FHIR),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200, FHIR),
    ("APPLICATION/JSON;charset=UTF-8", 200, JSON),
    ("application/fhir+xml", 406, FHIR),
    ("application/fhir+turtle, text/turtle", 406, FHIR),
]


@pytest.mark.parametrize(("accept", "status", "kind"), ACCEPTED)
def test_the_best_acceptable_format_is_sent(server: Server, accept: str, status: int, kind: str):
    answer = server("GET", "/fhir/Patient", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        f"{kind}; charset=utf-8",
    )


SENT = [
    ("application/fhir+json; fhirVersion=4.0; charset=utf-8", 201),
    ("application/fhir+json;fhirVersion=4.0.1", 201),
    ("Application/FHIR+JSON", 201),
    ("application/json", 201),
    ("application/fhir+json; fhirVersion=3.0", 415),
    ("application/fhir+json; fhirVersion=5.0", 415),
    ("application/fhir+json; charset=iso-8859-1", 415),
    ("application/fhir+xml", 415),
    ("text/plain", 415),
    ("", 415),
]


@pytest.mark.parametrize(("content_type", "status"), SENT)
def test_a_body_is_json_of_this_version(server: Server, content_type: str, status: int):
    headers = {"content-type": content_type}
    answer = server("POST", "/fhir/Patient", json=patient(), headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["issue"][0]["expression"] == ["http.Content-Type"]


PRECONDITIONS = [
    ({"if-match": 'W/"1"'}, None),
    ({"if-match": '"1"'}, None),
    ({"if-match": "*"}, None),
    ({"if-match": 'W/"2"'}, "http.If-Match"),
    ({"if-none-match": "*"}, "http.If-None-Match"),
    ({"if-none-match": 'W/"1"'}, "http.If-None-Match"),
    ({"if-none-match": 'W/"7", W/"1"'}, "http.If-None-Match"),
    ({"if-none-match": 'W/"7"'}, None),
    ({"if-unmodified-since": LONG_AGO}, "http.If-Unmodified-Since"),
    ({"if-unmodified-since": LATER}, None),
    ({"if-unmodified-since": "yesterday"}, None),
]


@pytest.mark.parametrize(("headers", "refused_for"), PRECONDITIONS)
def test_nothing_is_overwritten_that_a_client_asked_to_leave(
    server: Server, headers: dict[str, str], refused_for: str | None
):
    stored = server.create(patient())
    path = f"/fhir/Patient/{stored['id']}"
    patch: Any = [{"op": "add", "path": "/active", "value": False}]
    as_patch = {"content-type": "application/json-patch+json"}
    for ask in (
        lambda: server("PUT", path, body=stored | {"active": False}, headers=headers),
        lambda: server("PATCH", path, json=patch, headers=headers | as_patch),
        lambda: server("DELETE", path, headers=headers),
    ):
        answer = ask()
        if refused_for is None:
            assert answer.is_success, answer.text
            return
        assert answer.status_code == 412
        assert answer.json()["issue"][0]["expression"] == [refused_for]
    assert server("GET", path).headers["etag"] == 'W/"1"'


def test_what_was_deleted_may_come_back_where_nothing_must_be_there(server: Server):
    stored = server.create(patient())
    path = f"/fhir/Patient/{stored['id']}"
    server("DELETE", path)
    back = server("PUT", path, body=stored, headers={"if-none-match": "*"})
    assert (back.status_code, back.headers["etag"]) == (201, 'W/"3"')
    again = server("PUT", path, body=stored)
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"4"')


OFFERED = [
    ("/fhir", "GET, HEAD, POST, OPTIONS"),
    ("/fhir/metadata", "GET, HEAD, OPTIONS"),
    ("/fhir/_history", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ("/fhir/AuditEvent", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ("/fhir/AuditEvent/1", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient/1/_history/1", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient/_search", "POST, OPTIONS"),
    ("/fhir/Patient/$validate", "POST, OPTIONS"),
    ("/fhir/Patient/1/$validate", "GET, HEAD, POST, OPTIONS"),
    ("/fhir/Patient/$everything", "GET, HEAD, POST, OPTIONS"),
    ("/fhir/Patient/1/$everything", "GET, HEAD, POST, OPTIONS"),
    ("/fhir/Patient/1/*", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient/1/Observation", "GET, HEAD, OPTIONS"),
    ("/fhir/Patient/1/Observation/_search", "POST, OPTIONS"),
    ("/fhir/StructureDefinition", "GET, HEAD, OPTIONS"),
    ("/fhir/StructureDefinition/_search", "POST, OPTIONS"),
    ("/fhir/StructureDefinition/1", "GET, HEAD, OPTIONS"),
]


@pytest.mark.parametrize(("path", "allowed"), OFFERED)
def test_options_tells_what_an_address_has(server: Server, path: str, allowed: str):
    answer = server("OPTIONS", path)
    assert (answer.status_code, answer.headers["allow"]) == (204, allowed)
    patches = "application/json-patch+json" in answer.headers.get("accept-patch", "")
    assert patches == ("PATCH" in allowed)


@pytest.mark.parametrize(("path", "allowed"), OFFERED)
def test_another_method_is_405_and_told_which_there_are(server: Server, path: str, allowed: str):
    offered = allowed.removesuffix(", OPTIONS")
    methods = [each for each in ("GET", "POST", "PUT", "PATCH", "DELETE") if each not in offered]
    for method in methods:
        answer = server(method, path)
        assert (answer.status_code, answer.headers.get("allow")) == (405, offered), method
        assert answer.json()["issue"][0]["code"] == "not-supported"


def test_a_condition_in_the_address_of_a_create_is_kept(server: Server):
    """fhirpy has it there, where R4 has it in a header; passing it over would create again."""
    body = patient(identifier=[{"system": "https://ehr.example", "value": "1"}])
    where = "/fhir/Patient?_format=json&identifier=https://ehr.example|1"
    first, again = (server("POST", where, body=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["location"] == first.headers["location"]
    assert again.json()["id"] == first.json()["id"]
    plain = server("POST", "/fhir/Patient?_format=json&_pretty=true", body=body)
    assert plain.status_code == 201
    several = server("POST", where, body=body)
    assert (several.status_code, several.json()["issue"][0]["code"]) == (412, "multiple-matches")
    assert server("POST", "/fhir/Patient?shoe-size=7", body=body).status_code == 400


def test_an_id_of_ones_own_is_refused_at_its_place(server: Server):
    body = patient(id="mine")
    alone = server("PUT", "/fhir/Patient/mine", body=body)
    entry = {"resource": body, "request": {"method": "PUT", "url": "Patient/mine"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    within = server("POST", "/fhir", body=bundle)
    for answer, place in ((alone, "http.path"), (within, "Bundle.entry[0].request.url")):
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["issue"][0]["expression"] == [place]
    statement = server("GET", "/fhir/metadata").json()["rest"][0]["resource"]
    assert {each["updateCreate"] for each in statement} == {False}


def test_an_entry_that_the_client_has_already_is_304(server: Server):
    stored = server.create(patient())
    url = f"Patient/{stored['id']}"
    asked: list[dict[str, str]] = [
        {"ifNoneMatch": 'W/"1"'},
        {"ifNoneMatch": 'W/"2"'},
        {"ifModifiedSince": "2100-01-01T00:00:00Z"},
        {"ifModifiedSince": "1998-01-01T00:00:00+01:00"},
        {},
    ]
    entry = [{"request": {"method": "GET", "url": url} | each} for each in asked]
    for kind in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entry}
        answers = server("POST", "/fhir", body=bundle).json()["entry"]
        assert [each["response"]["status"][:3] for each in answers] == "304 200 304 200 200".split()
        assert ["resource" in each for each in answers] == [False, True, False, True, True]
        assert {each["response"]["etag"] for each in answers} == {'W/"1"'}
