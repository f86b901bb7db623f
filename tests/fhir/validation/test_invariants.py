"""Every rule of the table is broken once and kept once; a rule without such a pair fails here."""

from base64 import b64encode
from decimal import Decimal
from hashlib import sha1

import pytest

from shared.fhir.invariants import CHECKS, invariants, kept
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError
from tests.fhir.validation.samples import (
    PATIENT,
    SERVICE_REQUEST,
    TASK,
    changed,
    part,
    problems,
    refusal,
)

UCUM = "http://unitsofmeasure.org"
NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
ORGANIZATION = {"resourceType": "Organization", "name": "Fictional Wool Hall"}
CONDITION = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "urn:x", "code": "a"}]},
}
APPOINTMENT = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": "2026-03-01T09:00:00Z",
    "end": "2026-03-01T10:00:00Z",
    "participant": [{"status": "accepted", "type": [{"text": "person"}]}],
}
CONSENT = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"system": SCOPE, "code": "other"}]},
    "category": [{"text": "sharing"}],
    "policyRule": {"text": "agreed"},
}
RESPONSE = {"resourceType": "QuestionnaireResponse", "status": "completed"}
LIST = {"resourceType": "List", "status": "current", "mode": "working"}
ENTRY = {"item": {"reference": "Task/1"}}
AUDIT = {
    "resourceType": "AuditEvent",
    "type": {"code": "rest"},
    "recorded": "2026-03-01T09:00:00Z",
    "agent": [{"requestor": True}],
    "source": {"observer": {"display": "x"}},
}
COMPOSITION = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "x"},
    "date": "2026",
    "author": [{"display": "x"}],
    "title": "x",
}
GET = {"method": "GET", "url": "Task/1"}
OK = {"status": "200"}


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def valued(name, value):
    """A resource that holds ``value`` of any datatype."""
    return changed(PATIENT, extension=[{"url": "urn:x", f"value{name}": value}])


def value_of(name):
    return f"Patient.extension[0].value{name}"


def repeated(**repeat):
    return changed(SERVICE_REQUEST, occurrencePeriod=None, occurrenceTiming={"repeat": repeat})


REPEAT = "ServiceRequest.occurrenceTiming.repeat"


def containing(inner, **elements):
    return changed(SERVICE_REQUEST, contained=[inner], requester={"reference": "#i"}, **elements)


INNER = {"resourceType": "Practitioner", "id": "i"}


def asked(*items, **elements):
    return {"resourceType": "Questionnaire", "status": "draft", "item": list(items)} | elements


def item(**elements):
    return {"linkId": "1", "text": "?", "type": "string"} | elements


def answered(*items):
    return RESPONSE | {"item": list(items)}


def parameter(**elements):
    return {"resourceType": "Parameters", "parameter": [{"name": "x"} | elements]}


def bundle(kind, *entries, **elements):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)} | elements


def consent(scope, **elements):
    return changed(CONSENT, scope=coded(SCOPE, scope), **elements)


OPTION = [{"valueString": "a"}]
WHEN = {"question": "1", "operator": "=", "answerString": "a"}

#: (path, key): (broken, the element at fault, kept)
PHOTO = {"contentType": "image/png", "data": "YQ=="}
SAMPLED = {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2"}
CHANGE = {"type": "data-changed", "data": [{"type": "Task"}]}
CONDITIONED = {"language": "text/fhirpath", "expression": "true"}
ENGLAND = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"


UK_CORE = {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]}
TRACED = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"


def verified(coding):
    """An identifier with a verification status."""
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
    status = {"url": url, "valueCodeableConcept": {"coding": [coding]}}
    return {"value": "1", "extension": [status]}


def ethnicity(concept):
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
    return {"url": url, "valueCodeableConcept": concept}


def planned(detail):
    activity = {"detail": {"status": "not-started"} | detail}
    subject = {"reference": "Patient/1"}
    plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": subject}
    return plan | {"activity": [activity]}


CASES = {
    ("DomainResource", "dom-2"): (
        containing(INNER | {"contained": [{"resourceType": "Patient", "id": "p"}]}),
        "ServiceRequest.contained[0].contained",
        containing(INNER),
    ),
    ("DomainResource", "dom-3"): (
        changed(SERVICE_REQUEST, contained=[INNER]),
        "ServiceRequest.contained[0]",
        changed(SERVICE_REQUEST, contained=[INNER], instantiatesUri=["#i"]),
    ),
    ("DomainResource", "contained-id"): (
        changed(
            SERVICE_REQUEST,
            contained=[INNER, INNER],
            supportingInfo=[{"reference": "#i"}],
        ),
        "ServiceRequest.contained[1].id",
        containing(INNER),
    ),
    ("DomainResource", "dom-4"): (
        containing(INNER | {"meta": {"versionId": "1"}}),
        "ServiceRequest.contained[0].meta.versionId",
        containing(INNER | {"meta": {"profile": ["urn:x"]}}),
    ),
    ("DomainResource", "dom-5"): (
        containing(INNER | {"meta": {"security": [{"code": "R"}]}}),
        "ServiceRequest.contained[0].meta.security",
        changed(SERVICE_REQUEST, meta={"security": [{"code": "R"}]}),
    ),
    ("DomainResource", "dom-1"): (
        containing(INNER | {"text": {"status": "generated", "div": NARRATIVE}}),
        "ServiceRequest.contained[0].text",
        containing(INNER),
    ),
    ("Extension", "ext-1"): (
        changed(PATIENT, extension=[{"url": "urn:x"}]),
        "Patient.extension[0]",
        changed(
            PATIENT, extension=[{"url": "urn:x", "extension": [{"url": "y", "valueCode": "z"}]}]
        ),
    ),
    ("Coding", "coding-system"): (
        changed(PATIENT, maritalStatus={"coding": [{"system": "marital", "code": "M"}]}),
        "Patient.maritalStatus.coding[0].system",
        changed(PATIENT, maritalStatus={"coding": [{"system": "urn:oid:1.2", "code": "M"}]}),
    ),
    ("Period", "per-1"): (
        valued("Period", {"start": "2026-02", "end": "2026-01"}),
        value_of("Period.end"),
        valued("Period", {"start": "2026-02", "end": "2026-02"}),
    ),
    ("ContactPoint", "cpt-2"): (
        changed(PATIENT, telecom=[{"value": "x"}]),
        "Patient.telecom[0].system",
        changed(
            PATIENT,
            telecom=[
                {"value": "x", "_system": {"extension": [{"url": "urn:x", "valueCode": "y"}]}}
            ],
        ),
    ),
    ("Attachment", "att-1"): (
        valued("Attachment", {"data": "YQ=="}),
        value_of("Attachment.contentType"),
        valued("Attachment", {"data": "YQ==", "contentType": "text/plain; charset=utf-8"}),
    ),
    ("Quantity", "qty-3"): (
        valued("Quantity", {"value": Decimal("1.5"), "code": "h"}),
        value_of("Quantity.system"),
        valued("Quantity", {"value": Decimal("1.5"), "code": "h", "system": UCUM}),
    ),
    ("Age", "age-1"): (
        valued("Age", {"value": Decimal("-1.5"), "code": "a", "system": UCUM}),
        value_of("Age.value"),
        valued("Age", {"value": Decimal("1.5"), "code": "a"}),
    ),
    ("Count", "cnt-3"): (
        valued("Count", {"value": Decimal("1.5"), "code": "1"}),
        value_of("Count.value"),
        valued("Count", {"value": Decimal("2.0"), "code": "1", "system": UCUM}),
    ),
    ("Distance", "dis-1"): (
        valued("Distance", {"value": 1, "code": "m", "system": "urn:x"}),
        value_of("Distance.system"),
        valued("Distance", {"value": 1, "code": "m", "system": UCUM}),
    ),
    ("Duration", "drt-1"): (
        valued("Duration", {"value": 1, "code": "h"}),
        value_of("Duration"),
        valued("Duration", {"value": Decimal("1.5"), "code": "h", "system": UCUM}),
    ),
    ("Range", "rng-2"): (
        valued("Range", {"low": {"value": Decimal("2.10")}, "high": {"value": 2}}),
        value_of("Range"),
        valued("Range", {"low": {"value": 2}, "high": {"value": Decimal("2.00")}}),
    ),
    ("Ratio", "rat-1"): (
        valued("Ratio", {"numerator": {"value": 1}}),
        value_of("Ratio"),
        valued("Ratio", {"numerator": {"value": Decimal("1.5")}, "denominator": {"value": 2}}),
    ),
    ("Expression", "exp-1"): (
        valued("Expression", {"language": "text/cql"}),
        value_of("Expression"),
        valued("Expression", {"language": "text/cql", "expression": "1"}),
    ),
    ("Timing.repeat", "tim-1"): (
        repeated(duration=1),
        f"{REPEAT}.durationUnit",
        repeated(duration=Decimal("1.5"), durationUnit="h"),
    ),
    ("Timing.repeat", "tim-2"): (
        repeated(period=1),
        f"{REPEAT}.periodUnit",
        repeated(period=1, periodUnit="wk", frequency=1),
    ),
    ("Timing.repeat", "tim-4"): (
        repeated(duration=Decimal("-0.5"), durationUnit="h"),
        f"{REPEAT}.duration",
        repeated(duration=0, durationUnit="h"),
    ),
    ("Timing.repeat", "tim-5"): (
        repeated(period=-1, periodUnit="wk"),
        f"{REPEAT}.period",
        repeated(period=Decimal("0.5"), periodUnit="wk"),
    ),
    ("Timing.repeat", "tim-6"): (
        repeated(periodMax=1),
        f"{REPEAT}.period",
        repeated(period=1, periodMax=2, periodUnit="d"),
    ),
    ("Timing.repeat", "tim-7"): (
        repeated(durationMax=1),
        f"{REPEAT}.duration",
        repeated(duration=1, durationMax=2, durationUnit="h"),
    ),
    ("Timing.repeat", "tim-8"): (
        repeated(countMax=2),
        f"{REPEAT}.count",
        repeated(count=1, countMax=2),
    ),
    ("Timing.repeat", "tim-9"): (
        repeated(offset=5, when=["CM"]),
        f"{REPEAT}.when",
        repeated(offset=5, when=["AC"]),
    ),
    ("Timing.repeat", "tim-10"): (
        repeated(timeOfDay=["09:00:00"], when=["MORN"]),
        REPEAT,
        repeated(timeOfDay=["09:00:00"]),
    ),
    ("ServiceRequest", "prr-1"): (
        changed(SERVICE_REQUEST, code=None, orderDetail=[{"text": "x"}]),
        "ServiceRequest.code",
        changed(SERVICE_REQUEST, orderDetail=[{"text": "x"}]),
    ),
    ("Task", "inv-1"): (
        changed(TASK, lastModified="2026-02-27"),
        "Task.lastModified",
        changed(TASK, lastModified="2026-03-01T09:30:00Z"),
    ),
    ("CarePlan.activity", "cpl-3"): (
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": "Patient/1"},
            "activity": [
                {"reference": {"reference": "Task/1"}, "detail": {"status": "in-progress"}}
            ],
        },
        "CarePlan.activity[0]",
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": "Patient/1"},
            "activity": [{"detail": {"status": "in-progress"}}],
        },
    ),
    ("Goal.target", "gol-1"): (
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "x"},
            "subject": {"reference": "Patient/1"},
            "target": [{"detailQuantity": {"value": 1}}],
        },
        "Goal.target[0].measure",
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "x"},
            "subject": {"reference": "Patient/1"},
            "target": [{"measure": {"text": "x"}, "detailString": "y"}],
        },
    ),
    ("Appointment.participant", "app-1"): (
        changed(APPOINTMENT, participant=[{"status": "accepted"}]),
        "Appointment.participant[0]",
        changed(
            APPOINTMENT, participant=[{"status": "accepted", "actor": {"reference": "Patient/1"}}]
        ),
    ),
    ("Appointment", "app-2"): (
        changed(APPOINTMENT, status="proposed", end=None),
        "Appointment",
        APPOINTMENT,
    ),
    ("Appointment", "app-3"): (
        changed(APPOINTMENT, start=None, end=None),
        "Appointment",
        changed(APPOINTMENT, status="waitlist", start=None, end=None),
    ),
    ("Appointment", "app-4"): (
        changed(APPOINTMENT, cancelationReason={"text": "x"}),
        "Appointment.cancelationReason",
        changed(APPOINTMENT, status="noshow", cancelationReason={"text": "x"}),
    ),
    ("Patient.contact", "pat-1"): (
        changed(PATIENT, contact=[{"gender": "male"}]),
        "Patient.contact[0]",
        changed(PATIENT, contact=[{"organization": {"reference": "Organization/1"}}]),
    ),
    ("Organization", "org-1"): (
        {"resourceType": "Organization", "active": True},
        "Organization",
        {"resourceType": "Organization", "identifier": [{"value": "x"}]},
    ),
    ("Organization", "org-2"): (
        ORGANIZATION | {"address": [{"text": "x"}, {"use": "home", "text": "x"}]},
        "Organization.address[1].use",
        ORGANIZATION | {"address": [{"use": "work", "text": "x"}]},
    ),
    ("Organization", "org-3"): (
        ORGANIZATION | {"telecom": [{"use": "home", "system": "phone", "value": "1"}]},
        "Organization.telecom[0].use",
        ORGANIZATION | {"telecom": [{"use": "work", "system": "phone", "value": "1"}]},
    ),
    ("CareTeam.participant", "ctm-1"): (
        {
            "resourceType": "CareTeam",
            "participant": [
                {
                    "member": {"reference": "Patient/1"},
                    "onBehalfOf": {"reference": "Organization/1"},
                }
            ],
        },
        "CareTeam.participant[0].onBehalfOf",
        {
            "resourceType": "CareTeam",
            "participant": [
                {
                    "member": {"reference": "Practitioner/1"},
                    "onBehalfOf": {"reference": "Organization/1"},
                }
            ],
        },
    ),
    ("Group", "grp-1"): (
        {
            "resourceType": "Group",
            "type": "person",
            "actual": False,
            "member": [{"entity": {"reference": "Patient/1"}}],
        },
        "Group.member",
        {
            "resourceType": "Group",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": "Patient/1"}}],
        },
    ),
    ("Condition.stage", "con-1"): (
        CONDITION | {"stage": [{"type": {"text": "x"}}]},
        "Condition.stage[0]",
        CONDITION | {"stage": [{"summary": {"text": "x"}}]},
    ),
    ("Condition.evidence", "con-2"): (
        CONDITION | {"evidence": [{"extension": [{"url": "urn:x", "valueCode": "y"}]}]},
        "Condition.evidence[0]",
        CONDITION | {"evidence": [{"code": [{"text": "x"}]}]},
    ),
    ("Condition", "con-3"): (
        CONDITION | {"category": [coded("urn:x", "problem-list-item")]},
        "Condition.clinicalStatus",
        CONDITION | {"category": [{"text": "x"}]},
    ),
    ("Condition", "con-4"): (
        CONDITION | {"abatementPeriod": {"start": "2026"}},
        "Condition.clinicalStatus",
        CONDITION | {"abatementString": "x", "clinicalStatus": coded(CLINICAL, "resolved")},
    ),
    ("Condition", "con-5"): (
        CONDITION
        | {
            "clinicalStatus": coded(CLINICAL, "active"),
            "verificationStatus": coded(VERIFICATION, "entered-in-error"),
        },
        "Condition.clinicalStatus",
        CONDITION
        | {
            "clinicalStatus": coded(CLINICAL, "active"),
            "verificationStatus": coded(VERIFICATION, "confirmed"),
        },
    ),
    ("Observation.referenceRange", "obs-3"): (
        OBSERVATION | {"referenceRange": [{"type": {"text": "x"}}]},
        "Observation.referenceRange[0]",
        OBSERVATION | {"referenceRange": [{"low": {"value": Decimal("1.0")}}]},
    ),
    ("Observation", "obs-6"): (
        OBSERVATION | {"valueCodeableConcept": {"text": "x"}, "dataAbsentReason": {"text": "y"}},
        "Observation.dataAbsentReason",
        OBSERVATION | {"dataAbsentReason": {"text": "y"}},
    ),
    ("Observation", "obs-7"): (
        OBSERVATION | {"valueString": "x", "component": [{"code": OBSERVATION["code"]}]},
        "Observation.component[0].code",
        OBSERVATION | {"valueString": "x", "component": [{"code": coded("urn:x", "b")}]},
    ),
    ("Questionnaire", "que-0"): (
        asked(item(), name="a name"),
        "Questionnaire.name",
        asked(item(), name="AName"),
    ),
    ("Questionnaire.item", "que-1"): (
        asked(item(type="group")),
        "Questionnaire.item[0]",
        asked(item(type="group", item=[item(linkId="2")])),
    ),
    ("Questionnaire", "que-2"): (
        asked(item(item=[item(linkId="2")]), item(linkId="2")),
        "Questionnaire.item[1].linkId",
        asked(item(item=[item(linkId="2")]), item(linkId="3")),
    ),
    ("Questionnaire.item", "que-3"): (
        asked(item(type="display", code=[{"code": "x"}])),
        "Questionnaire.item[0].code",
        asked(item(code=[{"code": "x"}])),
    ),
    ("Questionnaire.item", "que-4"): (
        asked(item(type="choice", answerOption=OPTION, answerValueSet="urn:x")),
        "Questionnaire.item[0]",
        asked(item(type="choice", answerOption=OPTION)),
    ),
    ("Questionnaire.item", "que-5"): (
        asked(item(type="boolean", answerOption=OPTION)),
        "Questionnaire.item[0]",
        asked(item(type="open-choice", answerValueSet="urn:x")),
    ),
    ("Questionnaire.item", "que-6"): (
        asked(item(type="display", required=True)),
        "Questionnaire.item[0]",
        asked(item(required=True, repeats=False)),
    ),
    ("Questionnaire.item.enableWhen", "que-7"): (
        asked(item(enableWhen=[WHEN | {"operator": "exists"}])),
        "Questionnaire.item[0].enableWhen[0]",
        asked(item(enableWhen=[{"question": "1", "operator": "exists", "answerBoolean": False}])),
    ),
    ("Questionnaire.item", "que-8"): (
        asked(item(type="display", initial=[{"valueString": "x"}])),
        "Questionnaire.item[0].initial",
        asked(item(initial=[{"valueString": "x"}])),
    ),
    ("Questionnaire.item", "que-9"): (
        asked(item(type="display", readOnly=True)),
        "Questionnaire.item[0].readOnly",
        asked(item(readOnly=True)),
    ),
    ("Questionnaire.item", "que-10"): (
        asked(item(type="date", maxLength=3)),
        "Questionnaire.item[0].maxLength",
        asked(item(maxLength=3)),
    ),
    ("Questionnaire.item", "que-11"): (
        asked(item(answerOption=OPTION, initial=[{"valueString": "a"}])),
        "Questionnaire.item[0].initial",
        asked(item(answerOption=OPTION)),
    ),
    ("Questionnaire.item", "que-12"): (
        asked(item(enableWhen=[WHEN, WHEN])),
        "Questionnaire.item[0].enableBehavior",
        asked(item(enableWhen=[WHEN, WHEN], enableBehavior="any")),
    ),
    ("Questionnaire.item", "que-13"): (
        asked(item(initial=[{"valueString": "a"}, {"valueString": "b"}])),
        "Questionnaire.item[0].initial",
        asked(item(repeats=True, initial=[{"valueString": "a"}, {"valueString": "b"}])),
    ),
    ("QuestionnaireResponse.item", "qrs-1"): (
        answered(
            {"linkId": "1", "answer": [{"valueDecimal": Decimal("1.0")}], "item": [{"linkId": "2"}]}
        ),
        "QuestionnaireResponse.item[0]",
        answered({"linkId": "1", "answer": [{"valueString": "a", "item": [{"linkId": "2"}]}]}),
    ),
    ("Consent", "ppc-1"): (changed(CONSENT, policyRule=None), "Consent", CONSENT),
    **{
        ("Consent", key): (
            consent(scope),
            "Consent.patient",
            consent(scope, patient={"reference": "Patient/1"}),
        )
        for key, scope in (
            ("ppc-2", "patient-privacy"),
            ("ppc-3", "research"),
            ("ppc-4", "adr"),
            ("ppc-5", "treatment"),
        )
    },
    ("AuditEvent.entity", "sev-1"): (
        AUDIT | {"entity": [{"name": "x", "query": "eA=="}]},
        "AuditEvent.entity[0]",
        AUDIT | {"entity": [{"name": "x"}]},
    ),
    ("Composition.section", "cmp-1"): (
        COMPOSITION | {"section": [{"title": "x"}]},
        "Composition.section[0]",
        COMPOSITION | {"section": [{"entry": [{"reference": "Task/1"}]}]},
    ),
    ("Composition.section", "cmp-2"): (
        COMPOSITION
        | {"section": [{"entry": [{"reference": "Task/1"}], "emptyReason": {"text": "x"}}]},
        "Composition.section[0].emptyReason",
        COMPOSITION
        | {
            "section": [
                {
                    "text": {"status": "generated", "div": NARRATIVE},
                    "emptyReason": {"text": "x"},
                }
            ]
        },
    ),
    ("List", "lst-1"): (
        LIST | {"entry": [ENTRY], "emptyReason": {"text": "x"}},
        "List.emptyReason",
        LIST | {"emptyReason": {"text": "x"}},
    ),
    ("List", "lst-2"): (
        LIST | {"entry": [ENTRY | {"deleted": True}]},
        "List",
        LIST | {"mode": "changes", "entry": [ENTRY | {"deleted": True}]},
    ),
    ("List", "lst-3"): (
        LIST | {"mode": "snapshot", "entry": [ENTRY | {"date": "2026"}]},
        "List",
        LIST | {"entry": [ENTRY | {"date": "2026"}]},
    ),
    ("Parameters.parameter", "inv-1"): (
        parameter(valueReference={"reference": "Task/1"}, part=[{"name": "y", "valueCode": "z"}]),
        "Parameters.parameter[0]",
        parameter(valueReference={"reference": "Task/1"}),
    ),
    ("Bundle", "bdl-1"): (
        bundle("collection", {"resource": TASK}, total=1),
        "Bundle.total",
        bundle("searchset", {"resource": TASK}, total=1),
    ),
    ("Bundle", "bdl-2"): (
        bundle("collection", {"resource": TASK}, {"resource": TASK, "search": {"mode": "match"}}),
        "Bundle.entry[1].search",
        bundle("searchset", {"resource": TASK, "search": {"mode": "match"}}),
    ),
    ("Bundle", "bdl-3"): (
        bundle("transaction", {"request": GET}, {"resource": TASK}),
        "Bundle.entry[1].request",
        bundle("transaction", {"request": GET}),
    ),
    ("Bundle", "bdl-4"): (
        bundle("batch", {"request": GET, "response": OK}),
        "Bundle.entry[0].response",
        bundle("history", {"request": GET, "response": OK}),
    ),
    ("Bundle", "bdl-5"): (
        bundle("collection", {"fullUrl": "urn:x:1"}),
        "Bundle.entry[0]",
        bundle("batch", {"request": GET}),
    ),
    ("Bundle", "bdl-7"): (
        bundle(
            "collection",
            {"fullUrl": "urn:x:1", "resource": TASK},
            {"fullUrl": "urn:x:1", "resource": TASK},
        ),
        "Bundle.entry[1].fullUrl",
        bundle(
            "collection",
            {"fullUrl": "urn:x:1", "resource": TASK | {"meta": {"versionId": "1"}}},
            {"fullUrl": "urn:x:1", "resource": TASK | {"meta": {"versionId": "2"}}},
        ),
    ),
    ("Bundle", "bdl-8"): (
        bundle("collection", {"fullUrl": "https://x.org/Task/1/_history/2", "resource": TASK}),
        "Bundle.entry[0].fullUrl",
        bundle("collection", {"fullUrl": "https://x.org/Task/1", "resource": TASK}),
    ),
    ("Bundle", "full-url"): (
        bundle("collection", {"fullUrl": "Task/1", "resource": TASK | {"id": "1"}}),
        "Bundle.entry[0].fullUrl",
        bundle("collection", {"fullUrl": "https://x.org/Task/1", "resource": TASK | {"id": "1"}}),
    ),
    ("Bundle", "full-url-id"): (
        bundle(
            "collection",
            {"fullUrl": "https://x.org/Task/1", "resource": TASK | {"id": "1"}},
            {"fullUrl": "https://x.org/Task/2", "resource": TASK | {"id": "1"}},
        ),
        "Bundle.entry[1].fullUrl",
        bundle("collection", {"fullUrl": "https://x.org/Task/1", "resource": TASK}),
    ),
    ("Bundle", "bdl-9"): (
        bundle("document", {"resource": COMPOSITION}, timestamp="2026-03-01T09:00:00Z"),
        "Bundle.identifier",
        bundle("collection", {"resource": TASK}),
    ),
    ("Bundle", "bdl-10"): (
        bundle("document", {"resource": COMPOSITION}, identifier={"system": "urn:x", "value": "1"}),
        "Bundle.timestamp",
        bundle(
            "document",
            {"resource": COMPOSITION},
            identifier={"system": "urn:x", "value": "1"},
            timestamp="2026-03-01T09:00:00Z",
        ),
    ),
    ("Bundle", "bdl-11"): (
        bundle(
            "document",
            {"resource": TASK},
            identifier={"system": "urn:x", "value": "1"},
            timestamp="2026-03-01T09:00:00Z",
        ),
        "Bundle.entry[0].resource",
        bundle("collection", {"resource": TASK}),
    ),
    ("Bundle", "bdl-12"): (
        bundle("message", {"resource": TASK}),
        "Bundle.entry[0].resource",
        bundle(
            "message",
            {
                "resource": {
                    "resourceType": "MessageHeader",
                    "eventUri": "urn:x",
                    "source": {"endpoint": "urn:y"},
                }
            },
        ),
    ),
    ("Identifier", "nhs-1"): (
        changed(
            PATIENT, identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "1"}]
        ),
        "Patient.identifier[0].value",
        PATIENT,
    ),
    ("Identifier", "nhs-2"): (
        changed(PATIENT, identifier=[verified({"system": TRACED, "code": "09"})]),
        "Patient.identifier[0].extension[0]",
        changed(PATIENT, identifier=[verified({"system": "urn:x", "code": "09"})]),
    ),
    ("Patient", "nhs-4"): (
        changed(PATIENT, meta=UK_CORE, identifier=[verified({"system": "urn:x", "code": "01"})]),
        "Patient.identifier[0].extension[0]",
        changed(PATIENT, meta=UK_CORE, identifier=[verified({"system": TRACED, "code": "01"})]),
    ),
    ("Patient", "nhs-3"): (
        changed(PATIENT, extension=[ethnicity({"coding": [{"system": ENGLAND, "code": "Q"}]})]),
        "Patient.extension[0]",
        changed(
            PATIENT,
            extension=[
                ethnicity({"coding": [{"system": ENGLAND, "code": "99"}]}),
                ethnicity({"coding": [{"system": "urn:other", "code": "Q"}]}),
                ethnicity({"text": "Yorkshire"}),
            ],
        ),
    ),
    ("Attachment", "att-size"): (
        changed(PATIENT, photo=[PHOTO | {"size": 2}]),
        "Patient.photo[0].size",
        changed(PATIENT, photo=[PHOTO | {"size": 1}, {"url": "http://x.example/p", "size": 9}]),
    ),
    ("Attachment", "att-hash"): (
        changed(PATIENT, photo=[PHOTO | {"hash": "YWJj"}]),
        "Patient.photo[0].hash",
        changed(PATIENT, photo=[PHOTO | {"hash": b64encode(sha1(b"a").digest()).decode()}]),
    ),
    ("Range", "sqty-1"): (
        valued("Range", {"low": {"value": 1, "comparator": ">"}}),
        value_of("Range"),
        valued("Range", {"low": {"value": 1}, "high": {"value": 2}}),
    ),
    ("SampledData", "sqty-1"): (
        valued("SampledData", SAMPLED | {"origin": {"value": 0, "comparator": "<"}}),
        f"{value_of('SampledData')}.origin.comparator",
        valued("SampledData", SAMPLED),
    ),
    ("Observation.referenceRange", "sqty-1"): (
        changed(OBSERVATION, referenceRange=[{"high": {"value": 1, "comparator": "<"}}]),
        "Observation.referenceRange[0]",
        changed(OBSERVATION, referenceRange=[{"high": {"value": 1}}]),
    ),
    ("CarePlan.activity.detail", "sqty-1"): (
        planned({"dailyAmount": {"value": 1, "comparator": "<"}}),
        "CarePlan.activity[0].detail",
        planned({"dailyAmount": {"value": 1}}),
    ),
    ("Dosage", "sqty-1"): (
        valued("Dosage", {"maxDosePerLifetime": {"value": 1, "comparator": "<"}}),
        value_of("Dosage"),
        valued("Dosage", {"maxDosePerLifetime": {"value": 1}}),
    ),
    ("Dosage.doseAndRate", "sqty-1"): (
        valued("Dosage", {"doseAndRate": [{"rateQuantity": {"value": 1, "comparator": "<"}}]}),
        f"{value_of('Dosage')}.doseAndRate[0].rateQuantity.comparator",
        valued("Dosage", {"doseAndRate": [{"rateQuantity": {"value": 1}}]}),
    ),
    ("DataRequirement.codeFilter", "drq-1"): (
        valued("DataRequirement", {"type": "Task", "codeFilter": [{"valueSet": "urn:x"}]}),
        f"{value_of('DataRequirement')}.codeFilter[0]",
        valued("DataRequirement", {"type": "Task", "codeFilter": [{"path": "code"}]}),
    ),
    ("DataRequirement.dateFilter", "drq-2"): (
        valued("DataRequirement", {"type": "Task", "dateFilter": [{"valueDateTime": "2026"}]}),
        f"{value_of('DataRequirement')}.dateFilter[0]",
        valued("DataRequirement", {"type": "Task", "dateFilter": [{"searchParam": "code"}]}),
    ),
    ("TriggerDefinition", "trd-1"): (
        valued("TriggerDefinition", CHANGE | {"timingDate": "2026"}),
        value_of("TriggerDefinition"),
        valued("TriggerDefinition", CHANGE),
    ),
    ("TriggerDefinition", "trd-2"): (
        valued(
            "TriggerDefinition",
            {"type": "periodic", "timingDate": "2026", "condition": CONDITIONED},
        ),
        f"{value_of('TriggerDefinition')}.data",
        valued("TriggerDefinition", CHANGE | {"condition": CONDITIONED}),
    ),
    ("TriggerDefinition", "trd-3"): (
        valued("TriggerDefinition", {"type": "named-event"}),
        value_of("TriggerDefinition"),
        valued("TriggerDefinition", {"type": "named-event", "name": "x"}),
    ),
}
RULES = [(rule.path, rule.key) for rules in invariants().values() for rule in rules]


def found(resource):
    """Every issue told of ``resource``, be it taken or refused."""
    try:
        return list(validate(resource))
    except FhirError as error:
        return list(error.issues)


def test_every_rule_is_tried_here():
    assert sorted(CASES) == sorted(RULES)


@pytest.mark.parametrize(("path", "key"), CASES, ids=lambda value: value)
def test_a_broken_rule_is_told_with_its_element(path, key):
    broken, place, _ = CASES[path, key]
    told = [issue for issue in found(broken) if f"({key})" in issue.diagnostics]
    assert [issue.expression for issue in told] == [(place,)]


@pytest.mark.parametrize(("path", "key"), CASES, ids=lambda value: value)
def test_a_kept_rule_lets_the_resource_pass(path, key):
    assert found(CASES[path, key][2]) == []


def test_a_rule_alone_is_422_and_a_warning_is_no_refusal():
    for (_, key), (broken, _, _) in CASES.items():
        if key in ("dom-1", "con-3", "que-0"):
            warnings = validate(broken)
            assert [issue.severity for issue in warnings] == ["warning"]
        else:
            assert refusal(broken).status == 422, key


def test_every_rule_stands_at_a_type_that_exists():
    for path, key in RULES:
        if path != "DomainResource":
            info = part(path)
            assert info.path == path, key
            rule = next(rule for rule in invariants()[path] if rule.key == key)
            assert set(rule.when) <= set(info.elements), (path, key)


def test_every_function_is_used():
    from shared.fhir.bindings import read

    used = {row["check"] for row in read("invariants.toml")["invariant"] if "check" in row}
    assert used == set(CHECKS)


# Corners ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ({"value": 3, "unit": "h"}, {"value": 2, "unit": "d"}),
        ({"value": 3, "code": "h", "system": UCUM}, {"value": 2, "code": "d", "system": UCUM}),
        ({"value": 3}, {"unit": "h"}),
    ],
)
def test_a_range_in_two_units_cannot_be_compared(low, high):
    assert found(valued("Range", {"low": low, "high": high})) == []


def test_a_range_in_one_unit_is_compared_by_its_code():
    low = {"value": 3, "code": "h", "unit": "hours", "system": UCUM}
    high = {"value": 2, "code": "h", "unit": "hrs", "system": UCUM}
    assert problems(valued("Range", {"low": low, "high": high})) == [
        ("invariant", value_of("Range"))
    ]


@pytest.mark.parametrize(
    ("name", "value", "places"),
    [
        ("Age", {"value": 1}, ["Age.code"]),
        ("Age", {"value": 0, "code": "a", "system": "urn:x"}, ["Age.system", "Age.value"]),
        ("Count", {"value": 1, "code": "x"}, ["Count.code"]),
        ("Count", {"value": 1, "system": UCUM}, ["Count.code"]),
        ("Distance", {"value": 1}, ["Distance.code"]),
    ],
)
def test_measured_values(name, value, places):
    assert [place for _, place in problems(valued(name, value))] == [
        value_of(place) for place in places
    ]


@pytest.mark.parametrize(
    ("member", "good"),
    [
        ({"reference": "Practitioner/1"}, True),
        ({"reference": "Organization/1"}, False),
        ({"type": "Practitioner", "identifier": {"value": "x"}}, True),
        ({"type": "Patient", "identifier": {"value": "x"}}, False),
        ({"reference": "https://x.org/fhir/Patient/1"}, True),
        ({"display": "x"}, True),
        (None, False),
    ],
)
def test_on_behalf_of_is_for_practitioners_as_far_as_can_be_told(member, good):
    participant = {"onBehalfOf": {"reference": "Organization/1"}}
    if member:
        participant["member"] = member
    team = {"resourceType": "CareTeam", "participant": [participant]}
    expected = [] if good else [("invariant", "CareTeam.participant[0].onBehalfOf")]
    assert problems(team) == expected


def test_a_contained_resource_that_looks_outward_needs_no_reference():
    inner = LIST | {"id": "l", "entry": [{"item": {"reference": "#"}}]}
    assert problems(changed(SERVICE_REQUEST, contained=[inner])) == []


def test_an_observation_without_a_value_may_share_its_code():
    component = {"code": OBSERVATION["code"], "valueString": "x"}
    assert found(OBSERVATION | {"component": [component, {"code": {"text": "y"}}]}) == []


def test_a_history_may_repeat_a_url():
    entry = {"fullUrl": "https://x.org/Task/1", "resource": TASK, "request": GET, "response": OK}
    assert found(bundle("history", entry, entry)) == []


def test_an_expression_that_cannot_be_evaluated_counts_as_broken():
    assert not kept("duration >= 0", {"duration": {"a": "b"}})
    assert not kept("duration >= 0", {"duration": [Decimal(1), {"a": [Decimal(2)]}]})
    assert kept("duration >= 0", {"duration": Decimal("0.5"), "note": ["x", {"y": Decimal(1)}]})
