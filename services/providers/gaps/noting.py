"""Noting gaps, and counting them by place and need."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import func, insert, select
from sqlmodel import Session

from services.providers.gaps.domain import REASONS
from services.providers.gazetteer import BadPostcode, parse
from services.providers.handlers import Directory
from services.providers.matching.request import Code
from services.providers.matching.vocabulary import vocabulary
from services.providers.nested import Json, plain
from services.providers.points import point_of
from services.providers.queries import refused
from services.providers.rows import table
from shared.database import UnitOfWork


def _reason(value: str) -> str:
    if value not in REASONS:
        raise ValueError(f"a reason is one of: {', '.join(REASONS)}")
    return value


class GapNoted(BaseModel):
    """That nothing fitted. There is no room for words: nothing about a person belongs here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: Code
    area: str = Field(max_length=8, description="A postcode; only its district is kept.")
    reason: Annotated[str, AfterValidator(_reason)]


def note_gap(directory: Directory, noted: GapNoted) -> Json:
    """Keep that nothing fitted.

    Args:
        directory: what to work with.
        noted: what was missing where.

    Returns:
        The gap as it is kept.

    Raises:
        Problem: 400 for an unknown need or postcode, naming the member.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        vocabulary(uow.session).of("need").asked("need", [noted.need])
        district, hub = _placed(uow.session, noted.area)
        row = {
            "id": uuid4(),
            "need": noted.need,
            "hub": hub,
            "area": district,
            "reason": noted.reason,
            "noted": now,
        }
        uow.session.connection().execute(insert(table("gap")).values(row))
        uow.commit()
    return {name: plain(value) for name, value in row.items()}


def _placed(session: Session, area: str) -> tuple[str, str]:
    """The district of a postcode, and the hub whose place it is."""
    try:
        district, hub = parse(area).outward, point_of(session, area).hub
    except BadPostcode as error:
        raise refused("area", error.words, **error.members) from None
    if hub is None:
        raise refused("area", f"The district '{district}' is no hub's place.")
    return district, hub


def counted(
    session: Session, now: datetime, *, days: int, hubs: Collection[str] | None
) -> list[Json]:
    """Gaps of some days, by hub, need and district, the most frequent first.

    Args:
        session: where to read.
        now: the present instant.
        days: how many days back.
        hubs: codes of hubs; None for all.
    """
    gap = table("gap").c
    wanted = (
        select(gap.hub, gap.need, gap.area, gap.reason, func.count().label("count"))
        .where(gap.noted > now - timedelta(days=days))
        .group_by(gap.hub, gap.need, gap.area, gap.reason)
        .order_by(gap.hub, gap.need, gap.area, gap.reason)
    )
    if hubs is not None:
        wanted = wanted.where(gap.hub.in_(hubs))
    found: dict[tuple[str, str], Json] = {}
    for row in session.connection().execute(wanted):
        one = found.setdefault(
            (row.hub, row.need),
            {"hub": row.hub, "need": row.need, "count": 0, "areas": {}, "reasons": {}},
        )
        one["count"] += row.count
        for name, key in (("areas", row.area), ("reasons", row.reason)):
            one[name][key] = one[name].get(key, 0) + row.count
    return sorted(found.values(), key=lambda one: (-one["count"], one["hub"], one["need"]))
