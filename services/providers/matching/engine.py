"""The engine: one question, asked of every candidate; what fits, and what nearly does."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import RowMapping, Select, false, func, select
from sqlmodel import Session

from services.providers.catalogue import of_parameter
from services.providers.documents import offered
from services.providers.gazetteer import parse
from services.providers.matching.beginning import begin
from services.providers.matching.candidates import candidates
from services.providers.matching.contenders import LIMIT, OFFSET
from services.providers.matching.danger import notice
from services.providers.matching.kinds import Asked, asked, kind_of, named
from services.providers.matching.languages import meant_by
from services.providers.matching.noes import noes
from services.providers.matching.question import Question, minutes
from services.providers.matching.ranking import nearest_first
from services.providers.matching.request import MatchRequest
from services.providers.matching.results import found, result
from services.providers.matching.sentences import ask
from services.providers.matching.statement import MEANT, SILENT, understood
from services.providers.matching.vocabulary import Vocabulary
from services.providers.matching.weighing import alone, enough
from services.providers.matching.weights import Weights, weights
from services.providers.nested import Json
from services.providers.paging import envelope
from services.providers.points import ANEW, AS_EVER, BY_INDEX, Centroids, Point, point_among
from services.providers.queries import NeedSearch

OTHER_SEX = {"women": "men", "men": "women"}
UNLIKE = {"women": ("mixed",), "men": ("mixed",), "mixed": ("women", "men")}
"""For whom a group is, and which groups are not like it. A group for the other sex alone is closed
to whoever asks for their own; one that is for all, or for one sex where somebody wants both, is
only not what was asked for."""

BEYOND = 1.5
"""How many times as far as is not too far a near miss may be."""


def search(session: Session, query: NeedSearch, now: datetime) -> Json:
    """GET /directory/search: one page of ranked services with distance, room and reasons.

    Args:
        session: where to read.
        query: what is asked.
        now: the present instant, for what has expired.

    Raises:
        Problem: 400 for an unknown code or postcode, naming the parameter.
    """
    # What `candidates.by_terms` says of a whole question; here the terms are not read yet.
    within = query.near is not None and query.within is not None
    by_terms = within and bool(query.need) and query.search is None
    known, places = begin(session, query.near, BY_INDEX if by_terms else ANEW)
    question = Question(
        needs=known.of("need").asked("need", query.need),
        search=query.search,
        point=_point(places, query.near),
        within=query.within,
        days=(query.day,) if query.day else (),
        free_places=query.free_places,
        cost_max=query.cost_max,
        languages=meant_by([query.language] if query.language else ()),
        access=known.of("access").asked("access", query.access),
        age=query.age,
    )
    real = asked(question, SILENT, known, reach=query.within, now=now)
    run = partial(_ranked, session, real, query.per_page)
    rows = run(query.offset)
    if rows or query.page == 1:
        total = rows[0]["total"] if rows else 0
    else:
        first = run(0)
        total = first[0]["total"] if first else 0
    contents = [result(one, question, known) for one in found(session, rows, question, now)]
    return envelope(query, total, contents)


def _ranked(session: Session, real: Asked, limit: int, offset: int) -> Sequence[RowMapping]:
    """One page of what a search finds."""
    names, given = named(real)
    given |= {"limit": limit, "offset": offset}
    if real.question.search is not None:  # words stay values, and need not be kept
        return session.connection().execute(_page(names), given).mappings().all()
    return ask(session, ("search", kind_of(real)), given, lambda: _page(names)).mappings().all()


def _page(names: Asked) -> Select[Any]:
    every = candidates(names)
    order = nearest_first(every.row, every.answers)
    rank = func.row_number().over(order_by=order)
    page = (
        select(every.row, func.count().over().label("total"), rank.label("rank"))
        .where(*(answer.is_not(false()) for answer in every.answers.values()))
        .order_by(*order)
        .limit(LIMIT)
        .offset(OFFSET)
        .cte("found")
    )
    return offered(page, replies_too=False).order_by(page.c.rank)


def match(session: Session, request: MatchRequest, now: datetime) -> Json:
    """POST /directory/match: what fits one person, and what nearly does.

    Args:
        session: where to read; nothing is written.
        request: what is asked.
        now: the present instant, for what has expired.

    Raises:
        Problem: 400 for an unknown code or postcode, naming the member.
    """
    measured = request.within is not None or request.travel is not None
    known, places = begin(session, request.near, BY_INDEX if measured else AS_EVER)
    table = weights()
    question = _question(places, request, known, table)
    without = {
        taxonomy: known.of(taxonomy).asked(f"without.{taxonomy}", codes)
        for taxonomy, codes in request.without
    }
    statement = understood(request.matters, known, table, without)
    overridden = {each.criterion: each.reason for each in request.overrides}
    reach = None if question.within is None else question.within * BEYOND
    real = asked(question, statement, known, reach=reach, now=now)
    if request.about is None:
        weighed, nearest = enough(session, real, request, table)
    else:
        weighed, nearest = alone(session, real, request, table), None
    rows = weighed.rows
    by = request.travel.by if request.travel else None
    fits, misses = [], []
    for row, one in zip(rows, found(session, rows, question, now, by), strict=True):
        shown = result(one, question, known, statement) | {"score": float(row["score"])}
        said = noes(one, question, known)
        passed = [each for each in said if each["criterion"] in overridden]
        if not row["fits"]:
            misses.append(shown | {"excluded": [each for each in said if each not in passed]})
        elif passed:
            fits.append(shown | {"overridden": [_why(each, overridden) for each in passed]})
        else:
            fits.append(shown)
    answer: Json = {
        "weights": table.version,
        "understood": _sorted(statement.terms),
        "denied": _sorted(statement.denied),
        "names": {
            taxonomy: {code: known.of(taxonomy).names[code] for code in sorted(codes)}
            for taxonomy in MEANT
            if (
                codes := {
                    *statement.terms.get(taxonomy, ()),
                    *statement.denied.get(taxonomy, ()),
                    *without[taxonomy],
                }
            )
        },
        "total": weighed.total,
        "matches": fits,
        "near_misses": misses,
    }
    if nearest is not None:
        answer["nearest"] = nearest
    first = notice(request.matters)
    return answer if first is None else {"notice": first} | answer


def _sorted(codes: Mapping[str, Collection[str]]) -> Json:
    return {taxonomy: sorted(several) for taxonomy, several in sorted(codes.items())}


def _question(
    places: Centroids, asked: MatchRequest, known: Vocabulary, table: Weights
) -> Question:
    company = known.of("company").asked("company", [asked.company] if asked.company else [])
    groups, wanted = known.of("company").ids, asked.company or ""
    within = asked.within
    if asked.travel is not None:
        within = table.reach(asked.travel.by, asked.travel.minutes)
    return Question(
        needs=known.of("need").asked("needs", asked.needs),
        activities=known.of("activity").asked("activities", asked.activities),
        point=_point(places, asked.near),
        within=within,
        days=asked.days,
        start=minutes(asked.start),
        end=minutes(asked.end),
        free_places=asked.free_places,
        cost_max=asked.cost_max,
        languages=meant_by(asked.languages),
        access=known.of("access").asked("access", asked.access),
        formats=known.of("format").asked("formats", asked.formats),
        company=asked.company,
        company_terms=next(iter(company.values()), ()),
        other_company=groups.get(OTHER_SEX.get(wanted, ""), ()),
        unlike_company=tuple(
            key for code in UNLIKE.get(wanted, ()) for key in groups.get(code, ())
        ),
        age=asked.age,
        of_one_person=True,
    )


def _why(no: Json, overridden: Mapping[str, str]) -> Json:
    return no | {"override": overridden[no["criterion"]]}


def _point(places: Centroids, near: str | tuple[float, float] | None) -> Point | None:
    if isinstance(near, str):
        with of_parameter("near"):
            return point_among(places, parse(near))
    return Point(*near) if near is not None else None
