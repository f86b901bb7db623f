"""Who cares for a person now: the link-worker service of an open case; nobody else learns more."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals.casefile import NoSuchCase, refuse_unless
from services.referrals.tables import Case, Worklist
from shared.auth import Principal


def caring(
    session: Session, principal: Principal, case_id: UUID, *, even_ended: bool = False
) -> Case:
    """A case in which a link worker cares for its person.

    Args:
        session: the caller's.
        principal: who asks.
        case_id: the case.
        even_ended: whether having cared is enough.

    Raises:
        NoSuchCase: it is another team's, has ended, or there is none; or no link worker asks.
    """
    found = session.exec(
        select(Case)
        .join(Worklist, col(Worklist.case) == col(Case.id))
        .where(
            Case.id == case_id,
            Case.team == UUID(principal.organisation),
            col(Worklist.open) | even_ended,
        )
    ).one_or_none()
    if found is None or "link-worker" not in principal.roles:
        raise NoSuchCase
    return found


def known_person(case: Case) -> UUID:
    """The person whom a case is about.

    Raises:
        Refused: it is not known.
    """
    refuse_unless(
        case.person is not None,
        "conflict",
        "It is not known whom this case is about: its sender named no Patient.",
        "case",
    )
    assert case.person is not None
    return case.person
