"""What fits and what nearly does, weighed: as few places as there need be, by one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Float, RowMapping, Select, and_, case, cast, func, select
from sqlmodel import Session

from services.providers import replies
from services.providers.documents import offered
from services.providers.matching.candidates import (
    MATCHABLE,
    ONCE,
    answered,
    at_places,
    distance,
    flat,
    named_answers,
)
from services.providers.matching.contenders import (
    LIMIT,
    NEAR_MISSES,
    OFFSET,
    Looked,
    contenders,
    noes_of,
)
from services.providers.matching.kinds import Asked, kind_of, named
from services.providers.matching.ranking import mean, of_words, with_words
from services.providers.matching.request import MatchRequest
from services.providers.matching.sentences import ask
from services.providers.matching.weights import Weights
from services.providers.points import plan_anew


@dataclass(frozen=True)
class Weighed:
    """What was found.

    Attributes:
        rows: the page of those that fit best, then the best of those that nearly do, each beside
            what is shown of it (see `documents.offered`).
        total: how many fit.
        near: how many of the nearest places were looked at; 0 where that was not asked.
    """

    rows: Sequence[RowMapping]
    total: int
    near: int


def enough(
    session: Session, real: Asked, request: MatchRequest, table: Weights
) -> tuple[Weighed, int | None]:
    """What is of the terms that were asked for or meant is looked at first: the nearest, and what
    is nowhere. Where too few of them fit, what only says some of the words, too; and where there
    are still too few, everything in reach.

    Args:
        session: where.
        real: what is asked.
        request: how much of the answer is shown.
        table: the declared weights.

    Returns:
        What was found, and how many of the nearest were weighed where that was not all.
    """
    if real.spot is not None:
        of_terms = bool(real.useful) and real.statement.worded
        for by_words in (False, True) if of_terms else (True,):
            looked = Looked(table.nearest, by_words=by_words)
            found = _weighed(session, real, request, table, looked)
            full = found.near >= table.nearest
            # By how many fit and not by how many are left of them: each page is of the same.
            if found.total >= request.limit or (by_words and not full):
                return found, table.nearest if full else None
    plan_anew(session)
    return _weighed(session, real, request, table, Looked()), None


def _weighed(
    session: Session, real: Asked, request: MatchRequest, table: Weights, looked: Looked
) -> Weighed:
    """The best of what fits, then the best of what nearly does, in one statement."""
    open_to = frozenset(each.criterion for each in request.overrides)
    names, given = named(real)
    kind = ("match", kind_of(real), open_to, looked, table.version)
    given |= {name: getattr(request, name) for name in ("limit", "offset", "near_misses")}
    given["since"] = replies.since(real.moment.now)
    rows = ask(session, kind, given, lambda: _weighing(names, open_to, table, looked))
    found = rows.mappings().all()
    first = found[0]  # there is one also where no service is
    of_services = [row for row in found if row["service_id"] is not None]
    return Weighed(of_services, first["total"], first["near"])


def alone(session: Session, real: Asked, request: MatchRequest, table: Weights) -> Weighed:
    """One service, at the place that suits best: also where it is too far, or has more against it
    than a near miss; none where it does not run."""
    row = at_places(distance(flat, real.spot)).where(flat.service_id == request.about).subquery().c
    told = named_answers(
        select(row.location_id, row.name, row.terms, row.search, *answered(real, row)).subquery()
    )
    here, answers = told.row.c, told.answers
    low = mean(here, answers, real, table)
    share = of_words(here, answers, real, table)
    wrong = noes_of(answers, {each.criterion for each in request.overrides})
    scored = select(
        *(column for column in here if column.name not in ("terms", "search")),
        with_words(low, real.statement.rank(here), share, real, table).label("score"),
        wrong.label("wrong"),
    ).cte("scored")
    fits = scored.c.wrong == 0
    one = select(scored, fits.label("fits")).order_by(*_best(scored)).limit(1).cte("found")
    since = {"since": replies.since(real.moment.now)}
    rows = session.connection().execute(offered(one, replies_too=True), since).mappings().all()
    return Weighed(rows, sum(row["fits"] for row in rows), 0)


_SHOWN = ("service_id", "location_id", "metres")


def _shown(name: str) -> bool:
    return name in _SHOWN or name.startswith("is_")


def _weighing(
    names: Asked, open_to: Collection[str], table: Weights, looked: Looked
) -> Select[Any]:
    chosen = contenders(names, open_to, table, looked)
    row = chosen.row.c
    ranked = (
        select(
            *(column for column in row if _shown(column.name)),
            row.wrong,
            row.low,
            flat.location_id,
            flat.name,
            names.statement.rank(flat).label("rank"),
        )
        .join(MATCHABLE, and_(flat.service_id == row.service_id, flat.place == row.place))
        .offset(ONCE)
        .subquery()
        .c
    )
    score = with_words(ranked.low, ranked.rank, chosen.share, names, table)
    weighed = (column for column in ranked if column.name not in ("low", "rank"))
    scored = select(*weighed, score.label("score")).cte("scored").prefix_with("MATERIALIZED")
    fits = scored.c.wrong == 0
    numbered = select(
        *(column for column in scored.c if _shown(column.name)),
        cast(scored.c.score, Float).label("score"),
        fits.label("fits"),
        func.row_number().over(partition_by=fits, order_by=_best(scored)).label("rank"),
    ).subquery()
    first = case((numbered.c.fits, OFFSET), else_=0)
    shown = case((numbered.c.fits, LIMIT), else_=NEAR_MISSES)
    on_page = and_(numbered.c.rank > first, numbered.c.rank <= first + shown)
    counts = select(chosen.fitting.label("total"), chosen.near.label("near")).subquery()
    found = select(numbered, counts).select_from(counts.outerjoin(numbered, on_page)).cte("found")
    return offered(found, replies_too=True).order_by(found.c.fits.desc(), found.c.rank)


def _best(scored: CTE) -> tuple[ColumnElement[Any], ...]:
    """The order: the fewest noes, then the best score, then the nearest; never by chance."""
    return (
        scored.c.wrong,
        scored.c.score.desc(),
        scored.c.metres.asc().nulls_last(),
        scored.c.name,
        scored.c.service_id,
    )
