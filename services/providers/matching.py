"""Matching: from what a person needs to services, ranked, with the reasons.

The order is lexicographic and nothing is weighed, so that it can be told in one sentence: more of
the needs first, full ones last, then the nearest, then those with fewer open questions. Age is a
limit of the service itself and is hard; everything else is asked as in `facets`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Row,
    Select,
    cast,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from services.providers import listing, reasons
from services.providers.catalogue import envelope, point_of_parameter, words_match
from services.providers.domain import CapacityState
from services.providers.facets import facets, known_state
from services.providers.listing import Json
from services.providers.points import Point, inside, metres
from services.providers.queries import NeedSearch, refused
from services.providers.rows import table

service = table("service").c
attribute = table("attribute").c
room = table("capacity").c


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
    terms = needs.asked("need", query.need)
    wanted = {code: access.asked("access", [code]) for code in query.access}
    candidate = _candidates(query, terms, _point(session, query), now)
    ranked = _ranked(query, wanted, candidate, now)
    run = session.connection().execute
    rows = run(ranked.limit(query.per_page).offset(query.offset)).all()
    if rows or query.page == 1:
        total = rows[0].total if rows else 0
    else:
        total = run(select(func.count()).select_from(ranked.subquery())).scalar_one()
    found = listing.listings(session, [row.service_id for row in rows], now)
    words = reasons.Words(needs.names, access.names)
    contents = [_result(row, found[row.service_id], query, words) for row in rows]
    return envelope(query, total, contents)


def _point(session: Session, query: NeedSearch) -> Point | None:
    if isinstance(query.near, str):
        found: Point = point_of_parameter(session, "near", query.near)
        return found
    return Point(*query.near) if query.near is not None else None


def _candidates(
    query: NeedSearch, needs: Sequence[UUID], point: Point | None, now: datetime
) -> CTE:
    """Who is near enough, meets a need and is running. Worked out before any question is asked:
    the planner cannot guess how many answer a question with no, and would join the wrong way.
    """
    place = _places(point, query.within)
    met = _needs_met(needs)
    wanted = (
        select(
            place.c.service_id,
            place.c.location_id,
            place.c.metres,
            (met.c.met if met is not None else literal(0)).label("met"),
            service.name,
            service.interpretation_services.is_not(None).label("interpreted"),
            known_state(now).label("state"),
            room.places,
        )
        .select_from(place)
        .join(table("service"), service.id == place.c.service_id)
        .outerjoin(table("capacity"), room.service_id == service.id)
        .where(service.withdrawn.is_(None), service.status == "active")
    )
    if met is not None:
        wanted = wanted.join(met, met.c.service_id == service.id)
    if query.age is not None:
        wanted = wanted.where(
            func.coalesce(service.minimum_age, 0) <= query.age,
            func.coalesce(service.maximum_age, 999) >= query.age,
        )
    if query.search is not None:
        wanted = wanted.where(words_match(query.search))
    return wanted.cte("candidate").prefix_with("MATERIALIZED")


def _ranked(
    query: NeedSearch, access: Mapping[str, Sequence[UUID]], candidate: CTE, now: datetime
) -> Select[Any]:
    asked = facets(query, access, candidate, now)
    columns = (facet.label(f"is_{name}") for name, facet in asked.items())
    answered = select(candidate, *columns).cte("answered").prefix_with("MATERIALIZED")
    answers: list[ColumnElement[bool | None]] = [answered.c[f"is_{name}"] for name in asked]
    unknown = sum((cast(answer.is_(None), Integer) for answer in answers), start=literal(0))
    return (
        select(answered, func.count().over().label("total"))
        .where(*(answer.is_not(false()) for answer in answers))
        .order_by(
            answered.c.met.desc(),
            cast(answered.c.state == CapacityState.FULL.value, Integer),
            answered.c.metres.asc().nulls_last(),
            unknown,
            answered.c.name,
            answered.c.service_id,
        )
    )


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


def _result(row: Row[Any], listed: Json, query: NeedSearch, words: reasons.Words) -> Json:
    """One service of the answer: what to show, why, and what to ask."""
    answers = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    access = {
        code: answers[f"is_access_{number}"]
        for number, code in enumerate(dict.fromkeys(query.access))
    }
    known = {
        name.removeprefix("is_"): answer
        for name, answer in answers.items()
        if name.startswith("is_")
    }
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
