"""Matching: from what a person needs to services, ranked, with the reasons.

Yes, no and unknown are three answers (care 26), and SQL has exactly these three: a facet is TRUE,
FALSE or NULL, and only FALSE leaves a service out. NULL becomes a question to ask. Age is a limit
of the service itself and is hard.

The order is lexicographic and nothing is weighed, so that it can be told in one sentence: more of
the needs first, full ones last, then the nearest, then those with fewer open questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from services.providers import listing, reasons
from services.providers.catalogue import envelope, point_of_parameter, words_match
from services.providers.domain import CapacityState
from services.providers.listing import Json
from services.providers.points import Point, inside, metres
from services.providers.queries import NeedSearch, refused
from services.providers.rows import table

service = table("service").c
attribute = table("attribute").c
room = table("capacity").c

FACETS = ("day", "free_places", "cost_max", "language")


@dataclass(frozen=True)
class Terms:
    """Terms of one taxonomy by code."""

    ids: Mapping[str, Sequence[UUID]]
    names: Mapping[str, str]

    def asked(self, element: str, codes: Sequence[str]) -> list[UUID]:
        """The ids of the terms that codes stand for, narrower terms included.

        Raises:
            Problem: 400 that names the first unknown code and the known ones.
        """
        for code in codes:
            if code not in self.ids:
                known = ", ".join(sorted(self.ids))
                raise refused(element, f"There is no such code. There are: {known}.")
        return [key for code in codes for key in self.ids[code]]


def terms_of(session: Session, taxonomy: str) -> Terms:
    """The terms of a taxonomy; each with the ids of itself and of the terms right below it."""
    term, whole = table("taxonomy_term").c, table("taxonomy").c
    rows = (
        session.connection()
        .execute(
            select(term.id, term.code, term.name, term.parent_id)
            .join(table("taxonomy"), whole.id == term.taxonomy_id)
            .where(whole.code == taxonomy)
            .order_by(term.code)
        )
        .all()
    )
    below: dict[UUID, list[UUID]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row.id)
    return Terms(
        {row.code: [row.id, *below.get(row.id, ())] for row in rows},
        {row.code: row.name for row in rows},
    )


def search(session: Session, query: NeedSearch, now: datetime) -> Json:
    """GET /directory/search: one page of ranked services with distance, room and reasons.

    Args:
        session: where to read.
        query: what is asked.
        now: the present instant, for what has expired.

    Raises:
        Problem: 400 for an unknown code or postcode, naming the parameter.
    """
    needs, access = terms_of(session, "need"), terms_of(session, "access")
    point = _point(session, query)
    wanted = _ranked(query, needs, access, point, now)
    run = session.connection().execute
    total = run(select(func.count()).select_from(wanted.order_by(None).subquery())).scalar_one()
    rows = run(wanted.limit(query.per_page).offset(query.offset)).all()
    found = listing.listings(session, [row.id for row in rows], now)
    words = reasons.Words(needs.names, access.names)
    return envelope(query, total, [_result(row, found[row.id], query, words) for row in rows])


def _point(session: Session, query: NeedSearch) -> Point | None:
    if isinstance(query.near, str):
        found: Point = point_of_parameter(session, "near", query.near)
        return found
    return Point(*query.near) if query.near is not None else None


def _ranked(
    query: NeedSearch, needs: Terms, access: Terms, point: Point | None, now: datetime
) -> Select[Any]:
    place = _places(point, query.within)
    met = _needs_met(needs.asked("need", query.need))
    state = _state(now)
    facets = _facets(query, access, place.c.location_id, state, now)
    unknown = sum((cast(facet.is_(None), Integer) for facet in facets.values()), start=literal(0))
    wanted = (
        select(
            service.id,
            place.c.location_id,
            place.c.metres,
            *(facet.label(f"is_{name}") for name, facet in facets.items()),
        )
        .select_from(place)
        .join(table("service"), service.id == place.c.service_id)
        .outerjoin(table("capacity"), room.service_id == service.id)
        .where(service.withdrawn.is_(None), service.status == "active")
        .where(*(facet.is_not(false()) for facet in facets.values()))
    )
    if query.age is not None:
        wanted = wanted.where(
            func.coalesce(service.minimum_age, 0) <= query.age,
            func.coalesce(service.maximum_age, 999) >= query.age,
        )
    if query.search is not None:
        wanted = wanted.where(words_match(query.search))
    order: list[ColumnElement[Any]] = [
        cast(state == CapacityState.FULL.value, Integer),
        place.c.metres.asc().nulls_last(),
        unknown,
        service.name,
        service.id,
    ]
    if met is not None:
        wanted = wanted.join(met, met.c.service_id == service.id)
        order.insert(0, met.c.met.desc())
    return wanted.order_by(*order)


def _places(point: Point | None, within: float | None) -> FromClause:
    """Each service with its nearest location. One whose place is not known is kept: nobody knows
    that it is too far.
    """
    at, location = table("service_at_location"), table("location")
    distance = metres(point) if point is not None else cast(null(), Float)
    nearest = (
        select(
            at.c.service_id.label("service_id"),
            location.c.id.label("location_id"),
            distance.label("metres"),
        )
        .ext(distinct_on(at.c.service_id))
        .join(location, location.c.id == at.c.location_id)
        .order_by(at.c.service_id, distance.asc().nulls_last(), location.c.id)
    )
    if point is None or within is None:
        every = nearest.subquery()
        return (
            select(service.id.label("service_id"), every.c.location_id, every.c.metres)
            .outerjoin(every, every.c.service_id == service.id)
            .subquery("placed")
        )
    near = nearest.where(inside(point, within)).subquery()
    anywhere = (
        select(at.c.location_id)
        .where(at.c.service_id == service.id)
        .order_by(at.c.id)
        .limit(1)
        .scalar_subquery()
    )
    unlocated = select(
        service.id.label("service_id"),
        anywhere.label("location_id"),
        cast(null(), Float).label("metres"),
    ).where(~service.located)
    return union_all(select(near), unlocated).subquery("placed")


def _needs_met(terms: Sequence[UUID]) -> FromClause | None:
    """Services that meet any of the needs, and how many of them."""
    if not terms:
        return None
    return (
        select(
            attribute.link_id.label("service_id"),
            func.count(attribute.taxonomy_term_id.distinct()).label("met"),
        )
        .where(
            attribute.taxonomy_term_id.in_(terms),
            attribute.link_entity == "service",
            attribute.value.is_distinct_from("no"),
        )
        .group_by(attribute.link_id)
        .subquery("needs_met")
    )


def _state(now: datetime) -> ColumnElement[str]:
    """The capacity's state as it is known now: expired or never said is unknown."""
    return case(
        (or_(room.state.is_(None), room.expires <= now), CapacityState.UNKNOWN.value),
        else_=room.state,
    )


def _facets(
    query: NeedSearch,
    access: Terms,
    place: ColumnElement[UUID],
    state: ColumnElement[str],
    now: datetime,
) -> dict[str, ColumnElement[bool | None]]:
    """The questions asked, each answered TRUE, FALSE or NULL for one service."""
    facets: dict[str, ColumnElement[bool | None]] = {}
    if query.day is not None:
        facets["day"] = _runs_on(query.day, now)
    if query.free_places:
        facets["free_places"] = case(
            (state == CapacityState.TAKING.value, func.coalesce(room.places, 1) > 0),
            (state.in_((CapacityState.FULL.value, CapacityState.WAITING_LIST.value)), false()),
            else_=null(),
        )
    if query.cost_max is not None:
        facets["cost_max"] = _costs_at_most(query.cost_max, now)
    if query.language is not None:
        facets["language"] = _speaks(query.language.lower())
    for number, code in enumerate(dict.fromkeys(query.access)):
        facets[f"access_{number}"] = _has(access.asked("access", [code]), place)
    return facets


def _runs_on(day: str, now: datetime) -> ColumnElement[bool | None]:
    schedule = table("schedule").c
    return (
        select(func.bool_or(schedule.days.contains([day])))
        .where(
            schedule.service_id == service.id,
            func.cardinality(schedule.days) > 0,
            or_(schedule.valid_to.is_(None), schedule.valid_to >= now.date()),
        )
        .scalar_subquery()
    )


def _costs_at_most(pounds: float, now: datetime) -> ColumnElement[bool | None]:
    cost = table("cost_option").c
    return (
        select(func.bool_or(cost.amount <= pounds))
        .where(
            cost.service_id == service.id,
            cost.amount.is_not(None),
            or_(cost.valid_to.is_(None), cost.valid_to >= now.date()),
        )
        .scalar_subquery()
    )


def _speaks(language: str) -> ColumnElement[bool | None]:
    """Listed languages are an answer; an interpreter who may come makes it a question."""
    spoken = table("language").c
    primary = func.lower(func.split_part(spoken.code, "-", 1))
    listed = (
        select(func.bool_or(primary == language))
        .where(spoken.service_id == service.id, spoken.code.is_not(None))
        .scalar_subquery()
    )
    return case(
        (and_(listed.is_(false()), service.interpretation_services.is_not(None)), null()),
        else_=listed,
    )


def _has(terms: Sequence[UUID], place: ColumnElement[UUID]) -> ColumnElement[bool | None]:
    """What is known of one access need, at the service and at its nearest location."""
    return (
        select(func.bool_and(attribute.value.is_distinct_from("no")))
        .where(
            attribute.taxonomy_term_id.in_(terms),
            or_(attribute.link_id == service.id, attribute.link_id == place),
        )
        .scalar_subquery()
    )


def _result(row: Row[Any], listed: Json, query: NeedSearch, words: reasons.Words) -> Json:
    """One service of the answer: what to show, why, and what to ask."""
    answers = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    access = {
        code: answers[f"is_access_{number}"]
        for number, code in enumerate(dict.fromkeys(query.access))
    }
    known = {name: answers[f"is_{name}"] for name in FACETS if f"is_{name}" in answers}
    at = next(
        (
            each["location"]
            for each in listed.get("service_at_locations", ())
            if each["location"]["id"] == str(row.location_id)
        ),
        None,
    )
    distance = None if row.metres is None else round(row.metres)
    found = reasons.Found(listed, at, distance, known, access)
    own = listed["kersey"]
    result: Json = {
        "service": listing.picked_json(listed, ("id", "name", "description", "url", "alert")),
        "provider": listing.picked_json(listed["organization"], ("id", "name")),
        "tier": own["tier"],
        "capacity": own["capacity"],
        "needs": own.get("terms", {}).get("need", []),
        "activities": own.get("terms", {}).get("activity", []),
        "format": own.get("terms", {}).get("format", []),
        "access": own.get("access", {}),
        "referral": {"ask_by": own["referral"]["ask_by"]},
        "when": reasons.times(listed),
        "cost": reasons.cost(listed),
        "languages": sorted(each["code"] for each in listed.get("languages", ()) if "code" in each),
        "reasons": reasons.why(found, query, words),
        "ask": reasons.to_ask(found, query, words),
    }
    if at is not None:
        result["location"] = at
    if distance is not None:
        result["distance_metres"] = distance
    if "hub" in own:
        result["hub"] = own["hub"]
    return {name: value for name, value in result.items() if value is not None}
