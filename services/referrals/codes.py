"""The code systems and codes that referrals speak. Codes that start a referral are data instead."""

SNOMED = "http://snomed.info/sct"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
KERSEY = "https://kersey.example/fhir"
"""Base of Kersey's own canonical addresses; the same in every deployment."""

BUSINESS_STATUS = f"{KERSEY}/CodeSystem/task-business-status"
STATUS_REASON = f"{KERSEY}/CodeSystem/task-status-reason"
NEED = f"{KERSEY}/CodeSystem/need"
OUTPUT = f"{KERSEY}/CodeSystem/task-output"
TASK_TOPIC = f"{KERSEY}/SubscriptionTopic/referral-task"
REFERRAL_TOPIC = f"{KERSEY}/SubscriptionTopic/referral"
GP_MESSAGE_TOPIC = f"{KERSEY}/SubscriptionTopic/gp-message"

REFERRED = "871731000000106"
"""Referral to social prescribing service: counted once, when the person accepts (care 21)."""
DECLINED = "871711000000103"
"""Social prescribing declined: the person's refusal, never a provider's (care 21)."""

DISPLAY = {
    REFERRED: "Referral to social prescribing service",
    DECLINED: "Social prescribing declined",
}

ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
CLIENT = f"{KERSEY}/client"
TRAIL_ACTION = f"{KERSEY}/CodeSystem/trail-action"
_HL7 = "http://terminology.hl7.org/CodeSystem"
DATA_OPERATION = f"{_HL7}/v3-DataOperation"
ACT_REASON = f"{_HL7}/v3-ActReason"
PROVENANCE_AGENT = f"{_HL7}/provenance-participant-type"
AUDIT_TYPE = f"{_HL7}/audit-event-type"
OBJECT_ROLE = f"{_HL7}/object-role"
RESTFUL_INTERACTION = "http://hl7.org/fhir/restful-interaction"
BREAK_GLASS = {"system": f"{_HL7}/v3-ActReason", "code": "BTG", "display": "break the glass"}
"""Why, where policy is overridden for an emergency by who is not provisioned for it; `ETREAT` above
it is of those who are (v3-ActReason, PurposeOfUse)."""
DICOM = "http://dicom.nema.org/resources/ontology/DCM"

AUDITORS = "auditors"
"""The party of administrators who may see who saw what; no document is for them."""
EVERYONE = "everyone"
"""The party that every signed-in client belongs to; reads public listings."""
