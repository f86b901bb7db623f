"""Who can still be among the best, found before anything costly is asked of anybody.

How much of a person's own words a service says is ranked by looking at every word of its text, and
took as long for all who come into question as everything else together. What it can add to a score
is known beforehand. So each candidate has a lowest and a highest score without it, and only those
whose highest reaches the lowest of the best are looked at more closely. Nobody is left out who
would be shown: the answer is the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers.matching.candidates import (
    answered,
    distance,
    flat,
    in_reach,
    named_answers,
    nearest_of,
    nowhere_of,
)
from services.providers.matching.criteria import HARD
from services.providers.matching.kinds import Asked
from services.providers.matching.ranking import mean, of_words
from services.providers.matching.statement import NOT_SAID
from services.providers.matching.weights import Weights

MOST_WRONG = 2
"""With how many noes a service is still a near miss."""
ROUNDING = 0.00011
"""By how much two scores that are equal to four places may differ, and a little."""

LIMIT = bindparam("limit", 0, type_=Integer)
OFFSET = bindparam("offset", 0, type_=Integer)
NEAR_MISSES = bindparam("near_misses", 0, type_=Integer)


@dataclass(frozen=True)
class Contenders:
    """Who may be among the best.

    Attributes:
        row: their `service_id` and `place`, and how far that is (`metres`).
        fitting: how many services fit, contenders or not.
        near: how many places were found when the nearest alone were looked for; None where all
            were.
    """

    row: CTE
    fitting: ScalarSelect[Any]
    near: ScalarSelect[Any] | None


def contenders(
    asked: Asked, open_to: Collection[str], weights: Weights, nearest: int | None
) -> Contenders:
    """Services, each at its nearest place, that may be among those that fit best or nearly fit.

    Args:
        asked: what is asked.
        open_to: criteria in which a no leaves nobody out.
        weights: the declared table.
        nearest: look only at so many places nearest to the question's point that could be of use,
            and at those that are nowhere; None for all in reach.
    """
    pool = _pool(asked, open_to, weights, nearest)
    each = (
        select(pool)
        .ext(distinct_on(pool.c.service_id))
        .order_by(pool.c.service_id, pool.c.metres.asc().nulls_last(), pool.c.place)
        .subquery()
    )
    # At its nearest place a service may have more noes than at another: left out only now.
    candidate = (
        select(
            each,
            func.row_number()
            .over(partition_by=each.c.wrong, order_by=each.c.low.desc())
            .label("n"),
        )
        .where(each.c.wrong <= MOST_WRONG)
        .cte("candidate")
        .prefix_with("MATERIALIZED")
    )
    shown = case((candidate.c.wrong == 0, OFFSET + LIMIT), else_=NEAR_MISSES)
    least = (
        select(candidate.c.wrong, func.min(candidate.c.low).label("low"))
        .where(candidate.c.n <= shown)
        .group_by(candidate.c.wrong)
        .cte("least")
        .prefix_with("MATERIALIZED")
    )
    row = (
        select(candidate.c.service_id, candidate.c.place, candidate.c.metres)
        .join(least, least.c.wrong == candidate.c.wrong)
        .where(candidate.c.low + candidate.c.more >= least.c.low - ROUNDING)
        .cte("contender")
        .prefix_with("MATERIALIZED")
    )
    fitting = select(func.count()).where(candidate.c.wrong == 0).scalar_subquery()
    near = None if nearest is None else select(func.count(pool.c.metres)).scalar_subquery()
    return Contenders(row, fitting, near)


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


def _pool(asked: Asked, open_to: Collection[str], weights: Weights, nearest: int | None) -> CTE:
    """All who come into question, narrow: near a town there are thousands."""
    spot, wanted = asked.spot, partial(_asked, asked, weights)
    if spot is None or nearest is None:
        parts = [each.offset(_ONCE) for each in in_reach(wanted, asked)]
    else:
        nowhere = nowhere_of(wanted(distance(flat, None)), asked, spot)
        near = nearest_of(wanted(distance(flat, spot)), asked, spot, nearest)
        parts = [near, nowhere.offset(_ONCE)]
    pool = union_all(*(_bounded(each, asked, open_to, weights) for each in parts))
    return pool.cte("pool").prefix_with("MATERIALIZED")


_ONCE: ColumnElement[Any] = literal_column("0")
"""Keeps PostgreSQL from working out what stands in a subquery wherever it is used."""


def _asked(asked: Asked, weights: Weights, metres: ColumnElement[Any]) -> Select[Any]:
    """Flat rows with their answers, as if nobody said any of the words."""
    said = answered(asked, metres, NOT_SAID, weights)
    says = asked.statement.says(flat) if asked.statement.worded else false()
    return select(flat.service_id, flat.place, says.label("says"), *said)


def _bounded(
    wanted: Select[Any], asked: Asked, open_to: Collection[str], weights: Weights
) -> Select[Any]:
    """Each row's noes, and between what its score lies."""
    found = named_answers(wanted.subquery())
    row = found.row
    text = of_words(row, found.answers, asked, weights) * weights.words["text"]
    return select(
        row.c.service_id,
        row.c.place,
        row.c.metres,
        noes_of(found.answers, open_to).label("wrong"),
        mean(row, found.answers, asked, weights).label("low"),
        case((row.c.says, text), else_=0.0).label("more"),
    )
