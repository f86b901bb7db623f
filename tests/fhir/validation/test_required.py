"""The required elements are those of R4 4.0.1, held against a list of them from its definitions."""

import json
from pathlib import Path

import pytest

from shared.fhir.bindings import bindings
from shared.fhir.elements import TypeInfo
from shared.fhir.model import type_info

FILE = Path(__file__).parents[4] / "shared" / "reference" / "r4" / "required-elements-r4-4.0.1.json"


def required(info: TypeInfo) -> set[str]:
    """Every required element of a type and of its parts, as ``Task.input.value[x]``."""
    found = {f"{info.path}.{name}" for name in info.required}
    found |= {f"{info.path}.{group}[x]" for group, _, needed in info.choices if needed}
    for element in info.elements.values():
        inner = element.type
        if inner is not None and inner.path == f"{info.path}.{element.name}":
            found |= required(inner)
    return found


@pytest.mark.skipif(not FILE.exists(), reason=f"no list of required elements in {FILE}")
def test_required_elements_are_those_of_r4():
    listed = json.loads(FILE.read_text("utf-8"))
    compared = 0
    for name, elements in listed.items():
        if name in bindings().resource_types:
            assert required(type_info(name)) == {each.removesuffix("[]") for each in elements}, name
            compared += 1
    assert compared > 25
