"""A create by the route before all others answers as one by the ordinary route does."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from httpx import Response

from tests.fhir.rest.conftest import Server

PATIENT: dict[str, Any] = {"resourceType": "Patient", "active": True}
TEXT = b'{"resourceType":"Patient","active":true}'
FHIR = {"content-type": "application/fhir+json"}
OWN = {"location", "last-modified"}


@pytest.mark.parametrize(
    ("path", "status", "how"),
    [
        ("/fhir/Patient", 201, {"body": PATIENT}),
        ("/fhir/Patient", 201, {"body": PATIENT, "headers": {"prefer": "return=minimal"}}),
        ("/fhir/Patient", 201, {"body": PATIENT, "headers": {"prefer": "return=OperationOutcome"}}),
        ("/fhir/Patient?_format=json", 201, {"body": PATIENT}),
        (
            "/fhir/Patient",
            201,
            {"content": gzip.compress(TEXT), "headers": FHIR | {"content-encoding": "gzip"}},
        ),
        ("/fhir/Patient", 400, {"content": gzip.compress(TEXT)[:-9], "headers": FHIR}),
        ("/fhir/Patient", 400, {"content": b"", "headers": FHIR}),
        ("/fhir/Patient", 400, {"body": PATIENT | {"active": "true"}}),
        ("/fhir/Patient", 400, {"body": PATIENT | {"resourceType": "Task"}}),
        ("/fhir/Patient", 401, {"body": PATIENT, "organisation": None}),
        ("/fhir/Patient", 403, {"body": PATIENT, "headers": {"x-scope": "system/Patient.rs"}}),
        ("/fhir/Nothing", 404, {"body": PATIENT}),
        ("/fhir/AuditEvent", 405, {"body": PATIENT | {"resourceType": "AuditEvent"}}),
        ("/fhir/Patient", 406, {"body": PATIENT, "headers": {"accept": "application/fhir+xml"}}),
        ("/fhir/Patient", 413, {"content": b" " * 5_300_000, "headers": FHIR}),
        ("/fhir/Patient", 415, {"content": TEXT, "headers": {"content-type": "text/plain"}}),
        ("/fhir/$nothing", 404, {"body": PATIENT}),
        ("/fhir/_search", 415, {"body": PATIENT}),
    ],
)
def test_it_answers_as_the_ordinary_route(
    server: Server, plain_server: Server, path: str, status: int, how: dict[str, Any]
):
    first, second = server("POST", path, **how), plain_server("POST", path, **how)
    assert (first.status_code, second.status_code) == (status, status)
    assert _told(first) == _told(second)


def test_a_failure_that_nobody_foresaw_is_an_outcome_there_too(server: Server):
    server.warner.failure = RuntimeError("a secret")
    answer = server("POST", "/fhir/Patient", body=PATIENT)
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "secret" not in answer.text


def _told(answer: Response) -> tuple[dict[str, str], Any]:
    """What is the same of two creates of one resource."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key not in {"id", "meta"}}
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    headers.pop("content-length", None)
    return headers, body
