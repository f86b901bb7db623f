"""Who comes into question: near enough, of use, running; and what each answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
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
from sqlalchemy.dialects.postgresql import TSQUERY, distinct_on

from services.providers.catalogue import words_match
from services.providers.matching.arrays import array_of, open_to, overlaps
from services.providers.matching.criteria import Here, answers, known_state
from services.providers.matching.kinds import Asked, Reach, Spot
from services.providers.matching.question import Question
from services.providers.matching.vocabulary import TermIds
from services.providers.points import haversine
from services.providers.rows import table
from services.providers.tables.matching import SIGNS, SPOT

MATCHABLE = table("matchable")
flat = MATCHABLE.c
service = table("service").c

ONCE: ColumnElement[Any] = literal_column("0")
"""As an offset, it keeps PostgreSQL from working out what stands in a subquery wherever it is
used."""


@dataclass(frozen=True)
class Candidates:
    """Who comes into question, and the answer of each to each question.

    Attributes:
        row: the candidates.
        answers: yes, no or unknown to each question, by name.
    """

    row: Any
    answers: Mapping[str, ColumnElement[Any]]


def candidates(asked: Asked) -> Candidates:
    """Running services at their nearest place, asked every question.

    A place that is not known is kept: nobody knows that it is too far.

    Args:
        asked: what is asked.
    """
    parts = []
    for places in in_reach(asked):
        row = places.offset(ONCE).subquery().c
        met = met_of(row, asked.question.needs).label("met")
        parts.append(select(row.place, row.location_id, row.name, met, *answered(asked, row)))
    every = union_all(*parts).subquery()
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


def answered(asked: Asked, row: Any) -> list[ColumnElement[Any]]:
    """What a place says to a question: each answer (`is_...`), and what else is weighed of it.

    Args:
        asked: what is asked.
        row: its columns; see `at_places`.
    """
    state = known_state(row, asked.moment.now)
    here = Here(row, row.metres, state, row.room_places, overlaps(row.terms, asked.formats))
    return [
        row.service_id,
        row.remote,
        row.metres,
        row.verified,
        state.label("state"),
        *(answer.label(f"is_{name}") for name, answer in answers(asked, here).items()),
    ]


def met_of(row: Any, several: Mapping[str, TermIds]) -> ColumnElement[Any]:
    """How many of the terms that were asked for a place meets.

    Args:
        row: its columns.
        several: what was asked for, each with all that it stands for.
    """
    each = [cast(overlaps(row.terms, keys), Integer) for keys in several.values()]
    return sum(each, start=literal(0)) if each else literal(0)


# --- where, and of what use ------------------------------------------------------------------


def at_places(metres: ColumnElement[Any]) -> Select[Any]:
    """Flat rows with how far each place is (`metres`)."""
    return select(*flat, metres.label("metres"))


def in_reach(asked: Asked) -> list[Select[Any]]:
    """All places that could be of use and are not too far. What is nowhere is a part of its own:
    each part has an index that the other cannot use.

    Args:
        asked: what is asked.
    """
    spot, reach = asked.spot, asked.reach
    metres = distance(flat, spot)
    every = with_text(at_places(metres), asked.question).where(*of_use(asked))
    if spot is None or reach is None:
        return [every]
    if by_terms(asked):
        box = [_of_terms(asked), _in_box(reach)]
    else:
        box = [
            flat.latitude.between(reach.south, reach.north),
            flat.longitude.between(reach.west, reach.east),
        ]
    return [every.where(*box, metres <= reach.metres), nowhere(asked, spot)]


def nearest(asked: Asked, spot: Spot, most: int, *, by_words: bool) -> Select[Any]:
    """The nearest places that could be of use, found by the index in that order. Those in the
    corners of the box around what is in reach are among them.

    Args:
        asked: what is asked.
        spot: where the person sets out.
        most: how many.
        by_words: see `of_use`.
    """
    away = literal_column(SPOT).op("<->")(func.point(spot.longitude, spot.mercator))
    found = with_text(at_places(distance(flat, spot)), asked.question).where(
        *of_use(asked, by_words=by_words), flat.latitude.is_not(None)
    )
    if by_terms(asked, by_words=by_words):
        found = found.where(_of_terms(asked))
    if asked.reach is not None:
        found = found.where(_in_box(asked.reach))
    return found.order_by(away, flat.service_id, flat.place).limit(most)


def by_terms(asked: Asked, *, by_words: bool = True) -> bool:
    """Whether terms alone say what could be of use, so that the index of places is asked for them,
    too: wherever that is, the same plan is best.

    Args:
        asked: what is asked.
        by_words: see `of_use`.
    """
    words = asked.question.search is not None or (by_words and asked.statement.worded)
    return bool(asked.useful) and not words


def _of_terms(asked: Asked) -> ColumnElement[bool]:
    words = func.array_to_string(array_of(asked.useful), " | ")
    # A subquery is worked out once, not for each place.
    wanted = select(cast(words, TSQUERY)).scalar_subquery()
    found: ColumnElement[bool] = literal_column(SIGNS).op("@@", is_comparison=True)(wanted)
    return found


def _in_box(reach: Reach) -> ColumnElement[bool]:
    box = func.box(func.point(reach.west, reach.low), func.point(reach.east, reach.high))
    found: ColumnElement[bool] = literal_column(SPOT).op("<@", is_comparison=True)(box)
    return found


def nowhere(asked: Asked, spot: Spot, *, by_words: bool = True) -> Select[Any]:
    """All that could be of use and are nowhere: they visit, ring, meet online, or did not say.

    Args:
        asked: what is asked.
        spot: where the person sets out.
        by_words: see `of_use`.
    """
    found = with_text(at_places(distance(flat, None)), asked.question).where(
        *of_use(asked, by_words=by_words), flat.latitude.is_(None)
    )
    if asked.reach is not None:
        found = found.where(_for_people_of(spot.hub, asked.question))
    return found


def with_text(wanted: Select[Any], question: Question) -> Select[Any]:
    """With what services say of themselves, where it is asked as people type it into a search."""
    if question.search is None:
        return wanted
    return wanted.join(table("service"), service.id == flat.service_id)


def of_use(asked: Asked, *, by_words: bool = True) -> list[ColumnElement[bool]]:
    """Conditions for what the question could be about.

    Args:
        asked: what is asked.
        by_words: whether it is enough to say some of the person's own words.
    """
    question, statement = asked.question, asked.statement
    found = [overlaps(flat.terms, asked.useful)] if asked.useful else []
    if statement.worded and by_words:
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
