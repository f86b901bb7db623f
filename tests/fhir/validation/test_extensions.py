"""Extensions: how their definition is named, and where HL7's own may stand."""

import pytest

from tests.fhir.validation.samples import PATIENT, TASK, changed, problems

HL7 = "http://hl7.org/fhir/StructureDefinition/"


PARTS = [{"url": "lang", "valueCode": "pl"}, {"url": "content", "valueString": "x"}]


def hl7(name, **value):
    return {"url": HL7 + name, **(value or {"valueString": "x"})}


@pytest.mark.parametrize(
    "element",
    [
        {"extension": [hl7("patient-birthPlace", valueAddress={"city": "Bradford"})]},
        {"extension": [hl7("data-absent-reason", valueCode="unknown")]},
        {"extension": [hl7("resource-pertainsToGoal", valueReference={"display": "x"})]},
        {"extension": [hl7("no-part-of-r4")]},
        {"_birthDate": {"extension": [hl7("patient-birthTime", valueDateTime="1970-02-01")]}},
        {"_birthDate": {"extension": [hl7("rendered-value")]}},
        {"name": [{"_family": {"extension": [hl7("humanname-own-prefix")]}}]},
        {
            "name": [
                {
                    "given": ["x"],
                    "_given": [{"extension": [hl7("iso21090-EN-qualifier", valueCode="LS")]}],
                }
            ]
        },
        {"name": [{"_text": {"extension": [hl7("rendering-markdown", valueMarkdown="x")]}}]},
        {
            "contact": [
                {
                    "name": {"text": "x"},
                    "extension": [hl7("patient-relatedPerson", valueReference={"display": "x"})],
                }
            ]
        },
        {"photo": [{"_title": {"extension": [hl7("translation", extension=PARTS)]}, "url": "a"}]},
        {"identifier": [{"value": "1", "_value": {"extension": [hl7("rendered-value")]}}]},
        {
            "extension": [
                {"url": "urn:x", "extension": [hl7("data-absent-reason", valueCode="unknown")]}
            ]
        },
    ],
)
def test_it_stands_where_its_definition_lets_it(element):
    assert problems(changed(PATIENT, **element)) == []


def test_a_datatype_and_a_choice_are_meant_by_either_name():
    age = {"value": 40, "code": "a", "system": "http://unitsofmeasure.org"}
    unsure = age | {"extension": [hl7("iso21090-uncertainty", valueDecimal=1)]}
    response = {"resourceType": "Condition", "subject": {"display": "x"}, "onsetAge": unsure}
    assert problems(response) == []
    named = {"_valueUrl": {"extension": [hl7("display")]}, "valueUrl": "a", "url": "urn:x"}
    assert problems(changed(PATIENT, extension=[named])) == [
        ("invariant", "Patient.extension[0].valueUrl.extension[0]")
    ]
    named = {"_valueCanonical": {"extension": [hl7("display")]}, "valueCanonical": "a"}
    assert problems(changed(PATIENT, extension=[named | {"url": "urn:x"}])) == []


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (changed(TASK, extension=[hl7("patient-birthPlace")]), "Task.extension[0]"),
        (changed(PATIENT, extension=[hl7("task-replaces")]), "Patient.extension[0]"),
        (changed(PATIENT, extension=[hl7("patient-birthTime")]), "Patient.extension[0]"),
        (
            changed(PATIENT, modifierExtension=[hl7("request-doNotPerform")]),
            "Patient.modifierExtension[0]",
        ),
        (
            changed(PATIENT, name=[{"text": "x", "extension": [hl7("geolocation")]}]),
            "Patient.name[0].extension[0]",
        ),
        (
            changed(PATIENT, _gender={"extension": [hl7("patient-birthTime")]}),
            "Patient.gender.extension[0]",
        ),
        (
            changed(PATIENT, extension=[{"url": "urn:x", "extension": [hl7("task-replaces")]}]),
            "Patient.extension[0].extension[0]",
        ),
    ],
)
def test_it_is_refused_elsewhere(resource, place):
    assert problems(resource) == [("invariant", place)]


@pytest.mark.parametrize("url", ["x", "StructureDefinition/x", "/x", "#x"])
def test_its_url_is_absolute_but_within_another(url):
    inner = {"url": "plain", "valueString": "x"}
    assert problems(changed(PATIENT, extension=[{"url": "urn:x", "extension": [inner]}])) == []
    assert problems(changed(PATIENT, extension=[{"url": url, "valueString": "x"}])) == [
        ("value", "Patient.extension[0].url")
    ]
    assert problems(
        changed(PATIENT, name=[{"text": "x", "extension": [{"url": url, "valueString": "x"}]}])
    ) == [("value", "Patient.name[0].extension[0].url")]


@pytest.mark.parametrize("beside", [{"url": "urn:x"}, {}])
def test_its_url_has_no_extensions_and_is_not_replaced_by_one(beside):
    absent = {"extension": [hl7("data-absent-reason", valueCode="unknown")]}
    extension = {"valueString": "x", "_url": absent} | beside
    assert ("structure", "Patient.extension[0]._url") in problems(
        changed(PATIENT, extension=[extension])
    )


@pytest.mark.parametrize(
    ("element", "place"),
    [
        ({"extension": [hl7("patient-birthPlace")]}, "extension[0]"),
        ({"extension": [hl7("patient-birthPlace", extension=PARTS)]}, "extension[0]"),
        ({"extension": [hl7("data-absent-reason", valueString="unknown")]}, "extension[0]"),
        ({"extension": [hl7("patient-nationality", valueCode="x")]}, "extension[0]"),
        (
            {"_birthDate": {"extension": [hl7("patient-birthTime", valueDate="1970-02-01")]}},
            "birthDate.extension[0]",
        ),
        (
            {"extension": [{"url": "urn:x", "extension": [hl7("data-absent-reason")]}]},
            "extension[0].extension[0]",
        ),
    ],
)
def test_it_holds_what_its_definition_lets_it(element, place):
    assert problems(changed(PATIENT, **element)) == [("invariant", f"Patient.{place}")]


def test_a_value_that_is_not_known_is_a_value():
    absent = hl7("data-absent-reason", valueCode="unknown")
    unknown = hl7("patient-mothersMaidenName", _valueString={"extension": [absent]})
    assert problems(changed(PATIENT, extension=[unknown])) == []


def test_one_of_several_types_is_enough():
    item = {"linkId": "1", "type": "integer"}
    resource = {"resourceType": "Questionnaire", "status": "active"}
    least = item | {"extension": [hl7("minValue", valueInteger=1)]}
    assert problems(resource | {"item": [least]}) == []
    least = item | {"extension": [hl7("minValue", valueString="1")]}
    assert problems(resource | {"item": [least]}) == [
        ("invariant", "Questionnaire.item[0].extension[0]")
    ]
