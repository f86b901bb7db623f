"""A referral as an EHR would send it: a transaction Bundle in the shape of UK Core."""

from datetime import datetime
from typing import Any
from uuid import uuid5

from deploy.demo.ids import NAMESPACE
from deploy.demo.people import DemoPerson

UKCORE = "https://fhir.hl7.org.uk/StructureDefinition"
SNOMED = "http://snomed.info/sct"


def referral_bundle(
    person: DemoPerson,
    reference: str,
    authored: datetime,
    *,
    priority: str = "routine",
    code: str = "871731000000106",
) -> dict[str, Any]:
    """Patient, practice, requester and ServiceRequest in one transaction.

    Args:
        person: whom it is about.
        reference: the sender's own number of the referral; a repeat of it starts nothing.
        authored: when the GP wrote it.
        priority: `routine`, `urgent`, `asap` or `stat`.
        code: the SNOMED code of the request.
    """
    keys = {name: f"urn:uuid:{uuid5(NAMESPACE, reference + name)}" for name in _TYPES}
    resources = {
        "patient": _patient(person),
        "organisation": _organisation(person),
        "practitioner": _practitioner(person),
        "role": _role(keys),
        "request": _request(person, keys, reference, authored, priority, code),
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": keys[name],
                "resource": resources[name],
                "request": {"method": "POST", "url": _TYPES[name]} | _condition(name, person),
            }
            for name in _TYPES
        ],
    }


_TYPES = {
    "patient": "Patient",
    "organisation": "Organization",
    "practitioner": "Practitioner",
    "role": "PractitionerRole",
    "request": "ServiceRequest",
}


def _condition(name: str, person: DemoPerson) -> dict[str, str]:
    """The practice is stored once; everything else is new with each referral."""
    if name != "organisation":
        return {}
    system = "https://fhir.nhs.uk/Id/ods-organization-code"
    return {"ifNoneExist": f"identifier={system}|{person.practice.ods_code}"}


def _patient(person: DemoPerson) -> dict[str, Any]:
    number: dict[str, Any] = {
        "extension": [
            {
                "url": f"{UKCORE}/Extension-UKCore-NHSNumberVerificationStatus",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/"
                            "UKCore-NHSNumberVerificationStatusEngland",
                            "code": "01" if person.verified else "02",
                        }
                    ]
                },
            }
        ],
        "system": "https://fhir.nhs.uk/Id/nhs-number",
        "value": person.nhs_number,
    }
    body: dict[str, Any] = {
        "resourceType": "Patient",
        "meta": {"profile": [f"{UKCORE}/UKCore-Patient"]},
    }
    if person.ethnic_category:
        body["extension"] = [
            {
                "url": f"{UKCORE}/Extension-UKCore-EthnicCategory",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/"
                            "UKCore-EthnicCategoryEngland",
                            "code": person.ethnic_category,
                        }
                    ]
                },
            }
        ]
    return body | {
        "identifier": [number],
        "active": True,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "address": [
            {
                "use": "home",
                "line": [person.line],
                "city": person.town,
                "postalCode": person.postcode,
            }
        ],
    }


def _organisation(person: DemoPerson) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "meta": {"profile": [f"{UKCORE}/UKCore-Organization"]},
        "identifier": [
            {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                "value": person.practice.ods_code,
            }
        ],
        "name": person.practice.name,
    }


def _practitioner(person: DemoPerson) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "meta": {"profile": [f"{UKCORE}/UKCore-Practitioner"]},
        "name": [{"text": f"Dr Demo of {person.practice.name}"}],
    }


def _role(keys: dict[str, str]) -> dict[str, Any]:
    return {
        "resourceType": "PractitionerRole",
        "meta": {"profile": [f"{UKCORE}/UKCore-PractitionerRole"]},
        "practitioner": {"reference": keys["practitioner"]},
        "organization": {"reference": keys["organisation"]},
    }


def _request(
    person: DemoPerson,
    keys: dict[str, str],
    reference: str,
    authored: datetime,
    priority: str,
    code: str,
) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [f"{UKCORE}/UKCore-ServiceRequest"]},
        "identifier": [{"system": "https://airedale-rise.example/referrals", "value": reference}],
        "status": "active",
        "intent": "order",
        "priority": priority,
        "code": {
            "coding": [
                {
                    "system": SNOMED,
                    "code": code,
                    "display": "Referral to social prescribing service",
                }
            ]
        },
        "subject": {"reference": keys["patient"]},
        "authoredOn": authored.isoformat(timespec="seconds"),
        "requester": {"reference": keys["role"]},
        "reasonCode": [
            {
                "coding": [
                    {"system": "https://kersey.example/fhir/CodeSystem/need", "code": person.need}
                ],
                "text": person.need.replace("-", " "),
            }
        ],
        "note": [{"text": f"{person.given} {person.story}."}],
    }
