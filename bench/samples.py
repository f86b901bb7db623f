"""What is sent: requests and a transaction of the size that record systems send."""

from typing import Any

SNOMED = "http://snomed.info/sct"
ELSEWHERE = "https://records.example/fhir"
"""Another server: what refers there is stored as it is."""

Json = dict[str, Any]


def service_request(subject: str = f"{ELSEWHERE}/Patient/1") -> Json:
    """A ServiceRequest of some 1.5 KB; `{n}` in its number makes each one new."""
    return {
        "resourceType": "ServiceRequest",
        "meta": {
            "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest"],
        },
        "identifier": [{"system": "https://bench.example/referrals", "value": "{n}"}],
        "status": "active",
        "intent": "order",
        "priority": "routine",
        "category": [
            {
                "coding": [
                    {
                        "system": SNOMED,
                        "code": "3457005",
                        "display": "Patient referral",
                    }
                ]
            }
        ],
        "code": {
            "coding": [
                {
                    "system": SNOMED,
                    "code": "871731000000106",
                    "display": "Referral to social prescribing service",
                }
            ],
            "text": "Referral to social prescribing service",
        },
        "subject": {"reference": subject},
        "authoredOn": "2026-06-01T09:00:00+01:00",
        "requester": {"reference": f"{ELSEWHERE}/PractitionerRole/1"},
        "reasonCode": [
            {
                "coding": [
                    {
                        "system": "https://kersey.example/fhir/CodeSystem/need",
                        "code": "loneliness",
                        "display": "Loneliness",
                    }
                ],
                "text": "Feels cut off since moving house in spring",
            }
        ],
        "note": [
            {
                "text": "Used to sing in a choir and would like to again. Mornings are better; the "
                "bus stops at the corner, the hill is too steep on foot. Has a hearing aid."
            }
        ],
    }


def transaction(entries: int = 20) -> Json:
    """A Bundle with a Patient and what was found about it."""
    patient = "urn:uuid:5b0e2a52-5f0f-4c55-9d0e-000000000000"
    resources = [_patient()] + [_observation(patient, n) for n in range(1, entries)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:5b0e2a52-5f0f-4c55-9d0e-{n:012d}",
                "resource": each,
                "request": {"method": "POST", "url": each["resourceType"]},
            }
            for n, each in enumerate(resources)
        ],
    }


def patients(count: int) -> Json:
    """A Bundle of Patients, each another person."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:5b0e2a52-5f0f-4c55-9d0f-{n:012d}",
                "resource": _patient(),
                "request": {"method": "POST", "url": "Patient"},
            }
            for n in range(count)
        ],
    }


def _patient() -> Json:
    return {
        "resourceType": "Patient",
        "active": True,
        "name": [{"use": "official", "family": "Feather", "given": ["Kath"]}],
        "telecom": [{"system": "phone", "value": "07700 900111", "use": "mobile"}],
        "gender": "female",
        "birthDate": "1951-03-07",
        "address": [{"use": "home", "line": ["1 Loom Street"], "city": "Shipley"}],
    }


def _observation(patient: str, n: int) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": SNOMED, "code": "365981007", "display": "Smoking status"}]},
        "subject": {"reference": patient},
        "effectiveDateTime": f"2026-05-{n:02d}",
        "valueQuantity": {
            "value": n,
            "unit": "a day",
            "system": "http://unitsofmeasure.org",
            "code": "/d",
        },
    }
