"""Who can still be among the best, found before anything costly is asked of anybody.

How much of a person's own words a service says is ranked by looking at every word of its text, and
took as long for all who come into question as everything else together. What it can add to a score
is known beforehand. So each candidate has a lowest and a highest score without it, and only those
whose highest reaches the lowest of the best are looked at more closely. Nobody is left out who
would be shown: the answer is the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    ScalarSelect,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers.matching.candidates import (
    ONCE,
    answered,
    in_reach,
    named_answers,
    nearest,
    nowhere,
)
from services.providers.matching.criteria import HARD
from services.providers.matching.kinds import Asked
from services.providers.matching.ranking import mean, of_words
from services.providers.matching.weights import Weights

MOST_WRONG = 2
"""With how many noes a service is still a near miss."""
ROUNDING = 0.00011
"""By how much two scores that are equal to four places may differ, and a little."""

LIMIT = bindparam("limit", 0, type_=Integer)
OFFSET = bindparam("offset", 0, type_=Integer)
NEAR_MISSES = bindparam("near_misses", 0, type_=Integer)


@dataclass(frozen=True)
class Looked:
    """Which places are looked at.

    Attributes:
        nearest: so many that are nearest to the question's point, and those that are nowhere; None
            for all in reach.
        by_words: whether it is enough to say some of the person's own words (see `of_use`).
    """

    nearest: int | None = None
    by_words: bool = True


@dataclass(frozen=True)
class Contenders:
    """Who may be among the best.

    Attributes:
        row: each at its nearest place, with its answers, how many noes count against it (`wrong`),
            and between what its score lies (`low`, `more`).
        share: how much of a score the person's own words are.
        fitting: how many services fit, contenders or not.
        near: how many places were found when the nearest alone were looked for.
    """

    row: CTE
    share: float
    fitting: ScalarSelect[Any]
    near: ColumnElement[Any]


def contenders(
    asked: Asked, open_to: Collection[str], weights: Weights, looked: Looked
) -> Contenders:
    """Services, each at its nearest place, that may be among those that fit best or nearly fit.

    Args:
        asked: what is asked.
        open_to: criteria in which a no leaves nobody out.
        weights: the declared table.
        looked: which places are looked at.
    """
    pool = _pool(asked, open_to, looked)
    # At its nearest place a service may have more noes than at another: left out only now.
    each = (
        select(pool)
        .ext(distinct_on(pool.c.service_id))
        .order_by(pool.c.service_id, pool.c.metres.asc().nulls_last(), pool.c.place)
        .cte("each")
        .prefix_with("MATERIALIZED")
    )
    share = of_words(each.c, named_answers(each).answers, asked, weights)
    candidate = _bounded(each, asked, weights, share)
    shown = case((candidate.c.wrong == 0, OFFSET + LIMIT), else_=NEAR_MISSES)
    least = (
        select(candidate.c.wrong, func.min(candidate.c.low).label("low"))
        .where(candidate.c.n <= shown)
        .group_by(candidate.c.wrong)
        .cte("least")
        .prefix_with("MATERIALIZED")
    )
    row = (
        select(candidate)
        .join(least, least.c.wrong == candidate.c.wrong)
        .where(candidate.c.low + candidate.c.more >= least.c.low - ROUNDING)
        .cte("contender")
        .prefix_with("MATERIALIZED")
    )
    fitting = select(func.count()).where(candidate.c.wrong == 0).scalar_subquery()
    near = select(func.count(pool.c.metres)).scalar_subquery()
    return Contenders(row, share, fitting, literal(0) if looked.nearest is None else near)


def noes_of(
    answers: Mapping[str, ColumnElement[Any]], open_to: Collection[str]
) -> ColumnElement[Any]:
    """How many noes count against a service: not those that a worker overrides."""
    counted = [
        cast(answer.is_(false()), Integer)
        for name, answer in answers.items()
        if _criterion(name) in HARD or _criterion(name) not in open_to
    ]
    return sum(counted, start=literal(0))


def _criterion(name: str) -> str:
    return "access" if name.startswith("access_") else name


def _pool(asked: Asked, open_to: Collection[str], looked: Looked) -> CTE:
    """All who come into question with their answers, narrow: near a town there are thousands."""
    spot = asked.spot
    if spot is None or looked.nearest is None:
        parts = in_reach(asked)
    else:
        near = nearest(asked, spot, looked.nearest, by_words=looked.by_words).subquery()
        inside = select(near)
        if asked.reach is not None:
            inside = inside.where(near.c.metres <= asked.reach.metres)
        parts = [inside, nowhere(asked, spot, by_words=looked.by_words)]
    row = union_all(*parts).offset(ONCE).subquery().c
    says = asked.statement.says(row) if asked.statement.worded else false()
    told = select(row.place, row.terms, says.label("says"), *answered(asked, row))
    found = named_answers(told.offset(ONCE).subquery())
    return select(found.row, noes_of(found.answers, open_to).label("wrong")).cte("pool")


def _bounded(each: CTE, asked: Asked, weights: Weights, share: float) -> CTE:
    """Of those with the fewest noes, between what the score of each lies. How good the others are
    is not worked out: where enough are near misses by one no, none with two is shown.
    """
    missed_by_one = select(func.count()).where(each.c.wrong == 1).scalar_subquery()
    most = case((missed_by_one >= NEAR_MISSES, 1), else_=MOST_WRONG)
    low = mean(each.c, named_answers(each).answers, asked, weights)
    more = case((each.c.says, share * weights.words["text"]), else_=0.0)
    bounded = (
        select(each, low.label("low"), more.label("more")).where(each.c.wrong <= most).subquery()
    )
    place = func.row_number().over(partition_by=bounded.c.wrong, order_by=bounded.c.low.desc())
    numbered = select(*(column for column in bounded.c if column.name != "terms"), place.label("n"))
    return numbered.cte("candidate").prefix_with("MATERIALIZED")
