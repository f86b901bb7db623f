"""A hub's coordinator says how long things may wait in its place."""

from typing import Any

from sqlmodel import Session, select

from services.referrals.casefile import refuse_unless
from services.referrals.deadlines import plan_anew
from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.limits import history, in_force
from services.referrals.resources import instant
from services.referrals.tables import Case, HubLimitsSaid, PlaceHub
from shared.auth import Principal
from shared.limits import Limits, defaults
from shared.messaging.events import HubLimitsChanged
from shared.repeating import repeating

Json = dict[str, Any]


def limits_view(session: Session, principal: Principal) -> Json:
    """What holds in the caller's place, what Kersey comes with, and who changed it when and why.

    Args:
        session: the caller's.
        principal: a coordinator.

    Raises:
        Refused: they coordinate no hub.
    """
    hub = _hub(session, principal, lock=False)
    said = history(session, hub.code)
    return {
        "hub": hub.code,
        "limits": in_force(said).model_dump(),
        "defaults": defaults().model_dump(),
        "history": [
            {
                "number": each.number,
                "limits": in_force([each]).model_dump(),
                "why": each.why,
                "said_by": each.said_by,
                "said_by_name": each.said_by_name,
                "said": instant(each.said),
            }
            for each in said
        ],
    }


@repeating
def set_limits(
    desk: Desk, principal: Principal, limits: Limits | None, why: str, *, after: int
) -> None:
    """Say how long things may wait in a hub's place from now on; open requests are planned anew.

    Args:
        desk: what every use case works with.
        principal: a coordinator of the hub.
        limits: from now on; None for what Kersey comes with.
        why: in their words, for the history.
        after: the number of the last change that they saw, 0 for none.

    Raises:
        Refused: they coordinate no hub; or somebody changed the limits meanwhile.
    """
    with desk.work() as uow:
        session = uow.session
        hub = _hub(session, principal, lock=True)
        said = history(session, hub.code, most=1)
        number = said[0].number if said else 0
        refuse_unless(
            number == after,
            "conflict",
            "Somebody changed the limits after you opened them; nothing was changed.",
            "after",
        )
        before, wanted = in_force(said), limits or defaults()
        refuse_unless(wanted != before, "business-rule", "These limits hold already.", "limits")
        session.add(
            HubLimitsSaid(
                hub=hub.code,
                number=number + 1,
                limits=limits.model_dump() if limits else None,
                why=why,
                said_by=principal.subject,
                said_by_name=principal.name,
                said=desk.clock(),
            )
        )
        session.flush()
        plan_anew(session, desk, Case.hub == hub.code)  # type: ignore[arg-type]
        event = HubLimitsChanged(
            hub=hub.code, routine=wanted.routine.model_dump(), urgent=wanted.urgent.model_dump()
        )
        desk.outbox.add(uow, event, version=number + 1)
        uow.commit()


def _hub(session: Session, principal: Principal, *, lock: bool) -> PlaceHub:
    """The hub whose coordinators the caller is one of.

    Raises:
        Refused: there is none.
    """
    wanted = select(PlaceHub).where(PlaceHub.organisation == principal.organisation)
    found = session.exec(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None or "coordinator" not in principal.roles:
        raise Refused("forbidden", "Limits are a hub's, for its coordinators to say.", "hub")
    return found
