"""Counting the directory by place and by need.

A gap may tell of one person in a small place, and money that ends of one small group: their small
numbers are left out. What is listed is public, and shown as it is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from services.providers.funding import Funded, lost, services_and_funding
from services.providers.handlers import Directory
from services.providers.nested import Json
from services.providers.rows import table
from shared.database import UnitOfWork
from shared.quarters import Quarter
from shared.small_numbers import FEWEST, alone, shown

SOON = 90
"""Days ahead for which money that ends is counted."""


def figures(directory: Directory, quarter: Quarter) -> Json:
    """The figures of one quarter.

    Args:
        directory: what to work with.
        quarter: of the gaps; the rest is as it is today.

    Returns:
        `tables` by name, each with its `rows` (`code`, `count`) and their `total`, and the names
        of the `places` by code. A count is null where it is not shown.
    """
    today = directory.clock().date()
    with UnitOfWork(directory.engine) as uow:
        places = _places(uow.session)
        needs, where = _gaps(uow.session, quarter)
        services = services_and_funding(uow, today, today + timedelta(days=SOON)).values()
    gone = Counter(place for place, _ in lost(services))
    return {
        "quarter": quarter.name,
        "since": quarter.first.isoformat(),
        "until": min(quarter.last, today).isoformat(),
        "fewest": FEWEST,
        "places": places,
        "tables": {
            "missing-by-need": _most_first(_hidden(needs)),
            "missing-by-place": _hidden(_each(places, where)),
            "listed-by-place": _open(_each(places, _by_place(services))),
            "listed-by-need": _most_first(
                _open(Counter(need for each in services for need in each.needs))
            ),
            "ending-by-place": _hidden(
                _each(places, _by_place(each for each in services if each.ends))
            ),
            "lost-by-place": _open(_each(places, gone)),
        },
    }


def _places(session: Session) -> dict[str, str]:
    hub = table("hub").c
    rows = session.connection().execute(select(hub.code, hub.name).order_by(hub.name, hub.code))
    return {row.code: row.name for row in rows}


def _gaps(session: Session, quarter: Quarter) -> tuple[Counter[str], Counter[str]]:
    """What was missing, by need and by place."""
    gap = table("gap").c
    begin = datetime.combine(quarter.first, time(), UTC)
    end = datetime.combine(quarter.last + timedelta(days=1), time(), UTC)
    rows = session.connection().execute(
        select(gap.need, gap.hub, func.count())
        .where(gap.noted >= begin, gap.noted < end)
        .group_by(gap.need, gap.hub)
    )
    needs, where = Counter[str](), Counter[str]()
    for need, hub, count in rows:
        needs[need] += count
        where[hub] += count
    return needs, where


def _by_place(services: Iterable[Funded]) -> Counter[str]:
    """One that is for the people of several places counts in each."""
    return Counter(place for each in services for place in each.places)


def _each(places: Mapping[str, str], counts: Mapping[str, int]) -> dict[str, int]:
    """Every place, those with nothing too, in the order of their names."""
    return {code: counts.get(code, 0) for code in places}


def _most_first(told: Json) -> Json:
    """By how many; what is not shown comes last, by its code, so that its place tells nothing."""
    rows = sorted(told["rows"], key=lambda each: (-(each["count"] or 0), each["code"]))
    return {**told, "rows": rows}


def _hidden(counts: Mapping[str, int]) -> Json:
    return _table(shown(counts), alone(sum(counts.values())))


def _open(counts: Mapping[str, int]) -> Json:
    # No total: one that is for several places, or meets several needs, is counted in each.
    return _table(counts, None)


def _table(counts: Mapping[str, int | None], total: int | None) -> Json:
    return {
        "rows": [{"code": code, "count": count} for code, count in counts.items()],
        "total": total,
    }
