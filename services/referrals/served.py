"""The FHIR resource types that Kersey serves."""

from dataclasses import replace

from shared.fhir.search.parameters import READ_ONLY
from shared.fhir.types import served

CAPABILITY_DATE = "2026-11-28"
"""When the declarations below last changed; /metadata says so."""

FROM_THE_DIRECTORY = served(("HealthcareService", "Location"))
"""Kersey's own copies of what the directory lists: changed there, read here."""

SERVED = served(
    (
        "Appointment",
        "CarePlan",
        "CareTeam",
        "Communication",
        "Condition",
        "Consent",
        "DocumentReference",
        "Encounter",
        "Endpoint",
        "Goal",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Questionnaire",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
        "Subscription",
        "Task",
    )
) | {name: replace(each, interactions=READ_ONLY) for name, each in FROM_THE_DIRECTORY.items()}
"""By name. Audit and provenance are kept, and will be served, by the server alone."""
