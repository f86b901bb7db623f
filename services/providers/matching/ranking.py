"""In which order: the nearest first for a simple search, by declared weights for a person.

Both orders are total, so that the same question has the same answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, Float, Integer, Numeric, case, cast, func, literal

from services.providers.domain import HALF_LIFE, UNVERIFIED, CapacityState
from services.providers.matching.question import Question
from services.providers.matching.weights import Weights

Columns = Mapping[str, ColumnElement[Any]]


def nearest_first(row: CTE, answers: Columns) -> Sequence[ColumnElement[Any]]:
    """For a simple search: lexicographic and nothing weighed, so that it can be told in one
    sentence: more of the needs first, full ones last, then the nearest, then those with fewer open
    questions.
    """
    unknown = sum((cast(each.is_(None), Integer) for each in answers.values()), start=literal(0))
    return (
        row.c.met.desc(),
        cast(row.c.state == CapacityState.FULL.value, Integer),
        row.c.metres.asc().nulls_last(),
        unknown,
        row.c.name,
        row.c.service_id,
    )


def score(
    row: CTE,
    answers: Columns,
    question: Question,
    weights: Weights,
    today: Any,
    *,
    worded: bool,
) -> ColumnElement[Any]:
    """The weighed mean, from 0 to 1, of all that was asked and can be better or worse.

    Reply times and acceptance rates are never among it (care 26), and nothing about the person's
    background can be: it is not asked.

    Args:
        row: the candidates.
        answers: yes, no or unknown to each question.
        question: what was asked.
        weights: the declared table.
        today: the present day, by which confidence falls; it weighs and never excludes.
        worded: whether the person said what matters to them.
    """
    parts: list[tuple[float, ColumnElement[Any]]] = [
        (weights.of["room"], case(weights.room, value=row.c.state, else_=weights.unknown)),
        (weights.of["confidence"], _confidence(row, today)),
    ]
    if question.needs:
        parts.append((weights.of["needs"], _share(row.c.met, len(question.needs))))
    if question.activities:
        parts.append((weights.of["activities"], _share(row.c.does, len(question.activities))))
    if worded:
        parts.append((weights.of["words"], row.c.words))
    if question.point is not None:
        parts.append((weights.of["nearness"], _nearness(row, weights)))
    for name, answer in answers.items():
        weight = weights.of.get("access" if name.startswith("access_") else name)
        if weight is not None:
            yes = case((answer, 1.0), (answer.is_(None), weights.unknown), else_=0.0)
            parts.append((weight, yes))
    whole = sum(weight for weight, _ in parts)
    weighed = sum((cast(value, Float) * weight for weight, value in parts), start=literal(0.0))
    return func.round(cast(weighed / whole, Numeric), 4)


def _share(part: ColumnElement[Any], whole: int) -> ColumnElement[Any]:
    return cast(part, Float) / whole


def _confidence(row: CTE, today: Any) -> ColumnElement[Any]:
    """What `domain.confidence` says, in the database."""
    age = func.greatest(cast(today, Date) - row.c.verified, 0)
    falling = func.power(0.5, cast(age, Float) / HALF_LIFE.days)
    return case((row.c.verified.is_(None), UNVERIFIED), else_=falling)


def _nearness(row: CTE, weights: Weights) -> ColumnElement[Any]:
    return case(
        (row.c.remote, weights.remote),
        (row.c.metres.is_(None), weights.unknown),
        else_=weights.half_way / (weights.half_way + row.c.metres),
    )
