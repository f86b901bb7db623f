"""What a person wants, what is done for it, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from services.referrals.casefile import CaseFile, refuse_unless
from services.referrals.desk import Desk
from services.referrals.plan.documents import goal as document
from services.referrals.standing import by_link_worker
from services.referrals.tables import Goal, GoalAction
from shared.auth import Principal
from shared.repeating import repeating

SET = "set"
"""The state of a goal of which nothing has come yet."""


@dataclass(frozen=True)
class ToDo:
    """What somebody does for a goal.

    Attributes:
        words: what.
        who: `person`, `link-worker` or `other`.
        by_when: until which day.
    """

    words: str
    who: str
    by_when: date | None = None


@repeating
def set_goal(
    desk: Desk,
    principal: Principal,
    case: UUID,
    words: str,
    *,
    by_when: date | None = None,
    actions: Sequence[ToDo] = (),
) -> UUID:
    """Note what a person wants; the goal's id.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        words: what they want, in their own words.
        by_when: until which day.
        actions: what is done for it.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`.
    """
    with by_link_worker(desk, principal, case) as file:
        goal = Goal(
            case=case,
            words=words,
            by_when=by_when,
            state=SET,
            recorded_by=principal.subject,
            recorded=file.now,
        )
        file.uow.session.add(goal)
        file.uow.session.flush()
        for each in actions:
            _add(file, goal.id, each)
        if file.case.patient:
            file.add_document(document(goal, file.case))
        file.audit("goal", f"case/{case}")
        return goal.id


@repeating
def add_action(desk: Desk, principal: Principal, case: UUID, goal: UUID, action: ToDo) -> None:
    """Note one more thing that is done for a goal.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or the case has no such goal that is still open.
    """
    with by_link_worker(desk, principal, case) as file:
        _add(file, _open_goal(file, goal).id, action)
        file.audit("goal-action", f"case/{case}")


@repeating
def action_done(desk: Desk, principal: Principal, case: UUID, action: UUID) -> None:
    """Note that something was done; noting it again changes nothing.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or nothing like that is to be done in this case.
    """
    with by_link_worker(desk, principal, case) as file:
        wanted = select(GoalAction).where(GoalAction.id == action, GoalAction.case == case)
        row = file.uow.session.exec(wanted).one_or_none()
        refuse_unless(row is not None, "conflict", "The case has no such action.", "action")
        assert row is not None
        row.done = row.done or file.now
        file.uow.session.add(row)
        file.audit("goal-action", f"case/{case}")


@repeating
def settle_goal(
    desk: Desk, principal: Principal, case: UUID, goal: UUID, *, state: str, came: str
) -> None:
    """Note what came of a goal.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        goal: the goal.
        state: `reached`, `partly`, `changed` (they want something else now) or `dropped`.
        came: what came of it, in the person's words.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or the case has no such goal that is still open.
    """
    with by_link_worker(desk, principal, case) as file:
        row = _open_goal(file, goal)
        row.state, row.came, row.settled = state, came, file.now
        file.uow.session.add(row)
        if file.case.patient:
            file.rewrite(document(row, file.case))
        file.audit("goal-settled", f"case/{case}")


def _open_goal(file: CaseFile, goal: UUID) -> Goal:
    wanted = select(Goal).where(Goal.id == goal, Goal.case == file.case.id)
    row = file.uow.session.exec(wanted.where(col(Goal.settled).is_(None))).one_or_none()
    refuse_unless(row is not None, "conflict", "The case has no such open goal.", "goal")
    assert row is not None
    return row


def _add(file: CaseFile, goal: UUID, action: ToDo) -> None:
    file.uow.session.add(
        GoalAction(
            goal=goal,
            case=file.case.id,
            words=action.words,
            who=action.who,
            by_when=action.by_when,
            recorded=file.now,
        )
    )
