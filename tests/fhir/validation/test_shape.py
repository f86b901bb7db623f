"""What is not FHIR R4 is refused with the element named; what was sent is never repeated."""

from decimal import Decimal

import pytest

from shared.fhir.checks import MAX_ISSUES
from shared.fhir.model import is_resource_type, type_info, validate
from tests.fhir.validation.samples import (
    PATIENT,
    SERVICE_REQUEST,
    TASK,
    bundle,
    changed,
    pair,
    posted,
    problems,
    refusal,
)

X = {"url": "urn:x", "valueString": "x"}
NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
PHOTO = "Patient.photo[0].data"


@pytest.mark.parametrize("resource", [SERVICE_REQUEST, PATIENT, TASK])
def test_the_samples_are_valid(resource):
    assert validate(resource) == ()


@pytest.mark.parametrize(
    "element",
    [
        {"photo": [{"contentType": "a/b", "data": " YW Jj\nYWJj "}]},
        {"extension": [{"url": "urn:x", "valueMeta": {"tag": [{"code": "x"}]}}]},
        {"_birthDate": {"id": "a"}},
        {"id": "a", "_id": {"extension": [X]}},
        {"implicitRules": "urn:oid:2.16.840.1.113883.2.1"},
        {"name": [{"id": "/a==", "family": "x", "text": " "}]},
    ],
)
def test_what_r4_allows_is_taken(element):
    assert problems(changed(PATIENT, **element)) == []


def test_validation_changes_nothing():
    before = repr(SERVICE_REQUEST)
    validate(SERVICE_REQUEST)
    assert repr(SERVICE_REQUEST) == before


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # required
        (changed(SERVICE_REQUEST, status=None), [("required", "ServiceRequest.status")]),
        (changed(SERVICE_REQUEST, subject=None), [("required", "ServiceRequest.subject")]),
        (
            changed(SERVICE_REQUEST, intent=None, status=None),
            [("required", "ServiceRequest.status"), ("required", "ServiceRequest.intent")],
        ),
        (
            changed(TASK, input=[{"type": {"text": "x"}}]),
            [("required", "Task.input[0].value[x]")],
        ),
        (changed(TASK, input=[{"valueString": "x"}]), [("required", "Task.input[0].type")]),
        # unknown
        (changed(SERVICE_REQUEST, foo=1), [("structure", "ServiceRequest.foo")]),
        (changed(PATIENT, fhir_comments=["x"]), [("structure", "Patient.fhir_comments")]),
        (changed(PATIENT, resource_type="Patient"), [("structure", "Patient.resource_type")]),
        (changed(PATIENT, birthDate__ext={"id": "x"}), [("structure", "Patient.birthDate__ext")]),
        (changed(TASK, for_fhir={"reference": "Patient/1"}), [("structure", "Task.for_fhir")]),
        (
            changed(PATIENT, name=[{"family": "x", "nickname": "y"}]),
            [("structure", "Patient.name[0].nickname")],
        ),
        (
            changed(PATIENT, name=[{"resourceType": "HumanName", "family": "x"}]),
            [("structure", "Patient.name[0].resourceType")],
        ),
        (
            changed(PATIENT, extension=[{"url": "urn:x", "valueCodeableReference": {"id": "x"}}]),
            [
                ("structure", "Patient.extension[0].valueCodeableReference"),
            ],
        ),
        # choice
        (
            changed(SERVICE_REQUEST, occurrenceDateTime="2026"),
            [("structure", "ServiceRequest.occurrence[x]")],
        ),
        # empty and null
        (changed(PATIENT, gender=""), [("value", "Patient.gender")]),
        (changed(PATIENT, name=[]), [("structure", "Patient.name")]),
        (changed(PATIENT, maritalStatus={}), [("structure", "Patient.maritalStatus")]),
        (changed(PATIENT, name=[{}]), [("structure", "Patient.name[0]")]),
        (changed(PATIENT) | {"birthDate": None}, [("structure", "Patient.birthDate")]),
        (changed(PATIENT, name=[None]), [("structure", "Patient.name[0]")]),
        (
            changed(PATIENT, name=[{"family": "x", "given": [None, "y"]}]),
            [("structure", "Patient.name[0].given[0]")],
        ),
        # the JSON form
        (changed(PATIENT, active="true"), [("structure", "Patient.active")]),
        (
            changed(PATIENT, multipleBirthInteger="1"),
            [("structure", "Patient.multipleBirthInteger")],
        ),
        (
            changed(PATIENT, multipleBirthInteger=Decimal("1.0")),
            [("structure", "Patient.multipleBirthInteger")],
        ),
        (
            changed(PATIENT, multipleBirthInteger=True),
            [("structure", "Patient.multipleBirthInteger")],
        ),
        (changed(PATIENT, birthDate=1970), [("structure", "Patient.birthDate")]),
        (changed(PATIENT, name={"family": "x"}), [("structure", "Patient.name")]),
        (changed(PATIENT, gender=["female"]), [("structure", "Patient.gender")]),
        (changed(PATIENT, name=["x"]), [("structure", "Patient.name[0]")]),
        (changed(PATIENT, name=['{"family":"x"}']), [("structure", "Patient.name[0]")]),
        (changed(PATIENT, maritalStatus="M"), [("structure", "Patient.maritalStatus")]),
        (
            changed(SERVICE_REQUEST, quantityQuantity={"value": "1"}),
            [("structure", "ServiceRequest.quantityQuantity.value")],
        ),
        # written wrongly
        (changed(PATIENT, photo=[{"contentType": "a/b", "data": "YWJ"}]), [("value", PHOTO)]),
        (changed(PATIENT, photo=[{"contentType": "a/b", "data": "YWJj="}]), [("value", PHOTO)]),
        (changed(PATIENT, photo=[{"contentType": "a/b", "data": "===="}]), [("value", PHOTO)]),
        (changed(PATIENT, gender="fe\tmale"), [("value", "Patient.gender")]),
        (changed(PATIENT, name=[{"id": "a b", "family": "x"}]), [("value", "Patient.name[0].id")]),
        (changed(PATIENT, implicitRules="urn:oid:abc"), [("value", "Patient.implicitRules")]),
        (changed(PATIENT, implicitRules="urn:oid:3.1"), [("value", "Patient.implicitRules")]),
        (
            changed(PATIENT, identifier=[{"system": "urn:oid:1.02", "value": "x"}]),
            [("value", "Patient.identifier[0].system")],
        ),
        (
            changed(TASK, focus={"reference": "urn:oid:abc"}),
            [("value", "Task.focus.reference")],
        ),
        # nothing stands beside what XML writes as an attribute, nor beside XHTML
        (
            changed(PATIENT, name=[{"id": "a", "_id": {"extension": [X]}, "text": "x"}]),
            [("structure", "Patient.name[0]._id")],
        ),
        (
            changed(PATIENT, text={"status": "generated", "div": NARRATIVE, "_div": {"id": "a"}}),
            [("structure", "Patient.text._div")],
        ),
        (
            changed(PATIENT, text={"status": "generated", "_div": {"extension": [X]}}),
            [("structure", "Patient.text._div"), ("required", "Patient.text.div")],
        ),
        # an id alone says nothing
        (changed(PATIENT, name=[{"id": "a"}]), [("structure", "Patient.name[0]")]),
        (
            changed(PATIENT, birthDate=None, _birthDate={"id": "a"}),
            [("structure", "Patient.birthDate")],
        ),
        (
            changed(PATIENT, name=[{"given": ["x", None], "_given": [{"id": "a"}, {"id": "b"}]}]),
            [("structure", "Patient.name[0].given[1]")],
        ),
        (changed(PATIENT, id="a" * 65), [("value", "Patient.id")]),
        (changed(PATIENT, id="a_b"), [("value", "Patient.id")]),
        (changed(PATIENT, id=""), [("value", "Patient.id")]),
        (changed(PATIENT, id=7), [("structure", "Patient.id")]),
        (changed(PATIENT, birthDate="1970-02-30"), [("value", "Patient.birthDate")]),
        (changed(PATIENT, birthDate="01/02/1970"), [("value", "Patient.birthDate")]),
        (
            changed(TASK, authoredOn="2026-03-01T09:30:00"),
            [("value", "Task.authoredOn")],
        ),
        (changed(PATIENT, implicitRules="oid:1.2.3"), [("value", "Patient.implicitRules")]),
        (changed(PATIENT, implicitRules="a b"), [("value", "Patient.implicitRules")]),
        (changed(PATIENT, implicitRules=""), [("value", "Patient.implicitRules")]),
        (changed(PATIENT, implicitRules=1), [("structure", "Patient.implicitRules")]),
        (
            changed(PATIENT, photo=[{"data": "!!", "contentType": "image/png"}]),
            [("value", "Patient.photo[0].data")],
        ),
        (
            changed(PATIENT, photo=[{"size": -1}]),
            [("value", "Patient.photo[0].size")],
        ),
        (
            changed(SERVICE_REQUEST, reasonCode=[{"coding": [{"code": " x "}]}]),
            [("value", "ServiceRequest.reasonCode[0].coding[0].code")],
        ),
        (
            changed(PATIENT, extension=[{"url": "urn:x", "valueUuid": "urn:uuid:1"}]),
            [("value", "Patient.extension[0].valueUuid")],
        ),
        (
            changed(PATIENT, name=[{"text": "x" * (1024 * 1024 + 1)}]),
            [("too-long", "Patient.name[0].text")],
        ),
        (
            changed(PATIENT, meta={"lastUpdated": "2026-03-01"}),
            [("value", "Patient.meta.lastUpdated")],
        ),
        # beside a primitive
        (changed(PATIENT, _birthDate="x"), [("structure", "Patient.birthDate")]),
        (changed(PATIENT, _birthDate={}), [("structure", "Patient.birthDate")]),
        (
            changed(PATIENT, _birthDate={"value": "x"}),
            [("structure", "Patient.birthDate.value")],
        ),
        (
            changed(PATIENT, name=[{"given": ["A"], "_given": {"id": "x"}}]),
            [("structure", "Patient.name[0].given")],
        ),
        (
            changed(PATIENT, name=[{"given": ["A"], "_given": [{"id": "x"}, None]}]),
            [("structure", "Patient.name[0].given")],
        ),
        (
            changed(PATIENT, name=[{"given": ["A"], "_given": ["x"]}]),
            [("structure", "Patient.name[0].given[0]")],
        ),
        (changed(PATIENT, name=[{"_given": [None]}]), [("structure", "Patient.name[0].given")]),
        (changed(PATIENT, _name=[{"id": "x"}]), [("structure", "Patient._name")]),
    ],
)
def test_it_is_refused_with_its_element(resource, expected):
    error = refusal(resource)
    assert [pair(issue) for issue in error.issues] == expected
    assert error.status == 400


@pytest.mark.parametrize(
    "resource",
    [
        changed(PATIENT, _birthDate={"extension": [{"url": "urn:x", "valueString": "y"}]}),
        changed(
            PATIENT, birthDate=None, _birthDate={"extension": [{"url": "urn:x", "valueCode": "y"}]}
        ),
        changed(PATIENT, name=[{"given": ["A", "B"], "_given": [{"id": "x"}, None]}]),
        changed(
            SERVICE_REQUEST,
            status=None,
            _status={"extension": [{"url": "urn:x", "valueCode": "unknown"}]},
        ),
        changed(
            PATIENT,
            extension=[
                {"url": "urn:x", "valueUuid": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"}
            ],
        ),
        changed(
            PATIENT,
            extension=[
                {
                    "url": "urn:x",
                    "_valueString": {"extension": [{"url": "urn:y", "valueBoolean": True}]},
                }
            ],
        ),
        changed(PATIENT, multipleBirthInteger=2, deceasedDateTime="2026-03-01T23:59:60Z"),
        changed(SERVICE_REQUEST, quantityQuantity={"value": Decimal("1.10"), "unit": "x"}),
        changed(SERVICE_REQUEST, quantityQuantity={"value": 3, "unit": "x"}),
    ],
)
def test_unusual_fhir_is_taken(resource):
    assert problems(resource) == []


def test_a_near_miss_is_hinted_at():
    error = refusal(changed(PATIENT, birthdate="1970"))
    assert "birthDate" in error.issues[0].diagnostics


def test_every_problem_is_told_at_once():
    resource = changed(
        SERVICE_REQUEST,
        status="actve",
        subject={"reference": "Task/1"},
        occurrencePeriod={"start": "2026-05", "end": "2026-04"},
        authoredOn="yesterday",
        foo=1,
    )
    assert set(problems(resource)) == {
        ("code-invalid", "ServiceRequest.status"),
        ("value", "ServiceRequest.subject"),
        ("invariant", "ServiceRequest.occurrencePeriod.end"),
        ("value", "ServiceRequest.authoredOn"),
        ("structure", "ServiceRequest.foo"),
    }


def test_a_broken_rule_alone_is_422_and_with_bad_form_400():
    assert refusal(changed(SERVICE_REQUEST, status="actve")).status == 422
    assert refusal(changed(SERVICE_REQUEST, status="actve", foo=1)).status == 400


def test_the_number_of_problems_told_is_limited():
    error = refusal(changed(PATIENT, name=[{"nope": 1}] * 5000))
    assert len(error.issues) == MAX_ISSUES + 1
    assert error.issues[-1].severity == "information"


@pytest.mark.timeout(20)
def test_a_million_faults_cost_no_more_than_a_hundred():
    refusal(changed(PATIENT, name=[1] * 1_000_000))
    refusal(changed(PATIENT, **{f"k{number}": 1 for number in range(200_000)}))


def test_many_warnings_hide_no_error():
    inner = {"resourceType": "Patient", "text": {"status": "generated", "div": NARRATIVE}}
    contained = [inner | {"id": str(number)} for number in range(MAX_ISSUES + 50)]
    used = [{"reference": f"#{number}"} for number in range(MAX_ISSUES + 50)]
    resource = changed(SERVICE_REQUEST, contained=contained, supportingInfo=used)
    assert len(validate(resource)) == MAX_ISSUES
    spoilt = changed(resource, status="actve")
    assert problems(spoilt) == [("code-invalid", "ServiceRequest.status")]


# What it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({}, [("required", "resourceType")]),
        ({"resourceType": ""}, [("required", "resourceType")]),
        ({"resourceType": 1}, [("required", "resourceType")]),
        ({"resourceType": "Nope"}, [("structure", "resourceType")]),
        ({"resourceType": "SubscriptionTopic"}, [("structure", "resourceType")]),
        ({"resourceType": "MedicinalProduct"}, [("structure", "resourceType")]),
        ({"resourceType": "HumanName"}, [("structure", "resourceType")]),
        ({"resourceType": "Resource"}, [("structure", "resourceType")]),
        ([], [("structure", "resourceType")]),
        (None, [("structure", "resourceType")]),
    ],
)
def test_what_is_no_resource_is_400(resource, expected):
    error = refusal(resource)
    assert (error.status, [pair(issue) for issue in error.issues]) == (400, expected)


def test_the_type_is_the_one_of_the_address():
    assert problems(TASK, expected_type="Task") == []
    error = refusal(TASK, expected_type="Patient")
    assert [pair(issue) for issue in error.issues] == [("structure", "resourceType")]
    assert "Patient" in error.issues[0].diagnostics
    assert "Patient" in refusal({}, expected_type="Patient").issues[0].diagnostics


def test_known_types():
    assert is_resource_type("ServiceRequest")
    assert not is_resource_type("Nope")
    assert not is_resource_type("Citation")
    assert type_info("Task").elements["for"].type is type_info("Reference")
    with pytest.raises(KeyError):
        type_info("Nope")


# Inside other resources ------------------------------------------------------------------------


def test_an_entry_of_a_bundle_is_named_by_its_place():
    spoilt = bundle("transaction", posted(PATIENT), posted(changed(TASK, status="actve")))
    assert problems(spoilt) == [("code-invalid", "Bundle.entry[1].resource.status")]


def test_an_entry_of_unknown_type_is_refused_in_words():
    entry = {"resource": {"resourceType": "Nope"}, "request": {"method": "POST", "url": "Nope"}}
    assert problems(bundle("transaction", posted(PATIENT), entry)) == [
        ("structure", "Bundle.entry[1].resource.resourceType")
    ]


def test_an_entry_without_a_type_is_refused():
    entry = {"resource": {"id": "x"}, "request": {"method": "POST", "url": "Patient"}}
    assert problems(bundle("transaction", entry)) == [
        ("required", "Bundle.entry[0].resource.resourceType")
    ]


def test_the_entries_of_a_batch_can_be_left_to_the_caller():
    batch = bundle("batch", posted(PATIENT), posted(changed(TASK, status="actve")))
    assert problems(batch, entries=False) == []
    assert problems(changed(batch, type="nope"), entries=False) == [
        ("code-invalid", "Bundle.type"),
        ("invariant", "Bundle.entry[0].request"),
        ("invariant", "Bundle.entry[1].request"),
    ]
    place = "Bundle.entry[1].resource"
    assert problems(batch["entry"][1]["resource"], path=place) == [
        ("code-invalid", f"{place}.status")
    ]


def test_an_outcome_in_a_response_is_held_against_its_type():
    entry = {"response": {"status": "400", "outcome": {"resourceType": "OperationOutcome"}}}
    assert problems(bundle("batch-response", entry)) == [
        ("required", "Bundle.entry[0].response.outcome.issue")
    ]


def test_resources_in_parameters_are_held_against_their_types():
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "resource": PATIENT},
            {"name": "b", "part": [{"name": "c", "resource": changed(TASK, intent=None)}]},
            {"name": "d", "valueReference": {"reference": "Task/1"}},
        ],
    }
    assert problems(parameters) == [("required", "Parameters.parameter[1].part[0].resource.intent")]


def test_strange_things_in_place_of_entries_are_refused():
    assert problems(bundle("collection", "x")) == [("structure", "Bundle.entry[0]")]  # type: ignore[arg-type]
    assert problems({"resourceType": "Bundle", "type": "collection", "entry": "x"}) == [
        ("structure", "Bundle.entry")
    ]
    assert problems({"resourceType": "Parameters", "parameter": ["x"]}) == [
        ("structure", "Parameters.parameter[0]")
    ]
    assert problems(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"response": 1}]}
    ) == [
        ("structure", "Bundle.entry[0].response"),
        ("invariant", "Bundle.entry[0].response"),
    ]
    assert ("structure", "Patient.contained[0]") in problems(changed(PATIENT, contained=[1]))


# No personal data in an answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    "resource",
    [
        changed(PATIENT, gender="Zebedee Quux"),
        changed(PATIENT, gender="Zebedee.Quux@x"),
        changed(PATIENT, birthDate="Zebedee Quux"),
        changed(PATIENT, name="Zebedee Quux"),
        changed(PATIENT, name=["Zebedee Quux"]),
        changed(PATIENT, active="Zebedee Quux"),
        changed(PATIENT, id="Zebedee Quux"),
        changed(PATIENT, text={"status": "generated", "div": "<div>Zebedee Quux<script/></div>"}),
        changed(PATIENT, generalPractitioner=[{"reference": "Zebedee Quux"}]),
        changed(
            PATIENT,
            identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "Zebedee Quux"}],
        ),
        changed(PATIENT, **{"Zebedee Quux": 1}),
        changed(PATIENT, link=[{"other": {"reference": "Patient/1"}, "type": "Zebedee Quux"}]),
        changed(PATIENT, photo=[{"url": "Zebedee Quux", "contentType": "Zebedee Quux"}]),
        {"resourceType": "Zebedee Quux"},
    ],
)
def test_a_submitted_value_is_not_repeated(resource):
    error = refusal(resource)
    assert "Quux" not in str(error.outcome())
    assert "Quux" not in str(error)


def test_the_code_that_may_be_meant_is_named_and_what_came_is_not_repeated():
    told = refusal(changed(TASK, status="complted")).issues[0].diagnostics
    assert told.endswith("Is completed meant?")
    assert "complted" not in told
