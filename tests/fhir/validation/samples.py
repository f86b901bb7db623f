"""Small valid resources to spoil, and what a refusal says."""

from __future__ import annotations

import copy
import json
from typing import Any

from shared.fhir.elements import TypeInfo
from shared.fhir.model import parse, type_info, validate
from shared.fhir.outcome import FhirError, Issue

Resource = dict[str, Any]

SERVICE_REQUEST: Resource = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "871731000000106"}]},
    "subject": {"reference": "Patient/p1"},
    "requester": {"reference": "PractitionerRole/r1"},
    "occurrencePeriod": {"start": "2026-03-01", "end": "2026-06"},
    "reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "267076002"}]}],
}
PATIENT: Resource = {
    "resourceType": "Patient",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
    "name": [{"use": "official", "family": "Fictional", "given": ["Fern"]}],
    "telecom": [{"system": "phone", "value": "01632 960001"}],
    "gender": "female",
    "birthDate": "1970-02",
}
TASK: Resource = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "focus": {"reference": "ServiceRequest/s1"},
    "for": {"reference": "Patient/p1"},
    "authoredOn": "2026-03-01T09:30:00Z",
}


def changed(resource: Resource, **elements: Any) -> Resource:
    """A copy of ``resource`` with ``elements`` set; one that is None is taken out."""
    copied = copy.deepcopy(resource)
    for name, value in elements.items():
        if value is None:
            copied.pop(name, None)
        else:
            copied[name] = value
    return copied


def bundle(kind: str, *entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def posted(resource: Resource, url: str | None = None) -> Resource:
    """An entry of a transaction that creates ``resource``."""
    entry: Resource = {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }
    return entry | ({"fullUrl": url} if url else {})


def refusal(resource: Any, **options: Any) -> FhirError:
    """The error that ``resource`` is refused with."""
    try:
        validate(resource, **options)
    except FhirError as error:
        return error
    raise AssertionError("it was taken")


def problems(resource: Any, **options: Any) -> list[tuple[str, str]]:
    """(issue code, expression) of every error found; none where it is taken."""
    try:
        validate(resource, **options)
    except FhirError as error:
        return [pair(issue) for issue in error.issues if issue.severity == "error"]
    return []


def pair(issue: Issue) -> tuple[str, str]:
    return issue.code, ",".join(issue.expression)


def part(path: str) -> TypeInfo:
    """The table of a type (``Task``) or of a part of one (``Task.restriction``)."""
    name, *rest = path.split(".")
    info = type_info(name)
    for step in rest:
        inner = info.elements[step].type
        assert inner is not None, path
        info = inner
    return info


def unread(raw: bytes | str, **options: Any) -> FhirError:
    """The error that ``raw`` is refused with before it is validated."""
    try:
        parse(raw.encode() if isinstance(raw, str) else raw, **options)
    except FhirError as error:
        return error
    raise AssertionError("it was read")


def raw(resource: Resource) -> bytes:
    return json.dumps(resource).encode()
