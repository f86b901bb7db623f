"""Who may read what of a case: one function says it, and the store applies it to every hop.

| document | read by |
|---|---|
| what the sender sent | the sender; the link-worker service (the hub while unrouted); no provider |
| the triage Task | the sender; the link-worker service (the hub while unrouted) |
| a provider's Task | the sender; the link-worker service; that provider |
| the onward request and its Patient | the link-worker service; that provider |

The provider's Patient is empty until acceptance and again after the agreement ends, so that what it
may know is decided by what is written, and who may look by the rows made here (care 5, 6, 7).
"""

from collections.abc import Iterable
from uuid import UUID

from services.referrals.domain import Kind
from services.referrals.tables import Case, CaseTask, OnwardRequest
from shared.fhir.store import Grant

Readers = dict[tuple[str, str], set[Grant]]
"""Grants by document (type, id)."""


def readers_of(
    case: Case,
    tasks: Iterable[CaseTask],
    onward: Iterable[OnwardRequest],
    sent: Iterable[tuple[str, str]],
    hub: UUID,
) -> Readers:
    """The readers of every document of a case.

    Args:
        case: the case.
        tasks: all its Tasks.
        onward: what its providers are asked.
        sent: the documents that came with the referral, as (type, id).
        hub: the organisation of the case's place hub.
    """
    sender, caring = readers_of_sent(case.organisation, case.team, hub)
    readers: Readers = {document: {sender, caring} for document in sent}
    patients = {each.task: each.patient for each in onward}
    for task in tasks:
        readers["Task", task.id] = {sender, caring}
        if task.kind == Kind.PROVIDER:
            asked = Grant(str(task.owner), "asked")
            readers["Task", task.id] |= {asked}
            readers["ServiceRequest", task.service_request] = {caring, asked}
            readers["Patient", patients[task.id]] = {caring, asked}
    return readers


def readers_of_sent(organisation: UUID, team: UUID | None, hub: UUID) -> tuple[Grant, Grant]:
    """The readers of what a sender sent: itself, and who cares: the team or, before, the hub."""
    return (
        Grant(str(organisation), "sender"),
        Grant(str(team or hub), "care" if team else "routing"),
    )
