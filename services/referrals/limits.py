"""How long things may wait in a hub's place: what its coordinators said last, else the defaults."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from services.referrals.tables import HubLimitsSaid
from shared.limits import Limits, defaults


def limits_of(session: Session, hub: str) -> Limits:
    """The limits that hold in a hub's place.

    Args:
        session: the caller's.
        hub: its code.
    """
    return in_force(history(session, hub, most=1))


def by_hub(session: Session) -> dict[str, Limits]:
    """The limits of every hub that ever said its own; the defaults hold in all others."""
    newest = (
        select(HubLimitsSaid)
        .ext(distinct_on(col(HubLimitsSaid.hub)))
        .order_by(col(HubLimitsSaid.hub), col(HubLimitsSaid.number).desc())
    )
    return {row.hub: in_force([row]) for row in session.exec(newest)}


def history(session: Session, hub: str, *, most: int = 100) -> Sequence[HubLimitsSaid]:
    """What was said of a hub's limits, the newest first."""
    said = select(HubLimitsSaid).where(HubLimitsSaid.hub == hub)
    return session.exec(said.order_by(col(HubLimitsSaid.number).desc()).limit(most)).all()


def in_force(said: Sequence[HubLimitsSaid]) -> Limits:
    """What holds after a hub's changes, the newest first."""
    return read(said[0].limits if said else None)


def read(said: dict[str, Any] | None) -> Limits:
    """Limits as they are kept; a limit that is newer than they are is the default's."""
    usual = defaults()
    if said is None:
        return usual
    clocks = {
        name: getattr(usual, name).model_dump() | said.get(name, {})
        for name in ("routine", "urgent")
    }
    try:
        return Limits.model_validate(clocks)
    except ValidationError:
        return usual
