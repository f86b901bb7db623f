"""The FHIR resource types that Kersey serves."""

from dataclasses import replace

from services.referrals.subscriptions.topics import TOPICS
from shared.fhir.search.parameters import READ_ONLY
from shared.fhir.types import served

CAPABILITY_DATE = "2026-11-28"
"""When the declarations below last changed; /metadata says so."""

SERVED = served(
    (
        "Appointment",
        "AuditEvent",
        "CarePlan",
        "CareTeam",
        "Communication",
        "Condition",
        "Consent",
        "DocumentReference",
        "Encounter",
        "Endpoint",
        "Goal",
        "Group",
        "HealthcareService",
        "Location",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Provenance",
        "Questionnaire",
        "QuestionnaireResponse",
        "RelatedPerson",
        "ServiceRequest",
        "Subscription",
        "Task",
    )
)
"""By name. AuditEvent and Provenance are made of the trail, which no client writes.

HealthcareService, Location and Organization are the directory's copies, which Kersey owns and no
client changes, and whatever a sender's own Bundles hold of these types, which is that sender's.
"""

SERVED |= {
    name: replace(SERVED[name], interactions=READ_ONLY, composed=True, why=why)
    for name, why in {
        "AuditEvent": "It is made of Kersey's own record of who saw and who changed what."
        " An organisation reads those about its own patients.",
        "Provenance": "It is made of Kersey's own record of who wrote which version."
        " X-Provenance is refused.",
    }.items()
}

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
