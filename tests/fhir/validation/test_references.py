"""A reference names what may stand there, and a contained resource that is there."""

import pytest

from tests.fhir.validation.samples import (
    PATIENT,
    SERVICE_REQUEST,
    TASK,
    bundle,
    changed,
    posted,
    problems,
    refusal,
)


def subject(**reference):
    return changed(SERVICE_REQUEST, subject=reference)


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/1"},
        {"reference": "Patient/1/_history/3"},
        {"reference": "Group/a-b.C"},
        {"reference": "https://ehr.example.org/fhir/Patient/1"},
        {"reference": "https://ehr.example.org/anything"},
        {"reference": "https://ehr.example.org/fhir/Person2/1"},
        {"reference": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"},
        {"reference": "urn:oid:1.2.3"},
        {"type": "Patient", "identifier": {"system": "urn:x", "value": "1"}},
        {"type": "http://hl7.org/fhir/StructureDefinition/Patient", "display": "x"},
        {"type": "https://example.org/StructureDefinition/person", "display": "x"},
        {"identifier": {"system": "urn:x", "value": "1"}},
        {"display": "somebody"},
    ],
)
def test_it_may(reference):
    assert problems(subject(**reference)) == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Task/1"}, "ServiceRequest.subject"),
        ({"reference": "https://ehr.example.org/fhir/Task/1"}, "ServiceRequest.subject"),
        ({"reference": "https://ehr.example.org/fhir/Task/1/_history/2"}, "ServiceRequest.subject"),
        ({"type": "Task", "identifier": {"value": "1"}}, "ServiceRequest.subject"),
        ({"reference": "Patient/1", "type": "Group"}, "ServiceRequest.subject.type"),
        ({"type": "Persona", "display": "x"}, "ServiceRequest.subject.type"),
        ({"reference": "Patient"}, "ServiceRequest.subject.reference"),
        ({"reference": "Patient/"}, "ServiceRequest.subject.reference"),
        ({"reference": "Patient/a b"}, "ServiceRequest.subject.reference"),
        ({"reference": "Patient/" + "a" * 65}, "ServiceRequest.subject.reference"),
        ({"reference": "Patent/1"}, "ServiceRequest.subject.reference"),
        ({"reference": "/Patient/1"}, "ServiceRequest.subject.reference"),
        ({"reference": "someone"}, "ServiceRequest.subject.reference"),
        ({"reference": "Patient?identifier=x|1"}, "ServiceRequest.subject.reference"),
    ],
)
def test_it_may_not(reference, expected):
    resource = subject(**reference)
    assert problems(resource) == [("value", expected)]
    assert refusal(resource).status == 400


def test_the_answer_says_which_types_may_stand_there():
    said = refusal(subject(reference="Task/1")).issues[0].diagnostics
    assert "Device, Group, Location or Patient" in said
    assert "not to Task" in said
    only = changed(SERVICE_REQUEST, encounter={"reference": "Task/1"})
    assert "Encounter, not to Task" in refusal(only).issues[0].diagnostics


def test_any_type_may_stand_where_r4_allows_any():
    assert problems(changed(TASK, focus={"reference": "Basic/1"})) == []


def test_r4_and_not_r4b_says_what_a_subject_is():
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Organization/1"},
    }
    assert problems(observation) == [("value", "Observation.subject")]


# Contained -----------------------------------------------------------------------------------


def containing(*contained, **elements):
    return changed(SERVICE_REQUEST, contained=list(contained), **elements)


def test_a_contained_resource_is_found():
    inner = {"resourceType": "Patient", "id": "p"}
    assert problems(containing(inner, subject={"reference": "#p"})) == []


def test_a_contained_resource_that_is_not_there_is_named():
    assert problems(subject(reference="#p")) == [("invariant", "ServiceRequest.subject.reference")]


def test_a_contained_resource_of_the_wrong_type_is_refused():
    inner = {"resourceType": "Location", "id": "l"}
    resource = containing(inner, encounter={"reference": "#l"})
    assert problems(resource) == [("value", "ServiceRequest.encounter")]


def test_a_contained_resource_may_point_at_a_sibling_and_at_the_outside():
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "#d"},
    }
    doctor = {"resourceType": "Practitioner", "id": "d"}
    goal = {
        "resourceType": "Provenance",
        "id": "v",
        "target": [{"reference": "#"}],
        "recorded": "2026-03-01T09:30:00Z",
        "agent": [{"who": {"reference": "#r"}}],
    }
    assert problems(containing(role, doctor, goal, requester={"reference": "#r"})) == []


def test_the_outside_must_be_of_a_type_that_may_stand_there():
    inner = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#"}}
    resource = containing(inner, requester={"reference": "#r"})
    assert problems(resource) == [("value", "ServiceRequest.contained[0].practitioner")]


# Bundles ---------------------------------------------------------------------------------------

PERSON = "urn:uuid:11111111-1111-4111-8111-111111111111"
OTHER = "urn:uuid:22222222-2222-4222-8222-222222222222"


def test_a_reference_to_an_entry_is_held_against_the_entrys_type():
    good = bundle("transaction", posted(PATIENT, PERSON), posted(subject(reference=PERSON)))
    assert problems(good) == []
    bad = bundle("transaction", posted(TASK, PERSON), posted(subject(reference=PERSON)))
    assert problems(bad) == [("value", "Bundle.entry[1].resource.subject")]


def test_a_urn_that_names_no_entry_of_a_transaction_is_refused():
    resource = bundle("transaction", posted(PATIENT, PERSON), posted(subject(reference=OTHER)))
    assert problems(resource) == [("value", "Bundle.entry[1].resource.subject.reference")]
    collected = bundle("collection", {"resource": subject(reference=OTHER)})
    assert problems(collected) == []


def test_a_conditional_reference_is_for_transactions():
    conditional = subject(reference="Patient?identifier=urn:x|1")
    assert problems(bundle("transaction", posted(conditional))) == []
    assert problems(bundle("batch", posted(conditional))) == [
        ("value", "Bundle.entry[0].resource.subject.reference")
    ]
    assert problems(conditional, conditional_references=True) == []
    other = subject(reference="Task?identifier=urn:x|1")
    assert problems(other, conditional_references=True) == [("value", "ServiceRequest.subject")]


def test_a_bundle_in_a_bundle_has_entries_of_its_own():
    inner = bundle("collection", {"resource": subject(reference=OTHER)})
    outer = bundle("transaction", posted(inner), posted(subject(reference=OTHER)))
    assert problems(outer) == [("value", "Bundle.entry[1].resource.subject.reference")]
