"""The FHIR resource types that Kersey serves."""

from dataclasses import replace

from services.referrals.subscriptions.topics import TOPICS
from shared.fhir.types import served

CAPABILITY_DATE = "2026-11-28"
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
        "Endpoint",
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
"""By name. Audit and provenance are kept, and will be served, by the server alone.

HealthcareService, Location and Organization are the directory's copies, which Kersey owns and no
client changes, and whatever a sender's own Bundles hold of these types, which is that sender's.
"""

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport"

SERVED["Subscription"] = replace(
    SERVED["Subscription"],
    profiles=(f"{_BACKPORT}/StructureDefinition/backport-subscription",),
    operations=(
        ("status", f"{_BACKPORT}/OperationDefinition/backport-subscription-status"),
        ("events", f"{_BACKPORT}/OperationDefinition/backport-subscription-events"),
    ),
    topics=tuple(TOPICS),
)
