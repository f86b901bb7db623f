"""The first visit as a FHIR R4 Appointment: what it says, and what ends it.

It is Kersey's own document beside the Task, and follows it: nobody has to keep two in step. The EHR
that sent the referral reads it as it reads the Task; of the person it holds the reference of the
provider's own Patient and nothing else (care 5).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals.domain import State
from services.referrals.resources import Resource, concept, instant, reference
from services.referrals.tables import Case, CaseTask, FirstVisit, OnwardRequest

BOOKED, FULFILLED, NOSHOW, CANCELLED = "booked", "fulfilled", "noshow", "cancelled"


class Company(StrEnum):
    """Who goes along to a first visit: many only dare to go with somebody."""

    LINK_WORKER = "link-worker"
    VOLUNTEER = "volunteer"
    KNOWN = "known"
    """Somebody whom the person knows."""
    NOBODY = "nobody"


_REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_BY_PERSON = "person-changed-mind"

_STATUS: Mapping[str, str] = {
    "selected": BOOKED,
    "started": FULFILLED,
    "attended": FULFILLED,
    "completed": FULFILLED,
    "person-ended-early": FULFILLED,
    "did-not-come": NOSHOW,
}
"""By the businessStatus of its Task; any other one ends it before it was."""


def status_of(state: State, *, ahead: bool = False) -> str:
    """The status of the Appointment while its Task is in a state.

    Args:
        state: of the Task.
        ahead: whether the visit is still to come: who came before it did not come to it.
    """
    status = _STATUS.get(state.business, CANCELLED)
    if status == FULFILLED and ahead:
        return CANCELLED if state.ended else BOOKED
    return status


def of_case(session: Session, case: UUID) -> dict[str, FirstVisit]:
    """The first visits of a case, by Task."""
    found = session.exec(select(FirstVisit).where(col(FirstVisit.case) == case))
    return {each.task: each for each in found}


def appointment(visit: FirstVisit, task: CaseTask, case: Case, onward: OnwardRequest) -> Resource:
    """The Appointment as it is now.

    Args:
        visit: the visit.
        task: the provider's Task.
        case: the case.
        onward: what the provider was asked.
    """
    # Where the Task goes on, the person called off this one visit.
    by_person = task.reason == _BY_PERSON or status_of(State(task.status, task.business)) == BOOKED
    body: Resource = {"resourceType": "Appointment", "id": visit.appointment}
    body["status"] = visit.status
    if visit.status == CANCELLED:
        code = "pat" if by_person else "other"
        body["cancelationReason"] = concept(_REASONS, code)
    body["description"] = "First visit"
    body["start"], body["end"] = instant(visit.starts), instant(visit.ends)
    body["created"] = instant(visit.changed)
    body["basedOn"] = [
        reference("ServiceRequest", case.service_request),
        reference("ServiceRequest", task.service_request),
    ]
    away = visit.status == CANCELLED and by_person
    body["participant"] = [
        {
            "actor": reference("Patient", onward.patient),
            "status": "declined" if away else "needs-action",
        },
        {"actor": reference("HealthcareService", task.service), "status": "accepted"},
    ]
    return body


def view(visit: FirstVisit | None, *, team: bool = False) -> dict[str, Any] | None:
    """The first visit for whoever works on the case or the request.

    A provider knows how many come and no more: where somebody meets the person, and who arranged
    it, is between the person and the team (care 5).

    Args:
        visit: the visit.
        team: whether it is for the team of the person.
    """
    if visit is None:
        return None
    said = instant(visit.said) if visit.said else None
    arranged = {"meet": visit.meet, "set": said, "set_by": visit.set_by}
    return (arranged if team else {}) | {
        "company": visit.company or None,
        "starts": instant(visit.starts),
        "ends": instant(visit.ends),
        "status": visit.status,
        "appointment": f"Appointment/{visit.appointment}",
    }
