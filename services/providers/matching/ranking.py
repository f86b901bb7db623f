"""In which order: the nearest first for a simple search, by declared weights for a person.

Both orders are total, so that the same question has the same answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, Float, Integer, Numeric, case, cast, func, literal

from services.providers.domain import HALF_LIFE, UNVERIFIED, CapacityState
from services.providers.matching.candidates import met_of
from services.providers.matching.kinds import Asked
from services.providers.matching.weights import Weights

WORDS = "words"
"""What the weight of a person's own words is called."""

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


def mean(row: Any, answers: Columns, asked: Asked, weights: Weights) -> ColumnElement[Any]:
    """The weighed mean, from 0 to 1, of all that was asked and can be better or worse; without what
    a service's own text adds to it.

    Reply times and acceptance rates are never among it (care 26), and nothing about the person's
    background can be: it is not asked.

    Args:
        row: the candidates.
        answers: yes, no or unknown to each question.
        asked: what was asked.
        weights: the declared table.
    """
    parts = _parts(row, answers, asked, weights)
    weighed = sum(
        (cast(value, Float) * float(weight) for weight, value in parts), start=literal(0.0)
    )
    return weighed / float(sum(weight for weight, _ in parts))


def with_words(
    low: ColumnElement[Any], rank: ColumnElement[Any], share: float, asked: Asked, weights: Weights
) -> ColumnElement[Any]:
    """The score that is shown: the mean with what a service's own text adds, to four places.

    Args:
        low: see `mean`.
        rank: how much of what was said stands in the text.
        share: see `of_words`.
        asked: what was asked.
        weights: the declared table.
    """
    whole = low + asked.statement.text(rank, weights) * share if asked.statement.worded else low
    return func.round(cast(whole, Numeric), 4)


def of_words(row: Any, answers: Columns, asked: Asked, weights: Weights) -> float:
    """How much of a score the person's own words are; 0 where there are none."""
    if not asked.statement.worded:
        return 0.0
    return weights.of[WORDS] / sum(weight for weight, _ in _parts(row, answers, asked, weights))


def _parts(
    row: Any, answers: Columns, asked: Asked, weights: Weights
) -> list[tuple[float, ColumnElement[Any]]]:
    """What is weighed, and how much each thing counts. Confidence falls by the present day; it
    weighs and never excludes.
    """
    question = asked.question
    parts: list[tuple[float, ColumnElement[Any]]] = [
        (weights.of["room"], case(weights.room, value=row.state, else_=weights.unknown)),
        (weights.of["confidence"], _confidence(row, asked.moment.today)),
    ]
    for name, several in (("needs", question.needs), ("activities", question.activities)):
        if several:
            parts.append((weights.of[name], _share(met_of(row, several), len(several))))
    if asked.statement.worded:
        parts.append((weights.of[WORDS], asked.statement.meant_by(row, weights)))
    if question.point is not None:
        parts.append((weights.of["nearness"], _nearness(row, weights)))
    for name, answer in answers.items():
        weight = weights.of.get("access" if name.startswith("access_") else name)
        if weight is not None:
            yes = case((answer, 1.0), (answer.is_(None), weights.unknown), else_=0.0)
            parts.append((weight, yes))
    return parts


def _share(part: ColumnElement[Any], whole: int) -> ColumnElement[Any]:
    return cast(part, Float) / float(whole)


def _confidence(row: Any, today: Any) -> ColumnElement[Any]:
    """What `domain.confidence` says, in the database."""
    age = func.greatest(cast(today, Date) - row.verified, 0)
    falling = func.power(0.5, cast(age, Float) / float(HALF_LIFE.days))
    return case((row.verified.is_(None), UNVERIFIED), else_=falling)


def _nearness(row: Any, weights: Weights) -> ColumnElement[Any]:
    return case(
        (row.remote, weights.remote),
        (row.metres.is_(None), weights.unknown),
        else_=float(weights.half_way) / (float(weights.half_way) + row.metres),
    )
