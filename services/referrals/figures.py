"""The referrals of one quarter, in numbers that tell of nobody, for commissioners and researchers.

Each table is of one dimension, of the referrals that came in that quarter; whoever came to a group
by themselves was referred by nobody, and is counted apart. See `shared.small_numbers` for what is
not shown.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col, func

from services.referrals.front_door import WALK_IN, Source
from services.referrals.practice_standing import ENDED
from services.referrals.tables import Case, PlaceHub, Worklist
from services.referrals.tables.case import RECORD_SYSTEM
from shared.quarters import Quarter
from shared.small_numbers import FEWEST, alone, shown

View = dict[str, Any]

GOING_ON = "going-on"
ENDS = (GOING_ON, *dict.fromkeys(ENDED.values()), "ended")
SOURCES = (RECORD_SYSTEM, *get_args(Source))


def figures(session: Session, quarter: Quarter, zone: ZoneInfo) -> View:
    """The figures.

    Args:
        session: the caller's.
        quarter: in which the referrals came.
        zone: in which its days begin.

    Returns:
        `tables` by name, each with its `rows` (`code`, `count`) and their `total`, and the names
        of the `places` by code. A count is null where it is not shown.
    """
    begin = datetime.combine(quarter.first, time(), zone)
    end = datetime.combine(quarter.last + timedelta(days=1), time(), zone)
    rows = session.execute(
        select(
            col(Case.hub), col(Case.source), col(Worklist.open), col(Worklist.state), func.count()
        )
        .join(Worklist, col(Worklist.case) == col(Case.id))
        .where(col(Case.created) >= begin, col(Case.created) < end)
        .group_by(col(Case.hub), col(Case.source), col(Worklist.open), col(Worklist.state))
    )
    named = select(col(PlaceHub.code), col(PlaceHub.name)).order_by(col(PlaceHub.name))
    places = {row.code: row.name for row in session.execute(named)}
    by_place, by_source, by_end = (Counter[str](), Counter[str](), Counter[str]())
    walked_in = Counter[str]()
    for hub, source, is_open, state, count in rows:
        if source == WALK_IN:  # nobody referred them
            walked_in[hub] += count
            continue
        by_place[hub] += count
        by_source[source] += count
        by_end[GOING_ON if is_open else ENDED.get(state, "ended")] += count
    return {
        "quarter": quarter.name,
        "since": quarter.first.isoformat(),
        "until": quarter.last.isoformat(),
        "fewest": FEWEST,
        "places": places,
        "tables": {
            "referred-by-place": _table(places, by_place),
            "referred-by-source": _table(SOURCES, by_source),
            "referred-by-end": _table(ENDS, by_end),
            "walked-in-by-place": _table(places, walked_in),
        },
    }


def _table(codes: Mapping[str, str] | tuple[str, ...], counted: Mapping[str, int]) -> View:
    """Every code, those that did not come too, in their order; then what has another code."""
    counts = {code: counted.get(code, 0) for code in (*codes, *sorted({*counted} - {*codes}))}
    return {
        "rows": [{"code": code, "count": count} for code, count in shown(counts).items()],
        "total": alone(sum(counts.values())),
    }
