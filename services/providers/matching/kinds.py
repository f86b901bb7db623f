"""Kinds of questions: two questions in which the same is asked are one statement with other values.

Writing a statement of this size takes Python longer than the database takes to answer many a
question. So it is written once for each kind, of a question that holds names in place of values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, DateTime, Float, Integer, String, Uuid, bindparam
from sqlalchemy.dialects.postgresql import ARRAY

from services.providers.gazetteer import box_around
from services.providers.matching.flattening import REMOTE
from services.providers.matching.question import Question
from services.providers.matching.statement import Statement
from services.providers.matching.vocabulary import Vocabulary
from services.providers.points import mercator

SEVERAL = ("needs", "activities", "access", "formats")
TERMS = ("company_terms", "other_company", "unlike_company")
WORDS = ("days", "languages")
NUMBERS = {"start": Integer, "end": Integer, "cost_max": Float, "age": Float, "within": Float}


class Reach(NamedTuple):
    """How far is looked, and the box around that in degrees and in Mercator's projection."""

    metres: Any
    south: Any
    north: Any
    west: Any
    east: Any
    low: Any
    high: Any


class Spot(NamedTuple):
    """A point as statements need it."""

    latitude: Any
    longitude: Any
    mercator: Any
    hub: Any


class Moment(NamedTuple):
    """The present day and instant."""

    today: Any
    now: Any


@dataclass(frozen=True)
class Asked:
    """A question with all that its statement needs; values, or names in their place.

    Attributes:
        question: what is asked.
        statement: what the person's own words came to mean.
        at_home: the terms of a service that visits people.
        formats: every way of meeting.
        useful: every term that is asked for or was meant.
        spot: where the person sets out.
        reach: how far is looked.
        moment: the present.
    """

    question: Question
    statement: Statement
    at_home: tuple[Any, ...]
    formats: tuple[Any, ...]
    useful: tuple[Any, ...]
    spot: Spot | None
    reach: Reach | None
    moment: Moment


def asked(
    question: Question,
    statement: Statement,
    known: Vocabulary,
    *,
    reach: float | None,
    now: datetime,
) -> Asked:
    """A question with its values.

    Args:
        question: what is asked.
        statement: what the person's own words came to mean.
        known: the directory's taxonomies.
        reach: metres beyond which a service is not even a near miss; None for no limit.
        now: the present instant.
    """
    formats = known.of("format").ids
    point, spot, around = question.point, None, None
    if point is not None:
        spot = Spot(point.latitude, point.longitude, mercator(point.latitude), point.hub)
        if reach is not None:
            box = box_around(point.latitude, point.longitude, reach)
            edges = (box.south, box.north, box.west, box.east)
            around = Reach(reach, *edges, mercator(box.south), mercator(box.north))
    return Asked(
        question,
        statement,
        formats.get(REMOTE[0], ()),
        tuple(key for keys in formats.values() for key in keys),
        tuple(dict.fromkeys((*question.wanted, *statement.meant))),
        spot,
        around,
        Moment(now.date(), now),
    )


Kind = tuple[Any, ...]
"""All of a question that its statement's text depends on."""


def kind_of(real: Asked) -> Kind:
    """What kind of question it is."""
    question, statement = real.question, real.statement
    return (
        *(len(getattr(question, name)) for name in SEVERAL),
        *(bool(getattr(question, name)) for name in (*TERMS, *WORDS)),
        *(getattr(question, name) is not None for name in NUMBERS),
        question.free_places,
        question.of_one_person,
        bool(real.at_home),
        bool(real.formats),
        real.spot is not None,
        real.spot is not None and real.spot.hub is not None,
        real.reach is not None,
        tuple((taxonomy, len(codes)) for taxonomy, codes in statement.terms.items()),
        statement.worded,
    )


def named(real: Asked) -> tuple[Asked, dict[str, Any]]:
    """A question with names in place of its values, and the values by name.

    Args:
        real: a question with its values; of another one of its kind the names are the same.
    """
    given: dict[str, Any] = {}

    def name(label: str, value: Any, kind: Any) -> Any:
        given[label] = value
        return bindparam(label, value, type_=kind)

    def listed(label: str, values: tuple[Any, ...], kind: Any = Uuid) -> tuple[Any, ...]:
        return (name(label, list(values), ARRAY(kind)),) if values else ()

    def several(label: str, values: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        return {
            f"{label}_{number}": listed(f"{label}_{number}", keys)
            for number, keys in enumerate(values.values())
        }

    question, statement, spot, reach = real.question, real.statement, real.spot, real.reach
    changed: dict[str, Any] = {each: several(each, getattr(question, each)) for each in SEVERAL}
    changed |= {each: listed(each, getattr(question, each)) for each in TERMS}
    changed |= {each: listed(each, getattr(question, each), String) for each in WORDS}
    for each, kind in NUMBERS.items():
        if getattr(question, each) is not None:
            changed[each] = name(each, getattr(question, each), kind)
    meant = {
        taxonomy: several(f"meant_{taxonomy}", codes) for taxonomy, codes in statement.terms.items()
    }
    telling = statement.telling
    if spot is not None:
        hub = None if spot.hub is None else name("hub", spot.hub, String)
        spot = Spot(
            name("latitude", spot.latitude, Float),
            name("longitude", spot.longitude, Float),
            name("mercator", spot.mercator, Float),
            hub,
        )
    if reach is not None:
        reach = Reach(*(name(f"reach_{n}", each, Float) for n, each in enumerate(reach)))
    return (
        Asked(
            replace(question, **changed),
            replace(
                statement,
                terms=meant,
                telling=None if telling is None else name("telling", telling, String),
            ),
            listed("at_home", real.at_home),
            listed("every_format", real.formats),
            listed("useful", real.useful),
            spot,
            reach,
            Moment(
                name("today", real.moment.today, Date),
                name("now", real.moment.now, DateTime(timezone=True)),
            ),
        ),
        given,
    )
