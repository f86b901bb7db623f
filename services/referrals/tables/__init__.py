"""The tables of the referrals service, by subject; the FHIR documents' own are in `shared.fhir`."""

from sqlalchemy import MetaData

from services.referrals.tables.base import Row
from services.referrals.tables.case import (
    Activity,
    Agreement,
    Attempt,
    Case,
    CaseDocument,
    CaseTask,
    CodeReturned,
    IdentityView,
    OnwardRequest,
    ReferralIdentifier,
    Submission,
    Worklist,
)
from services.referrals.tables.erasure import Erasure, ErasureConfirmation
from services.referrals.tables.listing import ListedProvider, ListedService
from services.referrals.tables.person import (
    AccessNeed,
    EqualityCharacteristic,
    LinkProposal,
    MergeMoved,
    PatientLink,
    Person,
    PersonChange,
    PersonMerge,
    SafeContact,
    WiderConsent,
)
from services.referrals.tables.routing import LinkWorkerService, PlaceHub, Practice, StartCode
from services.referrals.tables.subscription import (
    Change,
    SubscriptionEvent,
    SubscriptionState,
    delivery_metadata,
)
from services.referrals.tables.trail import AuditEntry
from shared import database
from shared.fhir import tables as fhir
from shared.messaging import outbox

__all__ = [
    "AccessNeed",
    "Activity",
    "Agreement",
    "Attempt",
    "AuditEntry",
    "Case",
    "CaseDocument",
    "CaseTask",
    "Change",
    "CodeReturned",
    "EqualityCharacteristic",
    "Erasure",
    "ErasureConfirmation",
    "IdentityView",
    "LinkProposal",
    "LinkWorkerService",
    "ListedProvider",
    "ListedService",
    "MergeMoved",
    "OnwardRequest",
    "PatientLink",
    "Person",
    "PersonChange",
    "PersonMerge",
    "PlaceHub",
    "Practice",
    "ReferralIdentifier",
    "Row",
    "SafeContact",
    "StartCode",
    "Submission",
    "SubscriptionEvent",
    "SubscriptionState",
    "WiderConsent",
    "Worklist",
    "schema",
]


def schema() -> list[MetaData]:
    """All tables of this service's database, for its migrations."""
    return [Row.metadata, delivery_metadata, fhir.metadata, outbox.metadata, database.metadata]
