"""The declared search parameters fit the types that they are declared for."""

import pytest

from shared.fhir.elements import TypeInfo
from shared.fhir.model import type_info
from shared.fhir.search.parameters import Path, SearchParam
from shared.fhir.types import SORT_DATES, all_types, served

PARAMS = [param for declared in all_types().values() for param in declared.params.values()]
TYPES = {
    "token": {
        "CodeableConcept", "Coding", "Identifier", "ContactPoint", "code", "boolean", "string",
        "id", "uri", "canonical", "present",
    },
    "date": {"date", "dateTime", "instant", "Period", "Timing"},
    "reference": {"Reference", "canonical", "uri"},
    "string": {"string", "HumanName", "Address"},
    "quantity": {"Quantity", "Age", "Duration", "Range"},
    "uri": {"uri", "canonical"},
    "special": {"Location.position"},
}  # fmt: skip
SAME = {"markdown": "string", "url": "uri", "present": "dateTime"}


def datatype_at(info: TypeInfo, path: Path) -> str:
    for key in path.keys[:-1]:
        inner = info.elements[key].type
        assert inner is not None
        info = inner
    element = info.elements[path.keys[-1]]
    found = element.primitive or (element.type.path if element.type else "")
    return SAME.get(found, found)


@pytest.mark.parametrize("param", PARAMS, ids=lambda param: param.name)
def test_every_path_leads_to_the_datatype_it_names(param: SearchParam):
    assert param.paths or param.of
    assert param.definition.startswith("http://hl7.org/fhir/SearchParameter/")
    for path in param.paths:
        assert path.datatype in TYPES[param.type]
        found = datatype_at(type_info(param.resource), path)
        assert found == SAME.get(path.datatype, path.datatype)
    if param.type == "reference":
        assert param.targets


@pytest.mark.parametrize("param", [p for p in PARAMS if p.of], ids=lambda param: param.name)
def test_the_parts_of_a_composite_stand_in_one_object(param: SearchParam):
    for keys in param.at:
        info = type_info(param.resource)
        for key in keys:
            inner = info.elements[key].type
            assert inner is not None
            info = inner
        for part in param.of:
            for path in part.paths:
                assert path.datatype in TYPES[part.type]
                assert datatype_at(info, path) == path.datatype


def test_the_types_of_the_referral_loop_are_there():
    assert len(all_types()) == 27
    assert set(served(["Task", "Patient"])) == {"Task", "Patient"}
    for name, code in SORT_DATES.items():
        assert all_types()[name].params[code].type == "date"
    with pytest.raises(KeyError):
        served(["Nonsense"])


def test_keys_of_parameters_are_their_own():
    keys = [param.key for param in PARAMS]
    assert len(set(keys)) == len(keys)
