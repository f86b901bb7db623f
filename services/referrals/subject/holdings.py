"""What the referrals service holds about a person, table by table, and what an erasure leaves.

The rule: words go, and whatever names or describes the person; ids, codes and dates of what was
done stay where the reason is written beside them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, func

from services.referrals.tables import (
    AccessNeed,
    Activity,
    Agreement,
    Attempt,
    AuditEntry,
    Case,
    CaseDocument,
    CaseTask,
    Change,
    CodeReturned,
    EqualityCharacteristic,
    Erasure,
    ErasureConfirmation,
    IdentityView,
    LinkProposal,
    MergeMoved,
    OnwardRequest,
    PatientLink,
    Person,
    PersonChange,
    PersonMerge,
    ReferralIdentifier,
    Row,
    SafeContact,
    Submission,
    SubscriptionEvent,
    SubscriptionState,
    WiderConsent,
    Worklist,
)
from shared.fhir import tables as fhir
from shared.holdings import Holding
from shared.messaging.outbox import outbox

COUNTED = (
    "ids, codes and dates of what was done, without the person: care that was given stays counted"
    " and a complaint can be answered"
)
ACCOUNTABLE = "ids and codes only: who did what to which record (UK GDPR Art. 5(2))"


def _of(table: type[Row]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found


def _gone(table: type[Row], **found_by: str) -> Holding:
    """Rows of which nothing stays."""
    return Holding(_of(table), found_by)


def _rest(
    table: type[Row], why: str, codes: str = "", *, empty: Mapping[str, Any] | None = None,
    **found_by: str,
) -> Holding:  # fmt: skip
    """Rows that stay with their ids, codes and dates."""
    return Holding(_of(table), found_by, empty or {}, why, frozenset(codes.split()))


HOLDINGS: tuple[Holding, ...] = (
    _gone(Worklist, case="case"),
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
    _gone(EqualityCharacteristic, person="person"),
    _gone(WiderConsent, person="person"),
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
        IdentityView,
        "who was told who the person is: they must be told of the erasure (UK GDPR Art. 19)",
        "task viewer step",
        task="task",
    ),
    _rest(Attempt, COUNTED, "how made_by", case="case"),
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
        "client_id service_request patient practice hub priority outcome",
        empty={"erased": func.now()},
        person="person",
    ),
    _rest(
        SubscriptionState,
        "that a client had a Subscription; it named the person, is off and says nothing more",
        "id status topic content media_type error",
        empty={"status": "off", "filters": [], "headers": [], "endpoint": "", "secret": None},
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
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "link_worker_service": "a team of link workers",
    "listed_provider": "a public listing",
    "listed_service": "a public listing",
    "place_hub": "a hub",
    "practice": "a GP practice",
    "start_code": "a code",
    "subscription_delivery": "a number of a Subscription and where it was sent",
    "subscription_delivery_attempt": "when that was tried",
}
"""Tables that concern no patient, and what is in them."""
