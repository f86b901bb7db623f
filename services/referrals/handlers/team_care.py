"""How much a case asks of the team, what stands about visits, and what is talked about."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.referrals.caring_scale import LEVELS
from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.handlers.allocating import LEADS
from services.referrals.standing import by_link_worker
from services.referrals.tables import Complexity, Supervision, Visiting, Worklist
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def set_complexity(desk: Desk, principal: Principal, case: UUID, level: str, because: str) -> None:
    """Say how much a case asks of the team.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        level: one of `caring_scale.LEVELS`.
        because: what makes it so.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or there is no such level.
    """
    words = f"The level must be one of: {', '.join(LEVELS)}."
    refuse_unless(level in LEVELS, "business-rule", words, "level")
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        session.add(
            Complexity(
                case=case, level=level, because=because, set_by=principal.subject, set=file.now
            )
        )
        session.get_one(Worklist, case).complexity = level
        file.audit("complexity", f"case/{case}")


@repeating
def set_visiting(
    desk: Desk, principal: Principal, case: UUID, *, at_home: bool, alone: bool, because: str
) -> None:
    """Say whether this person is visited at home, and whether by one colleague alone.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`.
    """
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        row = session.get(Visiting, case) or Visiting(
            case=case, at_home=at_home, alone=alone, because="", set_by="", set=file.now
        )
        row.at_home, row.alone, row.because = at_home, alone, because
        row.set_by, row.set = principal.subject, file.now
        session.add(row)
        session.get_one(Worklist, case).visits_with_care = not (at_home and alone)
        file.audit("visiting", f"case/{case}")


@repeating
def ask_supervision(desk: Desk, principal: Principal, case: UUID, because: str) -> None:
    """Ask to talk about a case with the team lead; asked again before that, it says the latest.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`.
    """
    with by_link_worker(desk, principal, case) as file:
        session = file.uow.session
        row = session.exec(_open(case)).one_or_none()
        row = row or Supervision(case=case, because="", asked_by="", asked=file.now)
        row.because, row.asked_by, row.asked = because, principal.subject, file.now
        session.add(row)
        file.audit("supervision-asked", f"case/{case}")


@repeating
def note_talk(desk: Desk, principal: Principal, case: UUID, came: str) -> None:
    """Note that a case was talked about: what made it stand on the list is dealt with for now.

    Args:
        desk: what every use case works with.
        principal: a lead of the team.
        case: the case.
        came: what was agreed.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or no team lead says so.
    """
    with by_link_worker(desk, principal, case) as file:
        refuse_unless(LEADS in principal.roles, "forbidden", "Only a team lead notes this.", "case")
        session = file.uow.session
        row = session.exec(_open(case)).one_or_none()
        row = row or Supervision(case=case, because="", asked_by="", asked=file.now)
        row.talked, row.talked_by, row.came = file.now, principal.subject, came
        session.add(row)
        file.audit("supervision", f"case/{case}")


def _open(case: UUID) -> SelectOfScalar[Supervision]:
    return (
        select(Supervision)
        .where(Supervision.case == case, col(Supervision.talked).is_(None))
        .with_for_update()
    )
