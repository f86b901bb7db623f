"""Referrals marked asap or stat: received, and never taken for an emergency service (care 11)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.referrals.casefile import CaseFile, state_of
from services.referrals.domain import URGENT
from services.referrals.tables import LinkWorkerService
from shared.fhir.outcome import Issue
from shared.messaging.events import ReferralUrgent

NOT_MONITORED = (
    "Kersey is not an emergency route and is not watched round the clock. If someone is in danger "
    "call 999; for urgent help call 111 or the local crisis line."
)
ALERTED = "The duty role has been alerted."
NOBODY_ALERTED = "Nobody was alerted: this started no referral."


def alert(file: CaseFile) -> None:
    """Have the duty role told at once, if the case says that it is urgent."""
    case = file.case
    if case.priority in URGENT:
        request = UUID(case.service_request)
        file.announce(ReferralUrgent(**file.context(), service_request=request, hub=case.hub))


def not_monitored(file: CaseFile) -> list[Issue]:
    """What a sender must be told at once of an urgent case; nothing of any other."""
    case = file.case
    if case.priority not in URGENT:
        return []
    team = file.uow.session.get(LinkWorkerService, case.team) if case.team else None
    whom = f"{team.name}, {team.phone}" if team and team.phone else "the link-worker service"
    return [_warning(f"{ALERTED} Ring {whom} about this referral now.")]


def nobody_alerted(request: Mapping[str, Any]) -> list[Issue]:
    """What a sender must be told at once of an urgent request that starts nothing."""
    return [_warning(NOBODY_ALERTED)] if request.get("priority") in URGENT else []


def _warning(what_was_done: str) -> Issue:
    words = f"{NOT_MONITORED} {what_was_done}"
    return Issue("warning", "business-rule", words, ("ServiceRequest.priority",))


def change_priority(file: CaseFile, priority: str) -> list[Issue]:
    """Follow the sender's new priority, within the transaction that writes it.

    Returns:
        What its sender must be told.
    """
    if state_of(file.triage).ended:
        return []
    file.case.priority = priority
    for task in file.tasks.values():
        if not state_of(task).ended:
            file.touch(task)
    alert(file)
    return not_monitored(file)
