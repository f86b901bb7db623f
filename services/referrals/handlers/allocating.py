"""Who of a team has a case: one is given to a colleague, or all of somebody's at once.

It is who looks after the person, and no permission: the team as a whole reads and works on its
cases, so that cover needs no hand-over (care 2). To another team a case goes by `triage.hand_over`.
"""

from uuid import UUID

from sqlmodel import col, select

from services.referrals.casefile import CaseFile, refuse_unless
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.standing import by_link_worker, standing
from services.referrals.tables import Case, Worklist
from shared.auth import Principal
from shared.repeating import repeating

LEADS = "team-lead"
"""The role that gives a colleague's cases to another."""


@repeating
def allocate(desk: Desk, principal: Principal, case: UUID, to: str | None) -> None:
    """Give a case to somebody of the team, or to nobody.

    Args:
        desk: what every use case works with.
        principal: a team lead; or a link worker, for a case that is theirs or nobody's.
        case: the case.
        to: the `sub` of an account; None for nobody.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or it is a colleague's, and no team lead asks.
    """
    with by_link_worker(desk, principal, case) as file:
        refuse_unless(
            LEADS in principal.roles or file.case.allocated_to in (None, principal.subject),
            "forbidden",
            "It is a colleague's. Ask them, or your team lead.",
            "case",
        )
        _give(file, to)


@repeating
def pass_on_all(desk: Desk, principal: Principal, of: str, to: str | None) -> int:
    """Give all open cases of somebody of the team to somebody else, in one transaction.

    Args:
        desk: what every use case works with.
        principal: a team lead of the team.
        of: the `sub` of whose they are.
        to: the `sub` of who gets them; None for nobody.

    Returns:
        How many there were.

    Raises:
        Refused: no team lead asks, or both are one.
    """
    refuse_unless(
        LEADS in principal.roles and "link-worker" in principal.roles,
        "forbidden",
        "Only a team lead gives all of somebody's cases to another.",
        "of",
    )
    refuse_unless(of != to, "business-rule", "They have these cases already.", "to")
    with desk.work() as uow:
        theirs = (
            select(Case.id)
            .join(Worklist, col(Worklist.case) == col(Case.id))
            .where(
                Case.team == UUID(principal.organisation),
                Case.allocated_to == of,
                col(Case.erased).is_(None),
                col(Worklist.open),
            )
            .order_by(col(Case.key))
        )
        given = 0
        for case in uow.session.exec(theirs).all():
            file = CaseFile.open(desk, uow, case, principal)
            # While this waited for the case it may have changed hands.
            held = str(file.case.team) == principal.organisation and file.case.allocated_to == of
            if held and standing(file, principal, file.triage) is Actor.LINK_WORKER:
                _give(file, to)
                file.finish()
                given += 1
        uow.commit()
    return given


def _give(file: CaseFile, to: str | None) -> None:
    file.case.allocated_to = to
    file.audit("allocate", f"case/{file.case.id}")
