"""Who may read what of a case: one function says it, and the store applies it to every hop.

| document | read by |
|---|---|
| what the sender sent | the sender; the link-worker service (the hub while unrouted); no provider |
| the triage Task | the sender; the link-worker service (the hub while unrouted) |
| a provider's Task | the sender; the link-worker service; that provider |
| the onward request and its Patient | the link-worker service; that provider |

What its sender labels is for fewer (R4 security-labels.html, confidentiality): restricted (R) is
for who cares, and not for the hub before; very restricted (V) is for its sender alone, but for the
request and its Patient, which were sent to be acted upon. All that was sent about a person whose
record is restricted (care 12) is as if it was labelled R.

Of somebody who came to a provider by themselves and wants no link worker to hear of it, nobody
reads more than that provider's own (care 22).

The provider's Patient is empty until acceptance and again after the agreement ends, so that what it
may know is decided by what is written, and who may look by the rows made here (care 5, 6, 7).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from services.referrals.domain import WITH_PROVIDER, Kind
from services.referrals.tables import Case, CaseTask, OnwardRequest
from shared.fhir.store import Grant

Label = Literal["", "R", "V"]
"""Of confidentiality: none that matters here, restricted, very restricted."""

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

Readers = dict[tuple[str, str], set[Grant]]
"""Grants by document (type, id)."""


def readers_of(
    case: Case,
    tasks: Iterable[CaseTask],
    onward: Iterable[OnwardRequest],
    sent: Mapping[tuple[str, str], Label],
    hub: UUID,
) -> Readers:
    """The readers of every document of a case.

    Args:
        case: the case.
        tasks: all its Tasks.
        onward: what its providers are asked.
        sent: the documents that came with the referral, as (type, id), with their labels.
        hub: the organisation of the case's place hub.
    """
    sender, caring = readers_of_sent(case.organisation, case.team, hub)
    tasks = list(tasks)
    kept = {caring} if any(map(is_apart, tasks)) else set()
    readers: Readers = {
        document: readers_of_labelled(case.organisation, case.team, hub, label) - kept
        for document, label in sent.items()
    }
    patients = {each.task: each.patient for each in onward}
    for task in tasks:
        readers["Task", task.id] = {sender, caring} - kept
        if task.kind == Kind.PROVIDER:
            asked = Grant(str(task.owner), "asked")
            readers["Task", task.id] |= {asked}
            readers["ServiceRequest", task.service_request] = {caring, asked} - kept
            readers["Patient", patients[task.id]] = {caring, asked} - kept
    return readers


def is_apart(task: CaseTask) -> bool:
    """Whether this is the triage Task of a case of which no link worker and no hub hears."""
    return task.kind == Kind.TRIAGE and task.business == WITH_PROVIDER.business


def readers_of_sent(organisation: UUID, team: UUID | None, hub: UUID) -> tuple[Grant, Grant]:
    """The readers of what a sender sent: itself, and who cares: the team or, before, the hub."""
    return (
        Grant(str(organisation), "sender"),
        Grant(str(team or hub), "care" if team else "routing"),
    )


def readers_of_labelled(
    organisation: UUID, team: UUID | None, hub: UUID, label: Label
) -> set[Grant]:
    """The same of what carries a label."""
    sender, caring = readers_of_sent(organisation, team, hub)
    open_to_carers = label == "" or (label == "R" and team is not None)
    return {sender, caring} if open_to_carers else {sender}


def label_in(case: Case, document: tuple[str, str], label: Label, *, restricted: bool) -> Label:
    """How confidential a document is that came with a case.

    Args:
        case: the case.
        document: its type and id.
        label: its own.
        restricted: whether the person's record is.
    """
    if label == "" and restricted:
        return "R"
    asked = {("ServiceRequest", case.service_request), ("Patient", case.patient)}
    return "R" if label == "V" and document in asked else label


def label_of(resource: Mapping[str, Any]) -> Label:
    """The strictest confidentiality that a resource is labelled with."""
    labels = (resource.get("meta") or {}).get("security") or ()
    found = {each.get("code") for each in labels if each.get("system") == CONFIDENTIALITY}
    return "V" if "V" in found else "R" if "R" in found else ""
