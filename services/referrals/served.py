"""The FHIR resource types that Kersey serves."""

from shared.fhir.types import served

CAPABILITY_DATE = "2026-11-23"
"""When the declarations below last changed; /metadata says so."""

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
        "Goal",
        "HealthcareService",
        "Location",
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
)
"""By name. Audit and provenance are kept, and will be served, by the server alone."""
