"""What a resource is found by; odd shapes are passed over: to judge them is validation's work."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.fhir.search.extract import Extractor
from shared.fhir.search.parameters import Path, ResourceType, SearchParam
from shared.fhir.search.sound import sounds
from shared.fhir.search.targets import target_of
from shared.fhir.types import all_types
from tests.fhir.store.kit import BASE

EXTRACTOR = Extractor(base_url=BASE, zone=ZoneInfo("Europe/London"))
RISK = ResourceType(
    "RiskAssessment",
    {
        "probability": SearchParam(
            "RiskAssessment",
            "probability",
            "number",
            (Path.parse("prediction.probabilityDecimal:decimal"),),
        )
    },
)


@pytest.mark.parametrize(
    ("number", "row"),
    [
        (Decimal("0.10"), "0.10"),
        (3, "3"),
        (Decimal("1E+3"), "1000"),
        (True, None),
        ("3", None),
        (Decimal("NaN"), None),
        (Decimal("1E+5000"), None),
    ],
)
def test_numbers(number: Any, row: str | None):
    entry = EXTRACTOR.entry(RISK, {"prediction": [{"probabilityDecimal": number}]})
    key = RISK.params["probability"].key
    assert entry.quantities == ({(key, row, row, "", "", "")} if row else set())
    assert bool(entry.terms) == (row is not None)


ODD = [
    ("Patient", {"name": "Sykes", "identifier": "1", "telecom": [{"system": "email"}]}),
    ("Patient", {"name": [7, None, {"family": 7}], "address": [{"line": 7}], "active": "yes"}),
    ("Patient", {"identifier": [{"type": {"coding": ["x"]}}, {"type": "x"}], "gender": 7}),
    ("Patient", {"generalPractitioner": ["x", 7, {"reference": 7}, {"reference": ""}, {}]}),
    ("Patient", {"meta": 7, "birthDate": ["soon"], "deceasedDateTime": 7}),
    ("Observation", {"code": {"coding": ["x", {"code": 7}]}, "valueQuantity": "5"}),
    ("Observation", {"valueQuantity": {"value": "5"}, "category": [{"coding": [{}]}]}),
    ("Condition", {"onsetRange": {"low": {"value": 3}}, "abatementRange": {"low": 3}}),
    ("Questionnaire", {"url": 7, "derivedFrom": [""], "useContext": [{"valueQuantity": {}}]}),
    ("Task", {"authoredOn": {"x": 1}, "executionPeriod": {"start": 7}}),
]


@pytest.mark.parametrize(("name", "resource"), ODD)
def test_odd_shapes_are_passed_over(name: str, resource: dict[str, Any]):
    EXTRACTOR.entry(all_types()[name], resource)


def test_quantities_of_every_kind():
    condition = all_types()["Condition"]

    def rows(**resource: Any) -> set[tuple[str, ...]]:
        return {row[1:] for row in EXTRACTOR.entry(condition, resource).quantities}

    assert rows(onsetAge={"value": 40, "unit": "a"}) == {("40", "40", "", "", "a")}
    assert rows(onsetAge={"value": 40, "comparator": "<="}) == {("-infinity", "40", "", "", "")}
    for comparator, at in (("<", 1), (">", 0)):  # less than 40 is not 40
        (row,) = rows(onsetAge={"value": 40, "comparator": comparator})
        assert 0 < abs(Decimal(row[at]) - 40) < Decimal("1e-20"), row
    assert rows(onsetRange={"high": {"value": 9, "code": "a"}}) == {("-infinity", "9", "", "a", "")}


@pytest.mark.parametrize(
    ("reference", "address", "local"),
    [
        ("Patient/1", "Patient/1", True),
        (f"{BASE}/Patient/1/_history/3", "Patient/1", True),
        ("https://x.test/fhir/Patient/1/_history/3", "https://x.test/fhir/Patient/1", False),
        ("urn:uuid:1", "urn:uuid:1", False),
        ("Patient/a b", "Patient/a b", False),
    ],
)
def test_targets(reference: str, address: str, local: bool):
    target = target_of(reference, BASE)
    assert target is not None
    assert (target.address, target.local) == (address, local)
    assert target_of("#contained", BASE) is None


def test_sounds():
    words = "Robert Rupert Rubin Ashcraft Tymczak Pfister Honeyman Ångström 99"
    assert sounds(words) == "R163 R163 R150 A261 T522 P236 H555 A523".split()
