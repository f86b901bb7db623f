"""The link worker and the triage Task: take it on, reach the person, hold, close."""

from uuid import UUID

from services.referrals import codes
from services.referrals.casefile import CaseFile, refuse_unless, state_of
from services.referrals.desk import Desk
from services.referrals.domain import CLOSINGS, UNROUTED, Actor
from services.referrals.standing import standing
from services.referrals.tables import Attempt, Case, LinkWorkerService
from shared.auth import Principal
from shared.messaging.events import (
    ReferralCancelled,
    ReferralClosed,
    ReferralReturned,
    ReferralRouted,
    TriageAccepted,
    TriageDeclined,
    TriageHeld,
    TriageNotReached,
    TriageStarted,
)


def route(desk: Desk, principal: Principal, case: UUID, team: UUID) -> Case:
    """Give an unrouted referral to a link-worker service (care 1).

    Raises:
        NoSuchCase: not a case of this hub.
        Refused: it is routed already, or there is no such link-worker service.
    """
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        triage = file.triage
        actor = standing(file, principal, triage)
        file.step(triage, "route", actor)
        found = uow.session.get(LinkWorkerService, team)
        refuse_unless(
            found is not None, "business-rule", "There is no such link-worker service.", "team"
        )
        file.case.team = triage.owner = team
        file.announce(ReferralRouted(**file.context(), task=UUID(triage.id), hub=file.case.hub))
        file.finish(audience_changed=True)
        uow.commit()
        return file.case


def accept(desk: Desk, principal: Principal, case: UUID) -> Case:
    """A link worker takes the referral on."""
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        triage = file.triage
        file.step(triage, "accept", standing(file, principal, triage))
        file.announce(TriageStarted(**file.context(), task=UUID(triage.id)))
        file.finish()
        uow.commit()
        return file.case


def send_back(desk: Desk, principal: Principal, case: UUID, reason: str | None) -> Case:
    """Return the referral to its sender, with a reason; not the person's refusal (care 20)."""
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        triage = file.triage
        file.step(triage, "return", standing(file, principal, triage), reason)
        file.announce(ReferralReturned(**file.context(), task=UUID(triage.id), reason=str(reason)))
        file.finish()
        uow.commit()
        return file.case


def record_contact(
    desk: Desk, principal: Principal, case: UUID, *, reached: bool, how: str, minutes: int | None
) -> Case:
    """Write down one try to reach the person (care 2); it moves nothing by itself."""
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        actor = standing(file, principal, file.triage)
        refuse_unless(
            actor is Actor.LINK_WORKER, "forbidden", "Only the link worker records this.", "case"
        )
        uow.session.add(
            Attempt(
                case=case,
                reached=reached,
                how=how,
                minutes=minutes,
                made_by=principal.subject,
                made=file.now,
            )
        )
        file.audit("contact", f"case/{case}")
        file.finish()
        uow.commit()
        return file.case


def person_accepts(desk: Desk, principal: Principal, case: UUID) -> Case:
    """The person says yes to social prescribing: the moment the national code counts (care 21)."""
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        note_acceptance(file, standing(file, principal, file.triage))
        file.finish()
        uow.commit()
        return file.case


def note_acceptance(file: CaseFile, actor: Actor) -> None:
    """The person's yes, within a transaction that may go on to ask a provider."""
    file.step(file.triage, "person-accepts", actor)
    file.return_code(codes.REFERRED)
    file.announce(TriageAccepted(**file.context(), task=UUID(file.triage.id)))


def hold(desk: Desk, principal: Principal, case: UUID) -> Case:
    """Nothing fits yet; the person stays on the list (care 3)."""
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        triage = file.triage
        actor = standing(file, principal, triage)
        refuse_unless(
            not file.open_provider_tasks(),
            "conflict",
            "A provider is still being asked; take that request back first.",
            "case",
        )
        file.step(triage, "hold", actor)
        file.announce(TriageHeld(**file.context(), task=UUID(triage.id)))
        file.finish()
        uow.commit()
        return file.case


def close(desk: Desk, principal: Principal, case: UUID, outcome: str) -> Case:
    """Close the case with an outcome (care 20).

    Requests that no activity followed yet are taken back with thanks; a running activity must be
    ended first, so that nobody is left coming to something that no record knows of.

    Raises:
        NoSuchCase: not a case of this link-worker service.
        Refused: the outcome is unknown, does not fit the state, or an activity still runs.
    """
    with desk.work() as uow:
        file = CaseFile.open(desk, uow, case, principal)
        triage = file.triage
        actor = standing(file, principal, triage)
        refuse_unless(
            outcome in CLOSINGS,
            "business-rule",
            f"The outcome must be one of: {', '.join(CLOSINGS)}.",
            "outcome",
        )
        refuse_unless(
            state_of(triage) != UNROUTED, "conflict", "Route the referral to a team first.", "case"
        )
        file.step(triage, CLOSINGS[outcome], actor)
        for task in file.open_provider_tasks():
            refuse_unless(
                task.status != "in-progress",
                "conflict",
                "An activity is still running; record its end first.",
                "outcome",
            )
            file.step(task, "cancel", actor, "case-closed")
            file.announce(ReferralCancelled(**file.about(task), reason="case-closed"))
        if outcome == "person-declined":
            file.return_code(codes.DECLINED)
            file.announce(TriageDeclined(**file.context(), task=UUID(triage.id)))
        if outcome == "not-reached":
            file.announce(TriageNotReached(**file.context(), task=UUID(triage.id)))
        file.case.outcome = outcome
        file.announce(ReferralClosed(**file.context(), outcome=outcome))
        file.finish()
        uow.commit()
        return file.case
