"""What each practice wants to hear: recorded by its hub, or by the operator of the deployment."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.referrals.casefile import NoSuchCase, refuse_unless
from services.referrals.desk import Desk
from services.referrals.gp.standing import Route
from services.referrals.gp.wishes import Wish, wish_of
from services.referrals.tables import PlaceHub, Practice, PracticeWish
from services.referrals.trail import note
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.repeating import repeating

Shown = dict[str, object]


def wishes(desk: Desk, by: Principal, *, everywhere: bool = False) -> list[Shown]:
    """The practices that somebody answers for, with what each wants.

    Args:
        desk: what every use case works with.
        by: a coordinator.
        everywhere: of the whole deployment, for its operator.
    """
    with desk.look() as uow:
        found = select(Practice).order_by(Practice.ods_code)
        if not everywhere:
            hubs = select(PlaceHub.code).where(PlaceHub.organisation == UUID(by.organisation))
            found = found.where(col(Practice.hub).in_(hubs))
        practices = uow.session.exec(found).all()
        return [_shown(each, wish_of(uow.session, each.ods_code)) for each in practices]


@repeating
def set_wish(
    desk: Desk, by: Principal, practice: str, wish: Wish, *, everywhere: bool = False
) -> Shown:
    """Record what a practice wants, from now on; what is made already goes as it was wanted then.

    Args:
        desk: what every use case works with.
        by: a coordinator of the practice's hub.
        practice: its ODS code.
        wish: what it wants.
        everywhere: whichever hub the practice has, for the operator of the deployment.

    Raises:
        NoSuchCase: there is no such practice, or it is another hub's.
        Refused: the route is MESH and this Kersey has no mailbox.
    """
    with desk.look() as uow:
        found = uow.session.get(Practice, practice)
        if found is None or not (everywhere or _answers_for(uow.session, by, found)):
            raise NoSuchCase
        return _record(desk, uow, by, found, wish)


@repeating
def change_wish(desk: Desk, by: Principal, practice: str, changes: Mapping[str, Any]) -> Shown:
    """Record a part of what a practice wants from now on; the rest stays. For the operator alone.

    Args:
        desk: what every use case works with.
        by: the operator of the deployment.
        practice: its ODS code.
        changes: of `Wish`, what is wanted otherwise.

    Raises:
        NoSuchCase: there is no such practice.
        Refused: the route is MESH and this Kersey has no mailbox.
    """
    with desk.work() as uow:
        found = uow.session.get(Practice, practice, with_for_update=True)
        if found is None:
            raise NoSuchCase
        return _record(desk, uow, by, found, replace(wish_of(uow.session, practice), **changes))


def _record(desk: Desk, uow: UnitOfWork, by: Principal, practice: Practice, wish: Wish) -> Shown:
    refuse_unless(
        wish.route is not Route.MESH or desk.settings.has_mesh,
        "business-rule",
        "This Kersey has no MESH mailbox: its operator sets KERSEY_MESH__URL and the others.",
        "route",
    )
    session, code, now = uow.session, practice.ods_code, desk.clock()
    session.merge(PracticeWish(practice=code, changed_by=by.subject, changed=now, **asdict(wish)))
    note(session, by, "practice-wish", f"practice/{code}", now)
    session.flush()
    uow.commit()
    return _shown(practice, wish)


def _answers_for(session: Session, by: Principal, practice: Practice) -> bool:
    hub = session.get_one(PlaceHub, practice.hub)
    return "coordinator" in by.roles and str(hub.organisation) == by.organisation


def _shown(practice: Practice, wish: Wish) -> Shown:
    return {"practice": practice.ods_code, "name": practice.name, **asdict(wish)}
