"""The resources that the search tables are asked of: each is there for what it is found by."""

from __future__ import annotations

from typing import Any

from tests.fhir.store.kit import BASE

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
SCT = "http://snomed.info/sct"
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}


def concept(code: str, system: str = SCT, display: str = "", text: str = "") -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    if not system:
        del coding["system"]
    return {"coding": [coding]} | ({"text": text} if text else {})


def observation(key: str, code: Json | None = None, **more: Any) -> Json:
    body = {"resourceType": "Observation", "id": key, "status": "final"}
    return body | {"code": code or {"text": "x"}} | more


def measured(value: Any, unit: str = "mg", comparator: str = "", system: str = UCUM) -> Json:
    found = {"value": value, "system": system, "code": unit, "unit": unit}
    return found | ({"comparator": comparator} if comparator else {})


PATIENTS: list[Json] = [
    {
        "id": "p1",
        "active": True,
        "name": [
            {"use": "official", "family": "van der Berg", "given": ["Élodie", "Anne-Marie"]},
            {"text": "Mrs E. Smith (née Berg)", "suffix": ["OBE"], "prefix": ["Mrs"]},
        ],
        "gender": "female",
        "birthDate": "1974-12-25",
        "identifier": [
            {"system": "urn:oid:1.2.36.146.595.217.0.1", "value": "12345", "type": MR},
            {"system": "http://example.org/ids", "value": "a|b,c$d\\e"},
        ],
        "telecom": [
            {"system": "phone", "value": "(03) 5555 6473", "use": "work"},
            {"system": "email", "value": "Elodie.Berg@Example.COM"},
        ],
        "address": [
            {
                "use": "home",
                "text": "534 Erewhon St, PleasantVille",
                "line": ["534 Erewhon St"],
                "city": "PleasantVille",
                "district": "Rainbow",
                "state": "Vic",
                "postalCode": "3999",
                "country": "AU",
            }
        ],
        "communication": [{"language": concept("fr", "urn:ietf:bcp:47", "French")}],
        "maritalStatus": concept("M", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"),
        "managingOrganization": {"reference": "Organization/o1"},
        "generalPractitioner": [{"reference": "Practitioner/d1"}],
        "meta": {
            "tag": [{"system": "http://example.org/tags", "code": "Blue"}],
            "profile": ["http://example.org/Profile/basic|1.0", "http://example.org/Profile/extra"],
            "security": [{"system": "http://example.org/sec", "code": "VRY"}],
            "source": "http://example.org/feed/a",
        },
    },
    {
        "id": "p2",
        "active": False,
        "name": [{"family": "Berg", "given": ["Peter"]}],
        "gender": "male",
        "birthDate": "1974",
        "deceasedBoolean": True,
        "identifier": [{"value": "12345"}, {"system": "http://example.org/ids"}],
        "address": [{"use": "work", "city": "Pleasant Hill", "postalCode": "3"}],
        "telecom": [{"system": "phone", "value": "+44 113 496-0001"}],
        "generalPractitioner": [
            {"reference": "Practitioner/d2"},
            {"reference": "https://elsewhere.test/fhir/Practitioner/d1"},
            {"identifier": {"system": "http://example.org/gp", "value": "G1"}},
        ],
        "link": [{"other": {"reference": "Patient/p1"}, "type": "seealso"}],
        "meta": {"tag": [{"code": "blue"}]},
    },
    {
        "id": "p3",
        "name": [{"family": "Müller-Straße", "given": ["Zoë"]}],
        "gender": "other",
        "birthDate": "1974-12",
        "deceasedDateTime": "2019-03-01T10:00:00+01:00",
        "identifier": [{"system": "HTTP://EXAMPLE.ORG/IDS", "value": "Case"}],
        "generalPractitioner": [{"reference": f"{BASE}/Organization/o2"}],
    },
    {"id": "p4", "deceasedBoolean": False},
]

ORGANISATIONS: list[Json] = [
    {"id": "o1", "name": "Acme Hospital", "alias": ["The Infirmary"]},
    {"id": "o2", "name": "Acme Ward", "partOf": {"reference": "Organization/o1"}},
    {"id": "o3", "name": "Acme Bay", "partOf": {"reference": "Organization/o2"}},
    {"id": "o4", "name": "Other"},
]

PRACTITIONERS: list[Json] = [
    {"id": "d1", "name": [{"family": "Good", "given": ["Doc"]}], "gender": "female"},
    {"id": "d2", "name": [{"family": "Better"}]},
]

PLACES = [
    ("l1", 53.7215, -1.8630, None),  # Halifax, the Piece Hall
    ("l2", 53.7440, -2.0090, "l1"),  # Hebden Bridge, 10 km west
    ("l3", 53.7965, -1.5478, "l2"),  # Leeds, 22 km east
    ("l4", -17.8, 179.95, None),  # Fiji, beside the date line
    ("l5", 89.99, 10.0, None),  # by the north pole
]

COMPONENTS = [
    {"code": concept("8480-6", LOINC), "valueQuantity": measured(120, "mm[Hg]")},
    {"code": concept("8462-4", LOINC), "valueQuantity": measured(80, "mm[Hg]")},
]

OBSERVATIONS = [
    observation("q1", valueQuantity=measured(5.4)),
    observation("q2", valueQuantity=measured(5.40001)),
    observation("q3", valueQuantity=measured(100, "cm")),
    observation("q4", valueQuantity=measured(104, "cm")),
    observation("q5", valueQuantity=measured(-1, "Cel")),
    observation("q6", valueQuantity=measured(0, "Cel")),
    observation("q7", valueQuantity=measured(200, "cm", ">")),
    observation("q8", valueQuantity={"value": 3, "unit": "cups"}),
    observation(
        "bp",
        concept("85354-9", LOINC, "Blood pressure panel", "Blutdruck"),
        component=COMPONENTS,
        subject={"reference": "Patient/p1"},
    ),
    observation(
        "bp2",
        concept("85354-9", LOINC),
        component=[
            {"code": concept("8480-6", LOINC), "valueQuantity": measured(80, "mm[Hg]")},
            {"code": concept("8462-4", LOINC), "valueQuantity": measured(120, "mm[Hg]")},
        ],
        subject={"reference": "Patient/p2"},
    ),
    observation(
        "c1",
        concept("1", "http://a.test", "Smoking status"),
        valueCodeableConcept=concept("yes", "http://b.test", "Current smoker"),
    ),
    observation("c2", concept("1", "http://a.test"), valueString="Never Smoked"),
    observation("c3", concept("1", "http://a.test"), valueDateTime="2020-05-17"),
    observation("c4", concept("2", ""), valueCodeableConcept=concept("no", "http://b.test")),
    observation(
        "c5",
        concept("2", ""),
        component=[
            {
                "code": concept("1", "http://a.test"),
                "valueCodeableConcept": concept("yes", "http://b.test"),
            }
        ],
    ),
    observation("t1", effectiveDateTime="2013-01-14T10:00:00Z"),
    observation("t2", effectiveDateTime="2013-01-14"),
    observation("t3", effectiveDateTime="2013-01"),
    observation("t4", effectivePeriod={"start": "2013-01-21", "end": "2013-01-25"}),
    observation("t5", effectivePeriod={"start": "2013-01-21"}),
    observation("t6", effectivePeriod={"end": "2013-01-10"}),
    observation("t7", effectiveInstant="2013-01-14T23:30:00.123-05:00"),
    observation("t8", effectiveTiming={"event": ["2013-02-01", "2013-03-01"]}),
    observation("t9", effectiveDateTime="9999-12-31"),
    observation("t0", effectiveDateTime="0001-01-01"),
]

OTHERS: list[Json] = [
    {
        "resourceType": "Questionnaire",
        "id": "n1",
        "status": "active",
        "url": "http://kersey.test/Questionnaire/needs",
        "version": "2.0",
        "title": "Needs",
        "useContext": [
            {
                "code": {"system": "http://u.test", "code": "age"},
                "valueRange": {
                    "low": {"value": 18, "code": "a", "system": UCUM},
                    "high": {"value": 65, "code": "a", "system": UCUM},
                },
            },
            {
                "code": {"system": "http://u.test", "code": "focus"},
                "valueCodeableConcept": concept("lonely", "http://v.test"),
            },
        ],
    },
    {
        "resourceType": "Questionnaire",
        "id": "n2",
        "status": "draft",
        "url": "http://kersey.test/Questionnaire/needs/short",
        "title": "Short",
        "derivedFrom": ["http://kersey.test/Questionnaire/needs|2.0"],
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "a1",
        "status": "completed",
        "questionnaire": "http://kersey.test/Questionnaire/needs|2.0",
        "subject": {"reference": "Patient/p1"},
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "a2",
        "status": "completed",
        "questionnaire": "http://kersey.test/Questionnaire/needs",
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "a3",
        "status": "completed",
        "questionnaire": "http://kersey.test/Questionnaire/needs|1.0",
    },
    {
        "resourceType": "Group",
        "id": "g1",
        "type": "person",
        "actual": True,
        "characteristic": [
            {"code": concept("gender"), "valueCodeableConcept": concept("f"), "exclude": False},
            {"code": concept("lonely"), "valueBoolean": True, "exclude": True},
        ],
        "member": [{"entity": {"reference": "Patient/p1"}}],
    },
    {
        "resourceType": "DocumentReference",
        "id": "r1",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "url": "http://f.test/a/b.txt"}}],
    },
    {
        "resourceType": "DocumentReference",
        "id": "r2",
        "status": "superseded",
        "content": [{"attachment": {"contentType": "application/pdf"}}],
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/r1"}}],
    },
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB", "display": "Ambulatory"},
        "length": measured(90, "min"),
        "serviceProvider": {"display": "The Infirmary"},
        "subject": {"reference": "Patient/p1"},
        "location": [{"location": {"reference": "Location/l3"}}],
    },
    {
        "resourceType": "Encounter",
        "id": "e2",
        "status": "planned",
        "class": {"code": "VR"},
        "subject": {"reference": "Group/g1"},
        "location": [{"location": {"reference": "Location/l1"}}],
    },
    {
        "resourceType": "Task",
        "id": "k1",
        "status": "requested",
        "intent": "order",
        "for": {"reference": "Patient/p1"},
        "focus": {"reference": "Encounter/e1"},
        "owner": {"reference": "Organization/o3"},
    },
    {
        "resourceType": "Task",
        "id": "k2",
        "status": "completed",
        "intent": "plan",
        "for": {"reference": "Patient/p2"},
        "focus": {"reference": "Patient/p2"},
        "partOf": [{"reference": "Task/k1"}],
        "owner": {"reference": "Organization/o1"},
    },
]


def _place(key: str, latitude: float, longitude: float, part_of: str | None) -> Json:
    more = {"partOf": {"reference": f"Location/{part_of}"}} if part_of else {}
    position = {"latitude": latitude, "longitude": longitude}
    return {"resourceType": "Location", "id": key, "name": key, "position": position} | more


WORLD: list[Json] = [
    *({"resourceType": "Organization", **each} for each in ORGANISATIONS),
    *({"resourceType": "Practitioner", **each} for each in PRACTITIONERS),
    *({"resourceType": "Patient", **each} for each in PATIENTS),
    *(_place(*each) for each in PLACES),
    *OBSERVATIONS,
    *OTHERS,
]
