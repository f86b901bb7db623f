"""The classes are asked only where there is doubt; asked always, they would say nothing else."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fhir import model
from shared.fhir.checks import Walk
from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError
from tests.fhir.validation.samples import PATIENT, SERVICE_REQUEST, TASK, changed
from tests.fhir.validation.test_examples import FILES
from tests.fhir.validation.test_fuzz import PATIENT_SETTINGS, SEEDS, places, values

WRITTEN: list[Any] = [
    "2026", "0000", "2026-13", "2026-02-30", "2026-03-01T09:30", "2026-03-01T09:30:00",
    "2026-03-01T09:30:60Z", "2026-03-01T09:30:00+14:30", "24:00:00", "09:30:60", " a", "a  b",
    "a\n", "\u00a0", "urn:oid:3.1", "urn:uuid:x", "http://[", "mailto:", "=", "YQ", "YQ==",
    "http://x y", -1, 0, 1, 2**31, -(2**31) - 1, 1.5, True, None, "", [], {}, [None], {"id": "a"},
]  # fmt: skip
EVERY_PRIMITIVE: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "a", f"value{kind}": value}
        for kind, value in {
            "Base64Binary": "YQ==", "Boolean": True, "Canonical": "http://x/a|1", "Code": "a b",
            "Date": "2026-03-01", "DateTime": "2026-03-01T09:30:00Z", "Decimal": 1.10, "Id": "a-1",
            "Instant": "2026-03-01T09:30:00.1Z", "Integer": -1, "Markdown": "*a*",
            "Oid": "urn:oid:1.2", "PositiveInt": 1, "String": "a", "Time": "09:30:00",
            "UnsignedInt": 0, "Uri": "a:b", "Url": "http://x.example/a",
            "Uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        }.items()
    ],
}  # fmt: skip


class Doubting(Walk):
    """Doubts everything, so that the class is always asked."""

    doubtful = property(lambda _: True, lambda _, __: None)


def said(resource: dict[str, Any]) -> object:
    try:
        return validate(resource)
    except FhirError as error:
        return error.status, error.issues


def the_same_is_said(resource: dict[str, Any]) -> None:
    expected = said(resource)
    with patch.object(model, "Walk", Doubting):
        assert said(resource) == expected


def spoilt(data: st.DataObject, resource: dict[str, Any], by: st.SearchStrategy[Any]) -> Any:
    resource = json.loads(json.dumps(resource))
    *above, last = data.draw(st.sampled_from(places(resource)))
    target: Any = resource
    for step in above:
        target = target[step]
    target[last] = data.draw(by)
    return parse(json.dumps({**resource, "resourceType": resource.get("resourceType")}).encode())


@PATIENT_SETTINGS
@given(st.data())
def test_of_a_resource_spoilt_in_one_place(data):
    seed = data.draw(st.sampled_from([*SEEDS, EVERY_PRIMITIVE]))
    by = st.one_of(values, st.sampled_from(WRITTEN))
    try:
        resource = spoilt(data, seed, by)
    except FhirError:
        return  # not read at all
    the_same_is_said(resource)


@pytest.mark.parametrize("value", WRITTEN, ids=repr)
def test_of_every_primitive_written_so(value):
    for n, parameter in enumerate(EVERY_PRIMITIVE["parameter"]):
        name = next(each for each in parameter if each.startswith("value"))
        parameters = [*EVERY_PRIMITIVE["parameter"]]
        parameters[n] = {"name": "a", name: value}
        the_same_is_said(EVERY_PRIMITIVE | {"parameter": parameters})


@pytest.mark.parametrize(
    "resource",
    [
        PATIENT,
        TASK,
        changed(SERVICE_REQUEST, status=None, _status={"id": "a"}),
        changed(SERVICE_REQUEST, status=None, _status={"extension": [{"url": "x:y"}]}),
        changed(PATIENT, _birthDate={"extension": []}),
        changed(PATIENT, fhir_comments=["a"]),
        changed(PATIENT, name=[{"resourceType": "HumanName", "family": "a"}]),
        changed(PATIENT, name=[{"given": ["a", None], "_given": [None, {"id": "b"}]}]),
    ],
)
def test_of_what_stands_beside_a_primitive(resource):
    the_same_is_said(resource)


@pytest.mark.skipif(not FILES, reason="no example resources")
def test_of_published_examples():
    for file in FILES:
        the_same_is_said(parse(file.read_bytes()))
