"""Who comes into question: near enough, of use, running; and what each answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    and_,
    cast,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers.catalogue import words_match
from services.providers.gazetteer import box_around
from services.providers.matching.criteria import Here, answers, known_state, open_to, overlaps
from services.providers.matching.flattening import REMOTE
from services.providers.matching.question import Question, Vocabulary
from services.providers.matching.statement import Statement
from services.providers.matching.weights import Weights
from services.providers.points import Point, haversine
from services.providers.rows import table

flat = table("matchable").c
service = table("service").c
room = table("capacity").c


@dataclass(frozen=True)
class Candidates:
    """Who comes into question, and the answer of each to each question."""

    row: CTE
    answers: Mapping[str, ColumnElement[Any]]


def candidates(
    question: Question,
    known: Vocabulary,
    *,
    reach: float | None,
    statement: Statement,
    weights: Weights,
    now: datetime,
) -> Candidates:
    """Running services at their nearest place, asked every question.

    The rows are narrow and nothing is joined that the questions can do without: near a town there
    are thousands. A place that is not known is kept: nobody knows that it is too far.

    Args:
        question: what is asked.
        known: the directory's taxonomies.
        reach: metres beyond which a service is not even a near miss; None for no limit.
        statement: what the person's own words came to mean.
        weights: the declared table.
        now: the present instant.
    """
    formats = known.of("format").ids
    every = tuple(key for keys in formats.values() for key in keys)
    distance, state = _metres(question.point), known_state(now)
    here = Here(flat, distance, state, room.places, overlaps(flat.terms, every))
    asked = answers(question, formats.get(REMOTE[0], ()), here, now)
    wanted = (
        select(
            flat.service_id,
            flat.location_id,
            flat.name,
            flat.remote,
            distance.label("metres"),
            _met(question.needs).label("met"),
            _met(question.activities).label("does"),
            statement.fit(weights).label("words"),
            state.label("state"),
            flat.verified,
            *(answer.label(f"is_{name}") for name, answer in asked.items()),
        )
        .ext(distinct_on(flat.service_id))
        .select_from(table("matchable"))
        .outerjoin(table("capacity"), room.service_id == flat.service_id)
        .order_by(flat.service_id, distance.asc().nulls_last(), flat.place)
    )
    if question.search is not None or statement.worded:
        wanted = wanted.join(table("service"), service.id == flat.service_id)
    if question.point is not None and reach is not None:
        wanted = wanted.where(_within(question, reach, distance))
    of_use = _of_use(question, statement)
    if of_use:
        wanted = wanted.where(or_(*of_use))
    if question.search is not None:
        wanted = wanted.where(words_match(question.search))
    row = wanted.cte("candidate").prefix_with("MATERIALIZED")
    return Candidates(row, {name: row.c[f"is_{name}"] for name in asked})


def _of_use(question: Question, statement: Statement) -> list[ColumnElement[bool]]:
    """What a service must do or be about, any of it; nothing where nothing of the kind is asked."""
    asked = [overlaps(flat.terms, question.wanted)] if question.wanted else []
    return asked + statement.of_use()


def _metres(point: Point | None) -> ColumnElement[Any]:
    if point is None:
        return cast(null(), Float)
    return haversine(point, flat.latitude, flat.longitude)


def _within(question: Question, reach: float, distance: ColumnElement[Any]) -> ColumnElement[bool]:
    """First the box, which an index answers; a place without a point is in reach, unless it is for
    people of another hub's place.
    """
    point = question.point
    assert point is not None
    box = box_around(point.latitude, point.longitude, reach)
    inside = and_(
        flat.latitude.between(box.south, box.north),
        flat.longitude.between(box.west, box.east),
        distance <= reach,
    )
    nowhere = flat.latitude.is_(None)
    if question.of_one_person and point.hub is not None:
        return or_(and_(nowhere, open_to(flat.areas, point.hub)), inside)
    return or_(nowhere, inside)


def _met(several: Any) -> ColumnElement[Any]:
    """How many of the terms that were asked for it meets."""
    each = [cast(overlaps(flat.terms, keys), Integer) for keys in several.values()]
    return sum(each, start=literal(0)) if each else literal(0)
