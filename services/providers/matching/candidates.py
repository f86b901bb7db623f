"""Who comes into question: near enough, of use, running; and what each answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    Label,
    Select,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.providers.catalogue import words_match
from services.providers.matching.arrays import open_to, overlaps
from services.providers.matching.criteria import Here, answers, known_state
from services.providers.matching.kinds import Asked, Spot
from services.providers.matching.question import Question
from services.providers.matching.weights import Weights
from services.providers.points import haversine
from services.providers.rows import table
from services.providers.tables.matching import SPOT

MATCHABLE = table("matchable")
flat = MATCHABLE.c
service = table("service").c


@dataclass(frozen=True)
class Candidates:
    """Who comes into question, and the answer of each to each question.

    Attributes:
        row: the candidates.
        answers: yes, no or unknown to each question, by name.
    """

    row: Any
    answers: Mapping[str, ColumnElement[Any]]


def candidates(asked: Asked, *, weights: Weights) -> Candidates:
    """Running services at their nearest place, asked every question.

    A place that is not known is kept: nobody knows that it is too far.

    Args:
        asked: what is asked.
        weights: the declared table.
    """
    rank = asked.statement.rank(flat)

    def all_of(metres: ColumnElement[Any]) -> Select[Any]:
        said = answered(asked, metres, rank, weights)
        return select(flat.service_id, flat.place, flat.location_id, flat.name, *said)

    every = union_all(*in_reach(all_of, asked)).subquery()
    shown = [column for column in every.c if column.name != "place"]
    found = (
        select(*shown)
        .ext(distinct_on(every.c.service_id))
        .order_by(every.c.service_id, every.c.metres.asc().nulls_last(), every.c.place)
    )
    return named_answers(found.cte("candidate").prefix_with("MATERIALIZED"))


def named_answers(row: CTE | Any) -> Candidates:
    """Rows that hold what `answered` gives, with their answers by name."""
    columns = {column.name: column for column in row.c}
    found = {
        name.removeprefix("is_"): column
        for name, column in columns.items()
        if name.startswith("is_")
    }
    return Candidates(row, found)


def answered(
    asked: Asked, metres: ColumnElement[Any], rank: ColumnElement[Any], weights: Weights
) -> list[Label[Any]]:
    """What a flat row says to a question: each answer (`is_...`), and what is weighed.

    Args:
        asked: what is asked.
        metres: how far the place is.
        rank: how much of the person's own words the service says.
        weights: the declared table.
    """
    state = known_state(asked.moment.now)
    here = Here(flat, metres, state, flat.room_places, overlaps(flat.terms, asked.formats))
    return [
        flat.remote.label("remote"),
        metres.label("metres"),
        _met(flat, asked.question.needs).label("met"),
        _met(flat, asked.question.activities).label("does"),
        asked.statement.fit(flat, rank, weights).label("words"),
        state.label("state"),
        flat.verified.label("verified"),
        *(answer.label(f"is_{name}") for name, answer in answers(asked, here).items()),
    ]


# --- where, and of what use ------------------------------------------------------------------


def in_reach(
    wanted: Callable[[ColumnElement[Any]], Select[Any]], asked: Asked
) -> list[Select[Any]]:
    """All that could be of use and is not too far. What is nowhere is a part of its own: each part
    has an index that the other cannot use.

    Args:
        wanted: columns of flat rows, given how far each is.
        asked: what is asked.
    """
    spot, reach = asked.spot, asked.reach
    metres = distance(flat, spot)
    every = with_text(wanted(metres), asked.question).where(*of_use(asked))
    if spot is None or reach is None:
        return [every]
    inside = every.where(
        flat.latitude.between(reach.south, reach.north),  # the box, which an index answers
        flat.longitude.between(reach.west, reach.east),
        metres <= reach.metres,
    )
    return [inside, nowhere_of(wanted(distance(flat, None)), asked, spot)]


def nearest_of(wanted: Select[Any], asked: Asked, spot: Spot, most: int) -> Select[Any]:
    """The nearest places that could be of use, found by the index in that order.

    Args:
        wanted: columns of flat rows.
        asked: what is asked.
        spot: where the person sets out.
        most: how many.
    """
    away = literal_column(SPOT).op("<->")(func.point(spot.longitude, spot.mercator))
    found = with_text(wanted, asked.question).where(*of_use(asked), flat.latitude.is_not(None))
    if asked.reach is not None:
        reach = asked.reach
        corners = (func.point(reach.west, reach.low), func.point(reach.east, reach.high))
        found = found.where(
            literal_column(SPOT).op("<@", is_comparison=True)(func.box(*corners)),
            distance(flat, spot) <= reach.metres,
        )
    return found.order_by(away, flat.service_id, flat.place).limit(most)


def nowhere_of(wanted: Select[Any], asked: Asked, spot: Spot) -> Select[Any]:
    """All that could be of use and are nowhere: they visit, ring, meet online, or did not say.

    Args:
        wanted: columns of flat rows.
        asked: what is asked.
        spot: where the person sets out.
    """
    found = with_text(wanted, asked.question).where(*of_use(asked), flat.latitude.is_(None))
    if asked.reach is not None:
        found = found.where(_for_people_of(spot.hub, asked.question))
    return found


def with_text(wanted: Select[Any], question: Question) -> Select[Any]:
    """With what services say of themselves, where it is asked as people type it into a search."""
    if question.search is None:
        return wanted
    return wanted.join(table("service"), service.id == flat.service_id)


def of_use(asked: Asked) -> list[ColumnElement[bool]]:
    """Conditions for what the question could be about."""
    question, statement = asked.question, asked.statement
    found = [overlaps(flat.terms, asked.useful)] if asked.useful else []
    if statement.worded:
        found.append(statement.says(flat))
    wanted = [or_(*found)] if found else []
    return wanted if question.search is None else [*wanted, words_match(question.search)]


def distance(row: Any, point: Spot | None) -> ColumnElement[Any]:
    """How far a row's place is, in metres; NULL where that is not known."""
    if point is None:
        return cast(null(), Float)
    return haversine(point, row.latitude, row.longitude)


def _for_people_of(hub: str | None, question: Question) -> ColumnElement[bool]:
    """Whether a place that is nowhere is for people who live in a hub's place."""
    if question.of_one_person and hub is not None:
        return open_to(flat.areas, hub)
    return true()


def _met(row: Any, several: Any) -> ColumnElement[Any]:
    """How many of the terms that were asked for it meets."""
    each = [cast(overlaps(row.terms, keys), Integer) for keys in several.values()]
    return sum(each, start=literal(0)) if each else literal(0)
