"""What the referrals service holds about a person, table by table, and what an erasure leaves.

The rule: words go, and whatever names or describes the person; ids, codes and dates of what was
done stay where the reason is written beside them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, func

from services.referrals.tables import (
    AccessEntry,
    AccessNeed,
    Activity,
    Agreement,
    AgreementGiving,
    Attempt,
    AttendanceMark,
    AuditEntry,
    BarsMessage,
    BreakGlass,
    Case,
    CaseDocument,
    CaseTask,
    Change,
    CodeReturned,
    Complexity,
    EqualityCharacteristic,
    Erasure,
    ErasureConfirmation,
    FirstVisit,
    FrontDoorEntry,
    Goal,
    GoalAction,
    GpMessage,
    GpSharing,
    IdentityView,
    LinkProposal,
    Measure,
    MergeMoved,
    OnwardRequest,
    PatientLink,
    Person,
    PersonAround,
    PersonChange,
    PersonDecision,
    PersonMerge,
    ReferralIdentifier,
    RequestFeedback,
    RequestMessage,
    Review,
    Row,
    SafeContact,
    Signpost,
    Submission,
    SubscriptionEvent,
    SubscriptionState,
    Supervision,
    TriageTold,
    Visiting,
    Waiting,
    WiderConsent,
    Worklist,
    Worry,
    WorryNote,
)
from shared.fhir import tables as fhir
from shared.holdings import Holding
from shared.messaging.outbox import outbox

COUNTED = (
    "ids, codes and dates of what was done, without the person: care that was given stays counted"
    " and a complaint can be answered"
)
ACCOUNTABLE = "ids and codes only: who did what to which record (UK GDPR Art. 5(2))"

WORRIED = (
    "that somebody was worried, who looked at it and when it was closed, so that a complaint or an"
    " inquiry can be answered; what was written is gone"
)


def _of(table: type[Row]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found


def _gone(table: type[Row], **found_by: str) -> Holding:
    """Rows of which nothing stays."""
    return Holding(_of(table), found_by)


def _rest(
    table: type[Row], why: str, codes: str = "", *, empty: Mapping[str, Any] | None = None,
    untold: str = "", **found_by: str,
) -> Holding:  # fmt: skip
    """Rows that stay with their ids, codes and dates."""
    kept = frozenset(codes.split())
    return Holding(_of(table), found_by, empty or {}, why, kept, frozenset(untold.split()))


HOLDINGS: tuple[Holding, ...] = (
    _gone(Worklist, case="case"),
    _gone(Waiting, case="case"),
    _gone(CaseDocument, case="case"),
    _gone(ReferralIdentifier, service_request="request"),
    _gone(Submission, id="submission"),
    _gone(PatientLink, person="person"),
    _gone(MergeMoved, merge="merge"),
    _gone(PersonMerge, survivor="person", merged="person"),
    _gone(PersonChange, person="person", case="case"),
    _gone(LinkProposal, person="person", candidate="person"),
    _gone(SafeContact, person="person"),
    _gone(AccessNeed, person="person"),
    _gone(PersonAround, person="person"),
    _gone(PersonDecision, person="person"),
    _gone(EqualityCharacteristic, person="person"),
    _gone(WiderConsent, person="person"),
    _gone(Measure, case="case"),
    _gone(Review, case="case"),
    _gone(GoalAction, case="case"),
    _gone(Complexity, case="case"),
    _gone(Visiting, case="case"),
    _gone(Supervision, case="case"),
    _gone(Goal, case="case"),
    _rest(
        OnwardRequest,
        COUNTED,
        "task patient",
        empty={
            "needs": [],
            "text": "",
            "when": "",
            "where": "",
            "access_needs": [],
            "several_because": None,
            "full_because": None,
            "overrides": [],
        },
        task="task",
    ),
    _rest(
        Agreement,
        "that there was an agreement, to which items and when: what was shared must be shown to"
        " have been agreed (UK GDPR Art. 7(1)); what was shared is gone",
        "task items how recorded_by",
        empty={"shared": {}},
        task="task",
        person="person",
    ),
    _rest(
        AgreementGiving,
        "how an agreement was given before it was renewed, and when something was shown under it:"
        " it must be shown to have been agreed (UK GDPR Art. 7(1))",
        "task how recorded_by",
        task="task",
    ),
    _rest(
        IdentityView,
        "who was told who the person is: they must be told of the erasure (UK GDPR Art. 19)",
        "task viewer step",
        task="task",
    ),
    _rest(
        BreakGlass,
        "who opened the case in an emergency, for what kind of reason, and when they read it"
        " (UK GDPR Art. 5(2)); what they and the team wrote is gone",
        "hub account opened_by_name reason reads looked_by looked_by_name found",
        empty={"words": "", "came": ""},
        case="case",
    ),
    _rest(
        WorryNote,
        WORRIED,
        "kind lead made_by",
        empty={"words": ""},
        case="case",
    ),
    _rest(
        Worry,
        WORRIED,
        "task raised_by lead",
        empty={"words": ""},
        case="case",
    ),
    _rest(
        GpSharing,
        "that there was an agreement to tell the GP, and to what: what was told must be shown to"
        " have been agreed (UK GDPR Art. 7(1))",
        "items recorded_by",
        empty={"how": ""},
        case="case",
    ),
    _rest(
        GpMessage,
        "that the practice was told, when and how far it came: the practice must be told of the"
        " erasure (UK GDPR Art. 19); what it was told is gone",
        "kind cause practice route state reason code mesh_id made_by posted_by",
        empty={"words": {}},
        case="case",
    ),
    _rest(
        FrontDoorEntry,
        "that it was handed in, so that a form sent again does not bring the person back; who"
        " handed it in and what they said is gone",
        "key reference source entered entered_by written",
        empty={"digest": "", "relation": "", "referrer": {}, "agreed_how": ""},
        case="case",
    ),
    _rest(
        Attempt,
        COUNTED,
        "how made_by visit_checked",
        empty={"next_step": "", "next_on": None},
        case="case",
    ),
    _rest(Signpost, COUNTED, "made_by", case="case"),
    _rest(
        RequestMessage,
        "that the team and a provider wrote to each other, and when; what they wrote is gone",
        "task side written_by",
        empty={"text": ""},
        case="case",
    ),
    _rest(RequestFeedback, COUNTED, "task side good points given_by", case="case"),
    _gone(FirstVisit, case="case"),
    _gone(TriageTold, task="task"),
    _rest(AttendanceMark, COUNTED, "task mark marked_by", case="case"),
    _rest(Activity, COUNTED, "task action recorded_by", case="case"),
    _rest(CodeReturned, COUNTED, "code", case="case"),
    _rest(
        CaseTask,
        COUNTED,
        "id kind part_of service_request status business reason",
        empty={"note": None, "task_note": None},
        case="case",
    ),
    _rest(
        Case,
        COUNTED,
        "client_id service_request patient practice hub priority source outcome allocated_to",
        empty={"erased": func.now()},
        person="person",
    ),
    _rest(
        BarsMessage,
        "ids of a message that was taken, so that a repeat of it does not bring the person back;"
        " goes after two years",
        "client bundle kind service_request undelivered",
        empty={"focus": "", "documents": {}, "sender": None, "endpoint": "", "target": ""},
        service_request="request",
    ),
    _rest(
        SubscriptionState,
        "that a client had a Subscription; it named the person, is off and says nothing more",
        "id status topic content media_type error",
        empty={
            "status": "off",
            "filters": [],
            "headers": [],
            "endpoint": "",
            "secret": None,
            "scopes": None,
        },
        untold="endpoint headers secret",
        id="subscription",
    ),
    _rest(
        SubscriptionEvent,
        "the number that its client counts by, with the id of an erased Task or request; goes after"
        " 90 days",
        "subscription type id",
        id="watched",
    ),
    _rest(
        Change,
        "the id of an erased Task or request; goes after 30 days",
        "type id",
        id="watched",
    ),
    Holding(
        outbox,
        {"subject": "event-subject"},
        {},
        "events hold ids and codes only; they go 14 days after they were sent",
        frozenset({"subject", "type", "recipient", "envelope", "last_error"}),
    ),
    _rest(
        AuditEntry,
        ACCOUNTABLE,
        "client_id subject organisation action record",
        person="person",
        case="case",
    ),
    _rest(
        AccessEntry,
        "ids and codes only: who saw which record (UK GDPR Art. 5(2)); goes after 8 years",
        "client_id subject organisation action record query holder",
        person="person",
        case="case",
    ),
    _rest(
        Person,
        "an empty row, so that ids lead somewhere and nobody gets this id again",
        empty={
            "nhs_number": None,
            "nhs_verified": False,
            "family": "",
            "birth_date": None,
            "do_not_contact": False,
            "restricted": False,
            "died": False,
            "legal_hold": False,
        },
        id="person",
    ),
    _rest(
        Erasure,
        "that somebody was erased, when and by whom: a restored backup is erased again by it",
        "persons cases reason asked_by",
        person="person",
    ),
    _rest(
        ErasureConfirmation,
        "which services confirmed the erasure",
        "service",
        person="person",
    ),
)
"""In the order in which an erasure goes through them: rows that refer to others come first."""

DOCUMENTS = tuple(
    table.name
    for table in (
        fhir.document,
        fhir.document_version,
        fhir.document_reader,
        *fhir.DERIVED,
    )
)
"""Tables of the FHIR documents, which the store erases."""

DOCUMENTS_STAY = (
    "tombstones without content: whoever read them reads that they are gone (410); who might read"
    " them is left, by organisation"
)

NOBODY: Mapping[str, str] = {
    "bars_delivery": "codes of what came of a message's referral, and where they were sent",
    "bars_delivery_attempt": "when that was tried",
    "endpoint_secret": "how a client's own system lets messages in",
    "gp_code": "a code",
    "gp_delivery": "ids of messages to practices, and the practices' codes",
    "gp_delivery_attempt": "when that was tried, and MESH's ids",
    "hub_limits": "how long things may wait in a hub's place, and which of its staff said so",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "link_worker_service": "a team of link workers",
    "known_client": "a system, the organisation for which it acts, and its scopes",
    "listed_capacity": "how much room a service has",
    "listed_provider": "a public listing",
    "listed_service": "a public listing",
    "place_hub": "a hub",
    "practice": "a GP practice",
    "practice_wish": "what a GP practice wants to hear",
    "start_code": "a code",
    "subscription_delivery": "a number of a Subscription and where it was sent",
    "subscription_delivery_attempt": "when that was tried",
}
"""Tables that concern no patient, and what is in them."""
