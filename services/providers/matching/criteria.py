"""The questions of a search, each answered by SQL for one service: yes, no or not known.

Yes, no and unknown are three answers (care 26), and SQL has exactly these three: TRUE, FALSE and
NULL. Only FALSE leaves a service out; NULL becomes a question to ask.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Numeric,
    String,
    and_,
    any_,
    case,
    cast,
    column,
    false,
    func,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.providers.domain import EVIDENCE_FOR, CapacityState, Tier
from services.providers.matching.arrays import array_of, open_to, overlaps, shares
from services.providers.matching.kinds import Asked
from services.providers.matching.question import Question
from services.providers.rows import table

Answer = ColumnElement[Any]

NO_ROOM = (CapacityState.FULL.value, CapacityState.WAITING_LIST.value)

HARD = frozenset({"age", "company_law", "home_checks"})
"""Limits of safety and of law, which nobody overrides (care 26): whom the provider may take by its
own age limits, a group that the Equality Act 2010, schedule 3, part 7, lets be for one sex, and
the checks of whoever visits people at home (care 25)."""


@dataclass(frozen=True)
class Here:
    """One candidate as the questions see it: columns of its flat row, and what is worked out."""

    flat: Any
    metres: ColumnElement[Any]
    state: ColumnElement[str]
    places: ColumnElement[int]
    has_format: ColumnElement[bool]


def known_state(flat: Any, now: Any) -> ColumnElement[str]:
    """The state of room of a flat row as it is known now: expired or never said is unknown."""
    return case(
        (or_(flat.room_state.is_(None), flat.room_expires <= now), CapacityState.UNKNOWN.value),
        else_=flat.room_state,
    )


def answers(every: Asked, here: Here) -> dict[str, Answer]:
    """The questions that were asked, by name, each answered of one candidate.

    Args:
        every: what is asked.
        here: a candidate.
    """
    question, at_home, today = every.question, every.at_home, every.moment.today
    asked: dict[str, Answer] = {}
    if question.age is not None:
        asked["age"] = and_(
            func.coalesce(here.flat.minimum_age, 0) <= question.age,
            func.coalesce(here.flat.maximum_age, 999) >= question.age,
        )
    if question.company_terms:
        asked["company"] = _is(here.flat, question.company_terms, question.unlike_company)
        closed = and_(
            overlaps(here.flat.terms, question.other_company),
            not_(overlaps(here.flat.terms, question.company_terms)),
        )
        asked["company_law"] = case((closed, false()))
    if question.of_one_person:
        asked["home_checks"] = case(
            (overlaps(here.flat.terms, at_home), _checked(here.flat.service_id, today)),
            else_=true(),
        )
        if every.spot is not None and every.spot.hub is not None:
            asked["area"] = open_to(here.flat.areas, every.spot.hub)
    if question.within is not None:
        asked["distance"] = or_(here.flat.remote, here.metres <= question.within)
    if question.days or question.start is not None or question.end is not None:
        asked["time"] = _runs(here, question, today)
    if question.free_places:
        asked["free_places"] = case(
            (here.state == CapacityState.TAKING.value, func.coalesce(here.places, 1) > 0),
            (here.state.in_(NO_ROOM), false()),
            else_=null(),
        )
    if question.cost_max is not None:
        asked["cost"] = _costs_at_most(here, question.cost_max, today)
    if question.languages:
        asked["language"] = case(
            (shares(here.flat.languages, question.languages), true()),
            (
                or_(
                    here.flat.interpreted,
                    func.cardinality(here.flat.languages) == 0,
                    not_(_all_known(here.flat.languages, String)),
                ),
                null(),
            ),
            else_=false(),
        )
    if question.formats:
        wanted = tuple(key for keys in question.formats.values() for key in keys)
        asked["format"] = case(
            (overlaps(here.flat.terms, wanted), true()), (here.has_format, false()), else_=null()
        )
    for number, terms in enumerate(question.access.values()):
        asked[f"access_{number}"] = _is(here.flat, terms)
    return asked


def _is(flat: Any, terms: tuple[UUID, ...], unlike: tuple[UUID, ...] = ()) -> Answer:
    """What is known of one thing at the service and at its place; a known no is the safer word.

    Args:
        flat: the columns of a flat row.
        terms: what is asked for.
        unlike: what says no as well, where the thing itself is not said.
    """
    return case(
        (overlaps(flat.refused, terms), false()),
        (overlaps(flat.terms, terms), true()),
        (overlaps(flat.terms, unlike), false()),
        else_=null(),
    )


def _runs(here: Any, question: Question, today: date) -> Answer:
    """Whether a session lies in one of the days and between the times."""
    flat = here.flat
    slot = (
        func.unnest(flat.slot_days, flat.slot_opens, flat.slot_closes, flat.slot_until)
        .table_valued(
            column("day", String),
            column("opens", Integer),
            column("closes", Integer),
            column("until", Date),
            name="slot",
        )
        .render_derived()
    )
    fits: list[ColumnElement[bool]] = []
    if question.days:
        fits.append(slot.c.day == any_(array_of(question.days, String)))
    if question.start is not None:
        fits.append(slot.c.opens >= question.start)
    if question.end is not None:
        fits.append(func.coalesce(slot.c.closes, slot.c.opens) <= question.end)
    fit = and_(*fits)
    known = (
        select(_any_of(fit))
        .select_from(slot)
        .where(or_(slot.c.until.is_(None), slot.c.until >= today))
    )
    return case(
        (func.cardinality(flat.slot_days) == 0, null()),
        *_by_day(flat, question),
        else_=known.scalar_subquery(),
    )


def _by_day(flat: Any, question: Question) -> list[tuple[Any, Any]]:
    """Most times have no last day: then what is known of the days is seen without looking at each,
    and where no time of day is asked for, that is the answer.
    """
    if not question.days:
        return []
    lasting = func.array_remove(flat.slot_until, null()) == cast([], ARRAY(Date))
    on_one = shares(flat.slot_days, question.days)
    on_none = (and_(lasting, not_(on_one), _all_known(flat.slot_days, String)), false())
    if question.start is None and question.end is None:
        return [(and_(lasting, on_one), true()), on_none]
    return [on_none]


def _costs_at_most(here: Any, pounds: float, today: date) -> Answer:
    price = (
        func.unnest(here.flat.cost_amounts, here.flat.cost_until)
        .table_valued(column("amount", Numeric), column("until", Date), name="price")
        .render_derived()
    )
    known = (
        select(_any_of(price.c.amount <= pounds))
        .select_from(price)
        .where(or_(price.c.until.is_(None), price.c.until >= today))
        .scalar_subquery()
    )
    flat = here.flat
    lasting = func.array_remove(flat.cost_until, null()) == cast([], ARRAY(Date))
    return case(
        (func.cardinality(flat.cost_amounts) == 0, null()),
        (lasting, cast(pounds, Numeric) >= any_(flat.cost_amounts)),
        else_=known,
    )


def _any_of(entry: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether one of several is so; where none is and one is not known, that is not known. Of none
    at all nothing is."""
    so = func.bool_or(entry)
    return case((so, true()), (func.bool_or(entry.is_(None)), null()), else_=so)


def _all_known(entries: ColumnElement[Any], kind: Any) -> ColumnElement[bool]:
    """Whether no entry of an array is one of which nobody said what it is."""
    return func.array_position(entries, cast(null(), kind)).is_(None)


def _checked(service: ColumnElement[UUID], today: date) -> ColumnElement[bool]:
    """Whether all that home visits need was shown and has not lapsed (care 25). Counted, because
    the planner would answer an EXISTS from the evidence of the whole directory.
    """
    seen = table("tier_evidence").c
    kept = table("service").alias("asked_for").c
    kinds = sorted(EVIDENCE_FOR[Tier.HIGHER_RISK])
    shown = (
        select(func.count(seen.kind.distinct()))
        .where(
            seen.service_id == service,
            seen.kind.in_(kinds),
            or_(seen.expires.is_(None), seen.expires >= today),
        )
        .scalar_subquery()
    )
    asked = select(kept.tier).where(kept.id == service).scalar_subquery()
    return and_(asked == int(Tier.HIGHER_RISK), shown == len(kinds))
