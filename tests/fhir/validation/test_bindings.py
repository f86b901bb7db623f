"""Required bindings of R4 4.0.1 hold, whatever the model classes' own lists say."""

import pytest

from shared.fhir.bindings import bindings
from shared.fhir.model import type_info
from tests.fhir.validation.samples import (
    PATIENT,
    SERVICE_REQUEST,
    TASK,
    Resource,
    bundle,
    changed,
    part,
    problems,
    refusal,
)

TASK_STATUS = (
    "draft requested received accepted rejected ready cancelled in-progress on-hold failed "
    "completed entered-in-error"
)
#: From the R4 4.0.1 specification, for the types that are served: complete lists.
REQUIRED = {
    ("ServiceRequest", "status"): "draft active on-hold revoked completed entered-in-error unknown",
    ("ServiceRequest", "intent"): (
        "proposal plan directive order original-order reflex-order filler-order "
        "instance-order option"
    ),
    ("ServiceRequest", "priority"): "routine urgent asap stat",
    ("Task", "status"): TASK_STATUS,
    ("Task", "intent"): (
        "unknown proposal plan order original-order reflex-order filler-order instance-order option"
    ),
    ("Task", "priority"): "routine urgent asap stat",
    ("Patient", "gender"): "male female other unknown",
    ("Patient.link", "type"): "replaced-by replaces refer seealso",
    ("Practitioner", "gender"): "male female other unknown",
    ("RelatedPerson", "gender"): "male female other unknown",
    ("Location", "status"): "active suspended inactive",
    ("Location", "mode"): "instance kind",
    ("PractitionerRole.availableTime", "daysOfWeek"): "mon tue wed thu fri sat sun",
    ("HealthcareService.availableTime", "daysOfWeek"): "mon tue wed thu fri sat sun",
    ("CareTeam", "status"): "proposed active suspended inactive entered-in-error",
    ("CarePlan", "status"): "draft active on-hold revoked completed entered-in-error unknown",
    ("CarePlan", "intent"): "proposal plan order option",
    ("CarePlan.activity.detail", "status"): (
        "not-started scheduled in-progress on-hold completed cancelled stopped unknown "
        "entered-in-error"
    ),
    ("Goal", "lifecycleStatus"): (
        "proposed planned accepted active on-hold completed cancelled entered-in-error rejected"
    ),
    ("Observation", "status"): (
        "registered preliminary final amended corrected cancelled entered-in-error unknown"
    ),
    ("Questionnaire", "status"): "draft active retired unknown",
    ("Questionnaire.item", "type"): (
        "group display boolean decimal integer date dateTime time string text url choice "
        "open-choice attachment reference quantity"
    ),
    ("Questionnaire.item", "enableBehavior"): "all any",
    ("Questionnaire.item.enableWhen", "operator"): "exists = != > < >= <=",
    ("QuestionnaireResponse", "status"): ("in-progress completed amended entered-in-error stopped"),
    ("Encounter", "status"): (
        "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown"
    ),
    ("Appointment", "status"): (
        "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in "
        "waitlist"
    ),
    ("Appointment.participant", "status"): "accepted declined tentative needs-action",
    ("Procedure", "status"): (
        "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
    ),
    ("Communication", "status"): (
        "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
    ),
    ("Consent", "status"): "draft proposed active rejected inactive entered-in-error",
    ("Consent.provision", "type"): "deny permit",
    ("DocumentReference", "status"): "current superseded entered-in-error",
    ("DocumentReference", "docStatus"): "preliminary final amended entered-in-error",
    ("Provenance.entity", "role"): "derivation revision quotation source removal",
    ("AuditEvent", "action"): "C R U D E",
    ("AuditEvent", "outcome"): "0 4 8 12",
    ("Endpoint", "status"): "active suspended error off entered-in-error test",
    ("Group", "type"): "person animal practitioner device medication substance",
    ("Subscription", "status"): "requested active error off",
    ("Subscription.channel", "type"): "rest-hook websocket email sms message",
    ("Bundle", "type"): (
        "document message transaction transaction-response batch batch-response history searchset "
        "collection"
    ),
    ("Bundle.entry.request", "method"): "GET HEAD POST PUT DELETE PATCH",
    ("Bundle.entry.search", "mode"): "match include outcome",
    ("OperationOutcome.issue", "severity"): "fatal error warning information",
    ("Identifier", "use"): "usual official temp secondary old",
    ("HumanName", "use"): "usual official temp nickname anonymous old maiden",
    ("ContactPoint", "system"): "phone fax email pager url sms other",
    ("ContactPoint", "use"): "home work temp old mobile",
    ("Address", "use"): "home work temp old billing",
    ("Address", "type"): "postal physical both",
    ("Narrative", "status"): "generated extensions additional empty",
    ("Quantity", "comparator"): "< <= >= >",
    ("Timing.repeat", "periodUnit"): "s min h d wk mo a",
    ("Timing.repeat", "durationUnit"): "s min h d wk mo a",
    ("Timing.repeat", "dayOfWeek"): "mon tue wed thu fri sat sun",
    ("Timing.repeat", "when"): (
        "MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS "
        "HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV"
    ),
}


@pytest.mark.parametrize(("path", "name"), REQUIRED, ids=lambda value: value)
def test_the_codes_are_those_of_r4(path, name):
    binding = part(path).elements[name].codes
    assert binding is not None
    assert set(binding.codes) == set(REQUIRED[path, name].split())


def test_no_list_of_codes_is_cut_short():
    """The classes' lists may end in '+'; such a list would refuse good codes."""
    seen, waiting = set(), [type_info(name) for name in sorted(_served())]
    while waiting:
        info = waiting.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        for element in info.elements.values():
            if element.codes is not None:
                assert not {"+", "etc."} & set(element.codes.codes), f"{info.path}.{element.name}"
            if element.type is not None:
                waiting.append(element.type)
    assert len(seen) > 100


def _served():
    return {path.split(".")[0] for path, _ in REQUIRED}


def test_every_path_of_the_tables_exists():
    """A path with a spelling mistake would bind nothing."""
    tables = bindings()
    paths = [*tables.codes, *tables.concepts, *tables.patterns, *tables.targets, *tables.unbound]
    for path in paths:
        above, _, name = path.rpartition(".")
        assert name in part(above).elements, path


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (changed(SERVICE_REQUEST, status="actve"), "ServiceRequest.status"),
        (changed(SERVICE_REQUEST, priority="soon"), "ServiceRequest.priority"),
        (changed(TASK, status="done"), "Task.status"),
        (changed(PATIENT, gender="Female"), "Patient.gender"),
        (changed(PATIENT, telecom=[{"system": "fon", "value": "1"}]), "Patient.telecom[0].system"),
        (changed(PATIENT, name=[{"use": "stage", "text": "x"}]), "Patient.name[0].use"),
        (
            changed(PATIENT, extension=[{"url": "urn:x", "valueContactPoint": {"use": "x"}}]),
            "Patient.extension[0].valueContactPoint.use",
        ),
        (changed(PATIENT, photo=[{"contentType": "png"}]), "Patient.photo[0].contentType"),
        (
            changed(TASK, input=[{"type": {"text": "x"}, "valueMoney": {"currency": "pounds"}}]),
            "Task.input[0].valueMoney.currency",
        ),
        (bundle("subscription-notification"), "Bundle.type"),
    ],
)
def test_another_code_is_422_with_its_element(resource, expected):
    resource = {name: value for name, value in resource.items() if value != []}
    assert problems(resource) == [("code-invalid", expected)]
    assert refusal(resource).status == 422


def test_the_answer_lists_what_would_be_right():
    said = refusal(changed(TASK, status="done")).issues[0].diagnostics
    assert all(code in said for code in TASK_STATUS.split())
    long = changed(
        SERVICE_REQUEST, occurrencePeriod=None, occurrenceTiming={"repeat": {"when": ["X"]}}
    )
    assert "and others" in refusal(long).issues[0].diagnostics


CONDITION: Resource = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "clinicalStatus": {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
        ]
    },
}


@pytest.mark.parametrize(
    "concept",
    [
        {"text": "active"},
        {"coding": [{"code": "active"}]},
        {"coding": [{"system": "http://example.org", "code": "active"}]},
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "on"}
            ]
        },
    ],
)
def test_a_bound_concept_has_one_of_its_codings(concept):
    resource = changed(CONDITION, clinicalStatus=concept)
    assert problems(resource) == [("code-invalid", "Condition.clinicalStatus.coding")]


def test_a_bound_concept_may_have_other_codings_too():
    other = {"system": "http://example.org", "code": "on"}
    both = {"coding": [other, *CONDITION["clinicalStatus"]["coding"]]}
    assert problems(CONDITION) == []
    assert problems(changed(CONDITION, clinicalStatus=both)) == []


def test_verification_status_is_bound_too():
    resource = changed(CONDITION, verificationStatus={"text": "sure"})
    assert problems(resource) == [("code-invalid", "Condition.verificationStatus.coding")]


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN-gb", "i-klingon", "zh-Hant-TW-x-a", "x-own"])
def test_a_language_is_any_of_bcp_47(tag):
    assert problems(changed(PATIENT, language=tag, photo=[{"url": "a", "language": tag}])) == []


@pytest.mark.parametrize("tag", ["english please", "en_GB", "e", "en-", "en-GB-GB", "the-queen-s"])
def test_a_language_is_nothing_else(tag):
    resource = changed(PATIENT, language=tag, photo=[{"url": "a", "language": tag}])
    assert problems(resource) == [
        ("code-invalid", "Patient.language"),
        ("code-invalid", "Patient.photo[0].language"),
    ]
    assert refusal(resource).status == 422


def test_language_of_an_expression_is_not_bound():
    extension = {"url": "urn:x", "valueExpression": {"language": "text/x", "expression": "1"}}
    assert problems(changed(PATIENT, extension=[extension])) == []
