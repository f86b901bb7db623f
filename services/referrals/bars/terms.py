"""The code systems, codes and canonicals that BaRS speaks, and what of them is taken here."""

import re

EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
REQUEST = "servicerequest-request"
RESPONSE = "servicerequest-response"
BOOKINGS = frozenset({"booking-request", "booking-response"})

REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"

CATEGORIES = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
"""What kind of request: `referral` hands over the care of a person."""
REFERRALS = frozenset({"referral", "request"})

USE_CASES = "https://fhir.nhs.uk/CodeSystem/usecases-categories-bars"
URGENT = re.compile(r"a[12346]t\d+")
"""Use cases of urgent and emergency care: NHS 111 and 999 to emergency departments, clinical
assessment and urgent treatment, and between ambulance services (BaRS Applications 1 to 4 and 6).
Nobody watches social prescribing round the clock, so that these are refused at once (care 11). Any
other use case, a local or an unknown one included, is taken: none is published for social
prescribing."""

ERRORS = ("https://fhir.nhs.uk/Codesystem/http-error-codes",
          "https://fhir.nhs.uk/CodeSystem/http-error-codes")  # fmt: skip
"""BaRS publishes its error codes under the first spelling; some of its own software under the
other."""

SERVICE_ID = "https://fhir.nhs.uk/Id/dos-service-id"

MESSAGE = "https://fhir.nhs.uk/MessageDefinition"
REFERRAL_DEFINITION = f"{MESSAGE}/bars-message-servicerequest-request-referral"
CANCELLED_DEFINITION = f"{MESSAGE}/bars-message-servicerequest-request-cancelled"
RESPONSE_DEFINITION = f"{MESSAGE}/bars-message-servicerequest-response-referral-short"

PROFILES = "https://fhir.nhs.uk/StructureDefinition"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition"

VERSION = "1.4.0"
"""Of BaRS Core, in what is sent."""
SUPPORTED = re.compile(r"1\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
"""Versions that are understood: nothing that 1.x added since changed the shape of a referral."""
