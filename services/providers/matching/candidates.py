"""Who comes into question: near enough, of use, running; and what each answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers.catalogue import words_match
from services.providers.matching.arrays import open_to, overlaps
from services.providers.matching.criteria import Here, answers, known_state
from services.providers.matching.kinds import Asked, Reach, Spot
from services.providers.matching.question import Question
from services.providers.matching.statement import Statement
from services.providers.matching.weights import Weights
from services.providers.points import haversine
from services.providers.rows import table
from services.providers.tables.matching import SPOT

flat = table("matchable").c
service = table("service").c
room = table("capacity").c


@dataclass(frozen=True)
class Candidates:
    """Who comes into question, and the answer of each to each question.

    Attributes:
        row: the candidates.
        answers: yes, no or unknown to each question, by name.
        near: how many places were found when the nearest alone were looked for; None where all
            were.
    """

    row: CTE
    answers: Mapping[str, ColumnElement[Any]]
    near: ColumnElement[int] | None = None


def candidates(asked: Asked, *, weights: Weights, nearest: int | None = None) -> Candidates:
    """Running services at their nearest place, asked every question.

    The rows are narrow and nothing is joined that the questions can do without: near a town there
    are thousands. A place that is not known is kept: nobody knows that it is too far.

    Args:
        asked: what is asked.
        weights: the declared table.
        nearest: look only at so many places nearest to the question's point that could be of use,
            and at those that are nowhere; None for all in reach.
    """
    question, statement, spot = asked.question, asked.statement, asked.spot
    near = None
    source: FromClause
    distance: ColumnElement[Any]
    rank: ColumnElement[Any]
    if spot is not None and nearest is not None:
        pool = _pool(asked, spot, nearest)
        source, row, wanted = pool, pool.c, []
        distance, rank = pool.c.metres, pool.c.said
        near = select(func.count()).where(pool.c.somewhere).scalar_subquery()
    else:
        source, row = table("matchable"), flat
        distance, rank = _metres(flat, spot), statement.rank(flat)
        wanted = _asked_for(flat, question, statement)
        if spot is not None and asked.reach is not None:
            wanted.append(_within(question, spot, asked.reach))
    state = known_state(asked.moment.now)
    here = Here(row, distance, state, room.places, overlaps(row.terms, asked.formats))
    said = answers(asked, here)
    found = (
        select(
            row.service_id,
            row.location_id,
            row.name,
            row.remote,
            distance.label("metres"),
            _met(row, question.needs).label("met"),
            _met(row, question.activities).label("does"),
            statement.fit(row, rank, weights).label("words"),
            state.label("state"),
            row.verified,
            *(answer.label(f"is_{name}") for name, answer in said.items()),
        )
        .ext(distinct_on(row.service_id))
        .select_from(source)
        .outerjoin(table("capacity"), room.service_id == row.service_id)
        .order_by(row.service_id, distance.asc().nulls_last(), row.place)
    )
    if near is None:
        found = _with_text(found, question)
    every_one = found.where(*wanted).cte("candidate").prefix_with("MATERIALIZED")
    return Candidates(every_one, {name: every_one.c[f"is_{name}"] for name in said}, near)


def _pool(asked: Asked, point: Spot, nearest: int) -> CTE:
    """The nearest places that could be of use, found by the index in that order, and all that are
    nowhere; whole rows, so that none is looked up twice."""
    question, statement, reach = asked.question, asked.statement, asked.reach
    spot = literal_column(SPOT).op("<->")(func.point(point.longitude, point.mercator))
    where = _asked_for(flat, question, statement)
    somewhere = select(*flat).select_from(table("matchable")).where(*where)
    somewhere = _with_text(somewhere, question).where(flat.latitude.is_not(None))
    if reach is not None:
        corners = (func.point(reach.west, reach.low), func.point(reach.east, reach.high))
        somewhere = somewhere.where(
            literal_column(SPOT).op("<@", is_comparison=True)(func.box(*corners)),
            _metres(flat, point) <= reach.metres,
        )
    somewhere = somewhere.order_by(spot, flat.service_id, flat.place).limit(nearest)
    near = somewhere.cte("near").prefix_with("MATERIALIZED")
    nowhere = _worked_out(flat, cast(null(), Float), statement, false()).where(*where)
    nowhere = _with_text(nowhere, question).where(flat.latitude.is_(None))
    if reach is not None:
        nowhere = nowhere.where(_for_people_of(point.hub, question))
    found = _worked_out(near.c, _metres(near.c, point), statement, true()).union_all(nowhere)
    return found.cte("pool").prefix_with("MATERIALIZED")


def _worked_out(
    row: Any, metres: ColumnElement[Any], statement: Statement, somewhere: ColumnElement[bool]
) -> Select[Any]:
    """A flat row without its text, and with what is asked of it more than once."""
    return select(
        *(column for column in row if column.name != "search"),
        metres.label("metres"),
        statement.rank(row).label("said"),
        somewhere.label("somewhere"),
    )


def _with_text(wanted: Select[Any], question: Question) -> Select[Any]:
    """With what services say of themselves, where it is asked as people type it into a search."""
    if question.search is None:
        return wanted
    return wanted.join(table("service"), service.id == flat.service_id)


def _asked_for(row: Any, question: Question, statement: Statement) -> list[ColumnElement[bool]]:
    of_use = [overlaps(row.terms, question.wanted)] if question.wanted else []
    of_use += statement.of_use(row)
    found = [or_(*of_use)] if of_use else []
    return found if question.search is None else [*found, words_match(question.search)]


def _metres(row: Any, point: Spot | None) -> ColumnElement[Any]:
    if point is None:
        return cast(null(), Float)
    return haversine(point, row.latitude, row.longitude)


def _within(question: Question, point: Spot, reach: Reach) -> ColumnElement[bool]:
    """First the box, which an index answers; a place without a point is in reach, unless it is for
    people of another hub's place.
    """
    inside = and_(
        flat.latitude.between(reach.south, reach.north),
        flat.longitude.between(reach.west, reach.east),
        _metres(flat, point) <= reach.metres,
    )
    nowhere = and_(flat.latitude.is_(None), _for_people_of(point.hub, question))
    return or_(nowhere, inside)


def _for_people_of(hub: str | None, question: Question) -> ColumnElement[bool]:
    """Whether a place that is nowhere is for people who live in a hub's place."""
    if question.of_one_person and hub is not None:
        return open_to(flat.areas, hub)
    return true()


def _met(row: Any, several: Any) -> ColumnElement[Any]:
    """How many of the terms that were asked for it meets."""
    each = [cast(overlaps(row.terms, keys), Integer) for keys in several.values()]
    return sum(each, start=literal(0)) if each else literal(0)
