"""The engine: one question, asked of every candidate; what fits, and what nearly does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    case,
    cast,
    false,
    func,
    literal,
    select,
)
from sqlmodel import Session

from services.providers import listing
from services.providers.catalogue import point_of_parameter
from services.providers.matching.candidates import candidates
from services.providers.matching.criteria import HARD
from services.providers.matching.noes import noes
from services.providers.matching.question import Question, Vocabulary, minutes, vocabulary
from services.providers.matching.ranking import nearest_first, score
from services.providers.matching.request import MatchRequest
from services.providers.matching.results import found, result
from services.providers.matching.statement import SILENT, Statement, understood
from services.providers.matching.weights import Weights, weights
from services.providers.nested import Json
from services.providers.paging import envelope
from services.providers.points import Point
from services.providers.queries import NeedSearch
from services.providers.replies import replies

BEYOND = 1.5
"""How many times as far as is not too far a near miss may be."""
MOST_WRONG = 2
"""With how many noes a service is still a near miss."""


def search(session: Session, query: NeedSearch, now: datetime) -> Json:
    """GET /directory/search: one page of ranked services with distance, room and reasons.

    Args:
        session: where to read.
        query: what is asked.
        now: the present instant, for what has expired.

    Raises:
        Problem: 400 for an unknown code or postcode, naming the parameter.
    """
    known = vocabulary(session)
    question = Question(
        needs=known.of("need").asked("need", query.need),
        search=query.search,
        point=_point(session, query.near),
        within=query.within,
        days=(query.day,) if query.day else (),
        free_places=query.free_places,
        cost_max=query.cost_max,
        languages=(query.language.lower(),) if query.language else (),
        access=known.of("access").asked("access", query.access),
        age=query.age,
    )
    asked = candidates(
        question, known, reach=query.within, statement=SILENT, weights=weights(), now=now
    )
    ranked = (
        select(asked.row, func.count().over().label("total"))
        .where(*(answer.is_not(false()) for answer in asked.answers.values()))
        .order_by(*nearest_first(asked.row, asked.answers))
    )
    run = session.connection().execute
    rows = run(ranked.limit(query.per_page).offset(query.offset)).all()
    if rows or query.page == 1:
        total = rows[0].total if rows else 0
    else:
        total = run(select(func.count()).select_from(ranked.subquery())).scalar_one()
    listed = listing.listings(session, [row.service_id for row in rows], now)
    contents = [
        result(found(row, listed[row.service_id], question, now.date()), question, known)
        for row in rows
    ]
    return envelope(query, total, contents)


def match(session: Session, asked: MatchRequest, now: datetime) -> Json:
    """POST /directory/match: what fits one person, and what nearly does.

    Args:
        session: where to read; nothing is written.
        asked: what is asked.
        now: the present instant, for what has expired.

    Raises:
        Problem: 400 for an unknown code or postcode, naming the member.
    """
    known = vocabulary(session)
    table = weights()
    question = _question(session, asked, known, table)
    statement = understood(session, asked.matters, known, table)
    overridden = {each.criterion: each.reason for each in asked.overrides}
    rows, weighed = _enough(session, question, statement, asked, known, table, now)
    listed = listing.listings(session, [row.service_id for row in rows], now)
    by = asked.travel.by if asked.travel else None
    answered = replies(session, listed, now)
    fits, misses = [], []
    for row in rows:
        key = row.service_id
        one = found(row, listed[key], question, now.date(), by, answered.get(key))
        shown = result(one, question, known) | {"score": float(row.score)}
        said = noes(one, question, known)
        passed = [each for each in said if each["criterion"] in overridden]
        if not row.fits:
            misses.append(shown | {"excluded": [each for each in said if each not in passed]})
        elif passed:
            fits.append(shown | {"overridden": [_why(each, overridden) for each in passed]})
        else:
            fits.append(shown)
    answer: Json = {
        "weights": table.version,
        "understood": {
            taxonomy: sorted(codes) for taxonomy, codes in sorted(statement.terms.items())
        },
        "total": next((row.total for row in rows if row.fits), 0),
        "matches": fits,
        "near_misses": misses,
    }
    return answer if weighed is None else answer | {"nearest": weighed}


def _enough(
    session: Session,
    question: Question,
    statement: Statement,
    asked: MatchRequest,
    known: Vocabulary,
    table: Weights,
    now: datetime,
) -> tuple[Sequence[Row[Any]], int | None]:
    """The nearest are weighed; and everything in reach, where too few of them fit.

    Returns:
        The rows, and how many of the nearest were weighed where that was not all.
    """
    if question.point is not None:
        rows = _fits_and_misses(
            session, question, statement, asked, known, table, now, nearest=table.nearest
        )
        full = not rows or rows[0].near >= table.nearest
        if not full or sum(row.fits for row in rows) >= asked.limit:
            return rows, table.nearest if full else None
    return _fits_and_misses(session, question, statement, asked, known, table, now), None


def _question(session: Session, asked: MatchRequest, known: Vocabulary, table: Weights) -> Question:
    company = known.of("company").asked("company", [asked.company] if asked.company else [])
    others = {"women": "men", "men": "women"}.get(asked.company or "")
    within = asked.within
    if asked.travel is not None:
        within = table.reach(asked.travel.by, asked.travel.minutes)
    return Question(
        needs=known.of("need").asked("needs", asked.needs),
        activities=known.of("activity").asked("activities", asked.activities),
        point=_point(session, asked.near),
        within=within,
        days=asked.days,
        start=minutes(asked.start),
        end=minutes(asked.end),
        free_places=asked.free_places,
        cost_max=asked.cost_max,
        languages=asked.languages,
        access=known.of("access").asked("access", asked.access),
        formats=known.of("format").asked("formats", asked.formats),
        company=asked.company,
        company_terms=next(iter(company.values()), ()),
        other_company=known.of("company").ids.get(others or "", ()),
        age=asked.age,
        of_one_person=True,
    )


def _fits_and_misses(
    session: Session,
    question: Question,
    statement: Statement,
    asked: MatchRequest,
    known: Vocabulary,
    table: Weights,
    now: datetime,
    *,
    nearest: int | None = None,
) -> Sequence[Row[Any]]:
    """The best of what fits, then the best of what nearly does, in one statement."""
    reach = None if question.within is None else question.within * BEYOND
    every_one = candidates(
        question,
        known,
        reach=reach,
        statement=statement,
        weights=table,
        now=now,
        nearest=nearest,
    )
    open_to = {each.criterion for each in asked.overrides}
    counted = {
        name: answer
        for name, answer in every_one.answers.items()
        if _criterion(name) in HARD or _criterion(name) not in open_to
    }
    wrong: ColumnElement[Any] = sum(
        (cast(answer.is_(false()), Integer) for answer in counted.values()), start=literal(0)
    )
    fit = score(
        every_one.row, every_one.answers, question, table, now.date(), worded=statement.worded
    )
    scored = (
        select(every_one.row, fit.label("score"), wrong.label("wrong"))
        .cte("scored")
        .prefix_with("MATERIALIZED")
    )
    best = (
        scored.c.score.desc(),
        scored.c.metres.asc().nulls_last(),
        scored.c.name,
        scored.c.service_id,
    )
    fits = scored.c.wrong == 0
    side = fits.label("fits")
    order = (scored.c.wrong, *best)
    numbered = (
        select(
            scored,
            side,
            func.row_number().over(partition_by=fits, order_by=order).label("rank"),
            func.count().over(partition_by=fits).label("total"),
        )
        .where(scored.c.wrong <= MOST_WRONG)
        .subquery()
    )
    shown = case((numbered.c.fits, asked.limit), else_=asked.near_misses)
    wanted = select(numbered).where(numbered.c.rank <= shown)
    if every_one.near is not None:
        wanted = wanted.add_columns(every_one.near.label("near"))
    wanted = wanted.order_by(numbered.c.fits.desc(), numbered.c.rank)
    return session.connection().execute(wanted).all()


def _criterion(name: str) -> str:
    return "access" if name.startswith("access_") else name


def _why(no: Json, overridden: Mapping[str, str]) -> Json:
    return no | {"override": overridden[no["criterion"]]}


def _point(session: Session, near: str | tuple[float, float] | None) -> Point | None:
    if isinstance(near, str):
        found: Point = point_of_parameter(session, "near", near)
        return found
    return Point(*near) if near is not None else None
