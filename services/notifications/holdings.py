"""What notifications holds of a person: nothing but ids, by case; and what an erasure leaves.

No table here has a name, an address or a word of a patient in it: contacts are desks and mailboxes
of organisations, messages say that something waits. What leads to a person is a case. A message to
the person has neither their name nor their address in its row: both are asked for when it is sent.
"""

from collections.abc import Mapping

from sqlalchemy import Table

from services.notifications.tables import (
    Answered,
    AnswerLink,
    AnswerSession,
    Base,
    BoardNotice,
    BoardRead,
    CaseOrder,
    FirstMeeting,
    IdentityCode,
    PersonLink,
    PersonSession,
    Stopped,
    attempt,
    delivery,
    person_deliveries,
    person_delivery,
)
from shared.holdings import Holding
from shared.messaging.outbox import outbox


def _of(table: type[Base]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found


HOLDINGS: tuple[Holding, ...] = (
    Holding(_of(BoardRead), {"notice": "delivery"}),
    Holding(_of(BoardNotice), {"case": "case"}),
    Holding(_of(IdentityCode), {"link": "link"}),
    Holding(_of(AnswerSession), {"link": "link"}),
    Holding(_of(AnswerLink), {"case": "case"}),
    Holding(_of(PersonSession), {"link": "person-link"}),
    Holding(_of(PersonLink), {"case": "case"}),
    Holding(person_deliveries.attempt, {"delivery": "person-delivery"}),
    Holding(person_delivery, {"case": "case"}),
    Holding(_of(FirstMeeting), {"case": "case"}),
    Holding(attempt, {"delivery": "delivery"}),
    Holding(delivery, {"case": "case"}),
    Holding(_of(Answered), {"task": "task"}),
    Holding(
        _of(Stopped),
        {"about": "about"},
        {},
        "the id of the case, so that a late event makes no message",
        frozenset({"reason"}),
    ),
    Holding(
        _of(CaseOrder),
        {"case": "case"},
        {},
        "the id of the case and the codes of its team and hub: its events are acted on in order",
        frozenset({"team", "hub", "placed"}),
    ),
    Holding(
        outbox,
        {"subject": "event-subject"},
        {},
        "events hold ids and codes only; they go 14 days after they were sent",
        frozenset({"subject", "type", "recipient", "envelope", "last_error"}),
    ),
)
"""In the order in which an erasure goes through them."""

NOBODY: Mapping[str, str] = {
    "announcement": "what a hub announces to staff",
    "announcement_act": "who wrote, published and ended it",
    "announcement_delivery": "which announcement went to which contact",
    "announcement_delivery_attempt": "when that was tried",
    "announcement_read": "which member of staff read it",
    "capacity_answer": "what a provider said of its room",
    "closed_party": "when an organisation is closed",
    "contact": "how an organisation, a desk or a team is reached",
    "contact_delivery": "which message about how an organisation is reached went to which contact",
    "contact_delivery_attempt": "when that was tried",
    "digest_delivery": "when which contact got several messages in one",
    "digest_delivery_attempt": "when that was tried",
    "endpoint": "how an organisation's webhook fares",
    "hub": "a hub",
    "hub_limits": "how long things may wait in a hub's place",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "listing_delivery": "which message about a public listing went to which contact",
    "listing_delivery_attempt": "when that was tried",
    "listing_seen": "how far a copy of the directory has come",
    "party_quiet_hours": "when an organisation hears nothing that can wait",
    "unusable_address": "that mails to an organisation's contact come back",
    "party_hub": "to which hub an organisation belongs",
}
"""Tables that concern no patient, and what is in them."""
