"""Every refusal below /fhir is an OperationOutcome that reveals nothing."""

from typing import Any

import pytest
from httpx import Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.problems import Problem
from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import patient

PATHS = [
    ("GET", "/fhir/Patient"),
    ("GET", "/fhir/Patient/1"),
    ("GET", "/fhir/Patient/1/_history"),
    ("GET", "/fhir/Patient/1/_history/1"),
    ("GET", "/fhir/Patient/_history"),
    ("GET", "/fhir/_history"),
    ("POST", "/fhir"),
    ("POST", "/fhir/"),
    ("POST", "/fhir/Patient"),
    ("POST", "/fhir/Patient/_search"),
    ("POST", "/fhir/Patient/$validate"),
    ("PUT", "/fhir/Patient/1"),
    ("PATCH", "/fhir/Patient/1"),
    ("DELETE", "/fhir/Patient/1"),
    ("GET", "/fhir/anything/at/all/there"),
]


def outcome(answer: Response) -> dict[str, Any]:
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert all(issue["expression"] for issue in body["issue"])
    first: dict[str, Any] = body["issue"][0]
    return first


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_good_token_nothing_answers(server: Server, method: str, path: str):
    missing = server(method, path, None)
    assert (missing.status_code, outcome(missing)["code"]) == (401, "login")
    assert missing.headers["www-authenticate"] == "Bearer"
    expired = server(method, path, "expired")
    assert (expired.status_code, outcome(expired)["code"]) == (401, "expired")
    assert "invalid_token" in expired.headers["www-authenticate"]


SCOPES = [
    ("GET", "/fhir/Patient", "system/Patient.r", "s"),
    ("GET", "/fhir/Patient/1", "system/Patient.s", "r"),
    ("GET", "/fhir/Patient/1", "system/Task.read", "r"),
    ("GET", "/fhir/Patient/1/_history", "system/Patient.s", "r"),
    ("GET", "/fhir/Patient/_history", "system/Patient.r", "s"),
    ("POST", "/fhir/Patient", "system/Patient.ruds", "c"),
    ("PUT", "/fhir/Patient/1", "system/Patient.crds", "u"),
    ("PATCH", "/fhir/Patient/1", "system/Patient.crds", "u"),
    ("DELETE", "/fhir/Patient/1", "system/Patient.crus", "d"),
    ("POST", "/fhir/Patient/$validate", "system/Patient.rs", "c"),
]


@pytest.mark.parametrize(("method", "path", "scope", "needs"), SCOPES)
def test_scopes_are_asked_for_every_interaction(
    server: Server, method: str, path: str, scope: str, needs: str
):
    refused = server(method, path, headers={"x-scope": scope}, body=patient())
    assert (refused.status_code, outcome(refused)["code"]) == (403, "forbidden")
    assert f"system/Patient.{needs}" in outcome(refused)["diagnostics"]


def test_a_chain_needs_the_scope_of_what_it_looks_into(server: Server):
    scope = {"x-scope": "system/Task.rs"}
    assert server("GET", "/fhir/Task?patient.name=a", headers=scope).status_code == 403
    assert (
        server("GET", "/fhir/Task?_has:Task:part-of:patient.name=a", headers=scope).status_code
        == 403
    )
    assert server("GET", "/fhir/Task?_has:Task:part-of:status=draft", headers=scope).is_success


NOWHERE = [
    ("GET", "/fhir/Nonsense", 404),
    ("GET", "/fhir/Medication/1", 404),
    ("POST", "/fhir/Medication", 404),
    ("POST", "/fhir/Medication/_search", 404),
    ("GET", "/fhir/Patient/1/2/3/4", 404),
    ("GET", "/fhir/Patient/$everything/x", 404),
    ("POST", "/fhir/Patient/$convert", 404),
    ("GET", "/fhir/Patient/1/_history/one", 404),
    ("GET", "/fhir", 405),
    ("GET", "/fhir/", 405),
    ("POST", "/fhir/Patient/1", 405),
    ("PUT", "/fhir", 405),
    ("OPTIONS", "/fhir/Patient/$convert", 404),
    ("PUT", "/fhir/Patient/1/_history/1", 405),
    ("POST", "/fhir/AuditEvent", 405),
    ("PUT", "/fhir/AuditEvent/1", 405),
    ("PATCH", "/fhir/AuditEvent/1", 405),
    ("DELETE", "/fhir/AuditEvent/1", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), NOWHERE)
def test_what_is_not_there_and_what_cannot_be_done(
    server: Server, method: str, path: str, status: int
):
    refused = server(method, path, body=patient() if method in ("POST", "PUT") else None)
    assert refused.status_code == status
    assert outcome(refused)["code"] == {404: "not-found", 405: "not-supported"}[status]
    assert ("allow" in refused.headers) == (status == 405)


class TooLarge(Exception):
    sqlstate = "54000"


class AdminShutdown(Exception):
    sqlstate = "57P01"


FAILURES = [
    (OperationalError("INSERT", {}, TooLarge()), 500, "exception"),
    (OperationalError("SELECT", {}, AdminShutdown()), 503, "transient"),
    (PoolTimeout(), 503, "transient"),
    (RuntimeError("Ivy Sykes 9990000018"), 500, "exception"),
    (OperationalError("SELECT", {}, Exception("gone")), 503, "transient"),
    (Problem(409, "Held", "Somebody else has it.", element="Task.status"), 409, "conflict"),
]


@pytest.mark.parametrize(("failure", "status", "code"), FAILURES)
def test_failures_on_our_side_reveal_nothing(
    server: Server, failure: Exception, status: int, code: str
):
    server.warner.failure = failure
    answer = server("POST", "/fhir/Patient", body=patient())
    assert (answer.status_code, outcome(answer)["code"]) == (status, code)
    assert "Sykes" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


AT_FAULT: list[tuple[str, str, dict[str, Any], str]] = [
    ("GET", "/fhir/Patient", {"organisation": None}, "http.Authorization"),
    ("GET", "/fhir/Patient", {"headers": {"x-scope": "system/Task.rs"}}, "http.Authorization"),
    ("GET", "/fhir/Patient/1", {}, "http.path"),
    ("GET", "/fhir/Nonsense", {}, "http.path"),
    ("DELETE", "/fhir", {}, "http.path"),
    ("GET", "/fhir/metadata", {"headers": {"accept": "application/fhir+xml"}}, "http.Accept"),
    ("GET", "/fhir/metadata?_format=xml", {}, "http._format"),
    ("POST", "/fhir/Patient", {"content": b"{}"}, "http.Content-Type"),
    ("POST", "/fhir/Patient",
     {"content": b"{}", "headers": {"content-encoding": "br"}}, "http.Content-Encoding"),
    ("POST", "/fhir/Patient",
     {"content": b"{", "headers": {"content-type": "application/json"}}, "http.body"),
    ("POST", "/fhir/Patient",
     {"content": b"x", "headers": {"content-encoding": "gzip"}}, "http.body"),
    ("GET", "/fhir/Patient?name=%ff", {}, "http.query"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "how", "place"), AT_FAULT)
def test_a_refusal_names_the_part_of_the_request(
    server: Server, method: str, path: str, how: dict[str, Any], place: str
):
    refused = server(method, path, **how)
    assert outcome(refused)["expression"] == [place], refused.text


def test_a_refused_entry_of_a_batch_is_named(server: Server):
    asked = [("GET", "Patient/1"), ("DELETE", "Nonsense/1"), ("GET", "Patient/%00")]
    entries = [{"request": {"method": method, "url": url}} for method, url in asked]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    done = server("POST", "/fhir", body=batch).json()["entry"]
    named = [each["response"]["outcome"]["issue"][0]["expression"] for each in done]
    assert [places[0].partition(".request")[0] for places in named] == [
        f"Bundle.entry[{n}]" for n in range(3)
    ]


@pytest.mark.parametrize("key", ["%00", "a%00", "%ff", "%0a", "a%2fb"])
def test_an_id_that_cannot_be_one_is_not_there(server: Server, key: str):
    for path in (f"Patient/{key}", f"Patient/{key}/_history", f"Patient/{key}/_history/1"):
        assert server("GET", f"/fhir/{path}").status_code == 404


def test_head_is_get_without_the_body(server: Server):
    key = server.create(patient())["id"]
    paths = ("metadata", "Patient", f"Patient/{key}", f"Patient/{key}/_history", "Patient/none")
    for path in paths:
        get, head = server("GET", f"/fhir/{path}"), server("HEAD", f"/fhir/{path}")
        assert (head.status_code, head.content) == (get.status_code, b"")
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == get.headers.get(name)
    assert server("HEAD", f"/fhir/Patient/{key}", None).status_code == 401
