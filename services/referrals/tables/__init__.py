"""The tables of the referrals service, by subject; the FHIR documents' own are in `shared.fhir`."""

from sqlalchemy import MetaData

from services.referrals.tables.around import PersonAround
from services.referrals.tables.attendance import AttendanceMark
from services.referrals.tables.bars import BarsMessage
from services.referrals.tables.base import Row
from services.referrals.tables.break_glass import BreakGlass
from services.referrals.tables.caring import Complexity, Supervision, Visiting
from services.referrals.tables.case import (
    Activity,
    Agreement,
    AgreementGiving,
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
from services.referrals.tables.client import KnownClient
from services.referrals.tables.decided import PersonDecision
from services.referrals.tables.door import FrontDoorEntry
from services.referrals.tables.endpoint import EndpointSecret
from services.referrals.tables.erasure import Erasure, ErasureConfirmation
from services.referrals.tables.gp import (
    GpCode,
    GpMessage,
    GpSharing,
    PracticeWish,
    gp_delivery_metadata,
)
from services.referrals.tables.limits import HubLimitsSaid, TriageTold
from services.referrals.tables.listing import ListedCapacity, ListedProvider, ListedService
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
from services.referrals.tables.plan import Goal, GoalAction, Measure, Review, Signpost
from services.referrals.tables.routing import LinkWorkerService, PlaceHub, Practice, StartCode
from services.referrals.tables.subscription import (
    Change,
    SubscriptionEvent,
    SubscriptionState,
    delivery_metadata,
)
from services.referrals.tables.talk import RequestFeedback, RequestMessage
from services.referrals.tables.trail import AccessEntry, AuditEntry
from services.referrals.tables.visit import FirstVisit
from services.referrals.tables.waiting import Waiting
from services.referrals.tables.worry import Worry, WorryNote
from shared import database
from shared.fhir import tables as fhir
from shared.messaging import outbox

__all__ = [
    "AccessEntry",
    "AccessNeed",
    "Activity",
    "Agreement",
    "AgreementGiving",
    "Attempt",
    "AttendanceMark",
    "AuditEntry",
    "BarsMessage",
    "BreakGlass",
    "Case",
    "CaseDocument",
    "CaseTask",
    "Change",
    "CodeReturned",
    "Complexity",
    "EndpointSecret",
    "EqualityCharacteristic",
    "Erasure",
    "ErasureConfirmation",
    "FirstVisit",
    "FrontDoorEntry",
    "Goal",
    "GoalAction",
    "GpCode",
    "GpMessage",
    "GpSharing",
    "HubLimitsSaid",
    "IdentityView",
    "KnownClient",
    "LinkProposal",
    "LinkWorkerService",
    "ListedCapacity",
    "ListedProvider",
    "ListedService",
    "Measure",
    "MergeMoved",
    "OnwardRequest",
    "PatientLink",
    "Person",
    "PersonAround",
    "PersonChange",
    "PersonDecision",
    "PersonMerge",
    "PlaceHub",
    "Practice",
    "PracticeWish",
    "ReferralIdentifier",
    "RequestFeedback",
    "RequestMessage",
    "Review",
    "Row",
    "SafeContact",
    "Signpost",
    "StartCode",
    "Submission",
    "SubscriptionEvent",
    "SubscriptionState",
    "Supervision",
    "TriageTold",
    "Visiting",
    "Waiting",
    "WiderConsent",
    "Worklist",
    "Worry",
    "WorryNote",
    "schema",
]


def schema() -> list[MetaData]:
    """All tables of this service's database, for its migrations."""
    return [
        Row.metadata,
        delivery_metadata,
        gp_delivery_metadata,
        fhir.metadata,
        outbox.metadata,
        database.metadata,
    ]
