"""Whatever comes, the answer is a refusal in words: never another exception, never its values."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.fhir.json import dumps, parse
from shared.fhir.model import type_info, validate
from shared.fhir.outcome import FhirError
from tests.fhir.validation.samples import PATIENT, SERVICE_REQUEST, TASK, bundle, posted

TYPES = ["Patient", "ServiceRequest", "Task", "Bundle", "Questionnaire", "Observation", "Condition"]
NAMES = sorted(
    {
        "resourceType", "contained", "extension", "_status", "reference", "url", "coding", "code",
        "system", "value", "start", "end", "div", "item", "linkId", "entry", "resource", "x y",
        *(name for kind in TYPES for name in type_info(kind).elements),
        "repeat", "duration", "period", "low", "high", "valueString", "valueAge", "valueCount",
        "valueQuantity", "valuePeriod", "valueRange", "valueTiming", "response", "fullUrl",
    }
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=20),
    st.sampled_from(
        [
            "active",
            "transaction",
            "document",
            "#",
            "#a",
            "Patient/1",
            "2026-03",
            "<div>x</div>",
        ]
    ),
    st.sampled_from(TYPES),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    ),
    max_leaves=30,
)
SEEDS: list[dict[str, Any]] = [
    PATIENT,
    SERVICE_REQUEST,
    TASK,
    bundle("transaction", posted(PATIENT, "urn:uuid:1"), posted(SERVICE_REQUEST)),
    {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": "1", "type": "group"}],
    },
    {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "component": [{}]},
]
PATIENT_SETTINGS = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside ``value``."""
    found = [above] if above else []
    if isinstance(value, dict):
        for name, item in value.items():
            found += places(item, (*above, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*above, index))
    return found


def attempt(raw: bytes) -> None:
    """Parse and validate; only `FhirError` may come, and its outcome must be good FHIR."""
    try:
        resource = parse(raw)
        validate(resource)
    except FhirError as error:
        refused = error
    else:
        assert parse(dumps(resource)) == resource
        return
    assert refused.status in (400, 413, 422)
    validate(json.loads(dumps(refused.outcome())), expected_type="OperationOutcome")


@PATIENT_SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes(raw):
    attempt(raw)


@PATIENT_SETTINGS
@given(st.text(alphabet='{}[]":,\\u0dnetrfalse1.-+E /', max_size=120))
def test_any_json_like_text(text):
    attempt(text.encode())


@PATIENT_SETTINGS
@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
def test_any_object_that_calls_itself_a_resource(kind, elements):
    attempt(json.dumps({**elements, "resourceType": kind}).encode())


@PATIENT_SETTINGS
@given(st.data())
def test_a_good_resource_spoilt_in_one_place(data):
    resource = json.loads(json.dumps(data.draw(st.sampled_from(SEEDS))))
    *above, last = data.draw(st.sampled_from(places(resource)))
    target = resource
    for step in above:
        target = target[step]
    target[last] = data.draw(values)
    attempt(json.dumps(resource).encode())


@PATIENT_SETTINGS
@given(st.text(min_size=1, max_size=300))
def test_any_narrative(text):
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'
    attempt(json.dumps(PATIENT | {"text": {"status": "generated", "div": div}}).encode())
