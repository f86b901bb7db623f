"""The link worker and the triage Task: take it on, reach the person, hold, close.

Each step is a function on an open case, so that the case API and an update of the Task resource
make the very same step.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.referrals import codes
from services.referrals.casefile import CaseFile, refuse_unless, working_on
from services.referrals.desk import Desk
from services.referrals.domain import CLOSINGS, Actor, Refused
from services.referrals.handlers.following import follow
from services.referrals.handlers.sharing import share_identity
from services.referrals.handlers.worrying import lead_nobody
from services.referrals.plan.for_practice import measured
from services.referrals.standing import by_link_worker, standing
from services.referrals.tables import Attempt, LinkWorkerService, Visiting, Worklist
from services.referrals.worries import refuse_while_open
from shared.auth import Principal
from shared.messaging.events import (
    ReferralCancelled,
    ReferralClosed,
    ReferralHandedOver,
    ReferralReturned,
    ReferralRouted,
    TriageAccepted,
    TriageDeclined,
    TriageHeld,
    TriageNotReached,
    TriageStarted,
)
from shared.repeating import repeating

Step = Callable[[CaseFile, Actor, str | None], None]


def take_on(file: CaseFile, actor: Actor, _: str | None = None) -> None:
    """A link worker takes the referral on."""
    file.step(file.triage, "accept", actor)
    by, case = file.by, file.case
    if by is not None and by.subject != by.client_id and case.allocated_to is None:
        case.allocated_to = by.subject  # a colleague, and not a system of the team's
    file.announce(TriageStarted(**file.context(), task=UUID(file.triage.id)))


def send_back(file: CaseFile, actor: Actor, reason: str | None) -> None:
    """Return the referral to its sender; not the person's refusal (care 20).

    Raises:
        Refused: the state does not allow it, a provider to whom the person came has them, or
            somebody is worried about them and nothing came of it yet.
    """
    refuse_unless(
        not file.open_provider_tasks(),
        "conflict",
        "A provider has this person already; take them on, or have it say how that ended.",
        "case",
    )
    triage = file.triage
    file.step(triage, "return", actor, reason)
    refuse_while_open(file.uow.session, file.case.id)
    file.announce(ReferralReturned(**file.context(), task=UUID(triage.id), reason=str(reason)))


def note_acceptance(file: CaseFile, actor: Actor, _: str | None = None) -> None:
    """The person says yes to social prescribing: the moment the national code counts (care 21)."""
    file.step(file.triage, "person-accepts", actor)
    file.return_code(codes.REFERRED)
    file.announce(TriageAccepted(**file.context(), task=UUID(file.triage.id)))
    follow(file, actor)  # whoever came to a provider by themselves has a place


def hold(file: CaseFile, actor: Actor, _: str | None = None) -> None:
    """Nothing fits yet; the person stays on the list (care 3)."""
    refuse_unless(
        not file.open_provider_tasks(),
        "conflict",
        "A provider is still being asked; take that request back first.",
        "case",
    )
    file.step(file.triage, "hold", actor)
    file.announce(TriageHeld(**file.context(), task=UUID(file.triage.id)))


def end(file: CaseFile, actor: Actor, _: str | None = None, *, outcome: str) -> None:
    """Close the case with an outcome (care 20).

    Requests that no activity followed yet are taken back with thanks; a running activity must be
    ended first, so that nobody is left coming to something that no record knows of.

    Raises:
        Refused: the outcome is unknown, does not fit the state, an activity still runs, or somebody
            is worried about the person and nothing came of it yet.
    """
    refuse_unless(
        outcome in CLOSINGS,
        "business-rule",
        f"The outcome must be one of: {', '.join(CLOSINGS)}.",
        "outcome",
    )
    triage = file.triage
    file.step(triage, CLOSINGS[outcome], actor)
    refuse_while_open(file.uow.session, file.case.id)
    for task in file.open_provider_tasks():
        refuse_unless(
            task.status != "in-progress",
            "conflict",
            "An activity is still running; record its end first.",
            "outcome",
        )
        file.step(task, "cancel", actor, "case-closed")
        file.announce(ReferralCancelled(**file.about(task), reason="case-closed"))
        share_identity(file, task)
    if outcome == "person-declined":
        file.return_code(codes.DECLINED)
        file.announce(TriageDeclined(**file.context(), task=UUID(triage.id)))
    if outcome == "not-reached":
        file.announce(TriageNotReached(**file.context(), task=UUID(triage.id)))
    file.case.outcome = outcome
    file.announce(ReferralClosed(**file.context(), outcome=outcome))


_CLOSING: dict[str, Step] = {
    action: partial(end, outcome=outcome) for outcome, action in CLOSINGS.items()
}
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "accept": take_on,
        "return": send_back,
        "person-accepts": note_acceptance,
        "hold": hold,
        **_CLOSING,
    }
)
"""What a link worker may do with the triage Task alone, by the action's name."""


@repeating
def do(
    desk: Desk, principal: Principal, case: UUID, action: str, reason: str | None = None
) -> None:
    """Make one of `STEPS`.

    Raises:
        NoSuchCase: not a case of this link-worker service or hub.
        Refused: the state, the role or a rule does not allow it.
    """
    with working_on(desk, principal, case=case) as file:
        STEPS[action](file, standing(file, principal, file.triage), reason)


@repeating
def close(
    desk: Desk,
    principal: Principal,
    case: UUID,
    outcome: str,
    *,
    for_practice: Mapping[str, Any] | None = None,
) -> None:
    """Close the case with an outcome; see `end`.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        outcome: one of `domain.CLOSINGS`.
        for_practice: what the summary for the GP says beside what is known: `next_step` and
            `measures`, as `gp.summary` has them; by default the measures are those of its reviews.
    """
    with working_on(desk, principal, case=case) as file:
        end_with_words(file, principal, outcome, for_practice)


def end_with_words(
    file: CaseFile, principal: Principal, outcome: str, for_practice: Mapping[str, Any] | None
) -> None:
    """Close an open case, with what its summary for the practice says; see `close`."""
    told = dict(for_practice or {})
    told["measures"] = told.get("measures") or measured(file.uow.session, file.case.id)
    file.for_practice = told
    end(file, standing(file, principal, file.triage), outcome=outcome)


@repeating
def route(desk: Desk, principal: Principal, case: UUID, team: UUID) -> None:
    """Give an unrouted referral to a link-worker service (care 1).

    Raises:
        NoSuchCase: not a case of this hub.
        Refused: it is routed already, or there is no such link-worker service.
    """
    with working_on(desk, principal, case=case) as file:
        pass_to(file, standing(file, principal, file.triage), team)


def pass_to(file: CaseFile, actor: Actor, team: UUID) -> None:
    """The first link-worker service of an unrouted case, on an open one."""
    triage = file.triage
    file.step(triage, "route", actor)
    _give(file, team)
    file.announce(ReferralRouted(**file.context(), task=UUID(triage.id), hub=file.case.hub))


@repeating
def hand_over(desk: Desk, principal: Principal, case: UUID, team: UUID, reason: str | None) -> None:
    """Give a case that one link-worker service holds to another.

    Nothing else of it stops: what providers were asked goes on, and the new team reads all of it.
    The old one reads nothing more, unless it has another part in the case.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team that holds it, or its hub's coordinator.
        case: the case.
        team: the organisation of the link-worker service that takes it.
        reason: one of `domain.HAND_OVER_REASONS`; it stands in the triage Task until its next step.

    Raises:
        NoSuchCase: not a case of this link-worker service or hub.
        Refused: nobody holds it yet, it has ended, no such team, or the one that holds it already.
    """
    with working_on(desk, principal, case=case) as file:
        pass_on(file, standing(file, principal, file.triage), team, reason)


def pass_on(file: CaseFile, actor: Actor, team: UUID, reason: str | None) -> None:
    """The change of hands, on an open case."""
    before = file.case.team
    file.step(file.triage, "hand-over", actor, reason)
    refuse_unless(team != before, "conflict", "This link-worker service has it already.", "team")
    _give(file, team)
    for task in file.open_provider_tasks():
        file.touch(task)  # its requester is whom the provider may ask from now on
    file.audit("hand-over", f"case/{file.case.id}")
    file.announce(
        ReferralHandedOver(
            **file.context(), previous_team=before, hub=file.case.hub, reason=str(reason)
        )
    )


def _give(file: CaseFile, team: UUID) -> None:
    """Have a link-worker service hold the case, and that service's hub answer for it."""
    found = file.uow.session.get(LinkWorkerService, team)
    if found is None:
        raise Refused("business-rule", "There is no such link-worker service.", "team")
    file.case.team = file.triage.owner = team
    file.case.hub = found.hub
    file.case.allocated_to = None
    lead_nobody(file)
    file.change_audience()


@repeating
def record_contact(
    desk: Desk,
    principal: Principal,
    case: UUID,
    *,
    reached: bool,
    how: str,
    minutes: int | None,
    next_step: str = "",
    next_on: date | None = None,
    visit_checked: bool = False,
) -> None:
    """Write down one contact with the person, or the try (care 2); it moves nothing by itself.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        reached: whether the person was reached.
        how: by which way.
        minutes: how long it took.
        next_step: what comes next, in the place of what was said before; empty for nothing.
        next_on: on which day; the case is on the list of what is due from then on.
        visit_checked: that who visited had read what stands about visits, where something does.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or there is a day and nothing to do on it, or a visit where
            something stands about visits that nobody says to have read.
    """
    refuse_unless(
        bool(next_step) or next_on is None,
        "business-rule",
        "Say what the next step is, beside its day.",
        "next_step",
    )
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        visiting = session.get(Visiting, case) if how == "visit" else None
        refuse_unless(
            visiting is None or (visiting.at_home and visiting.alone) or visit_checked,
            "conflict",
            "Something stands about visits to this person. Read it, and say that you did.",
            "visit_checked",
        )
        session.add(
            Attempt(
                case=case,
                reached=reached,
                how=how,
                minutes=minutes,
                next_step=next_step,
                next_on=next_on,
                visit_checked=visit_checked,
                made_by=principal.subject,
                made=file.now,
            )
        )
        zone = ZoneInfo(desk.settings.timezone)
        due = datetime.combine(next_on, time(), zone) if next_on else None
        row = session.get_one(Worklist, case)
        row.due, row.left_lying = due, False
        file.audit("contact", f"case/{case}")
