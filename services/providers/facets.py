"""The questions of a search, each answered by SQL for one service: yes, no or not known.

Yes, no and unknown are three answers (care 26), and SQL has exactly these three: TRUE, FALSE and
NULL. Only FALSE leaves a service out; NULL becomes a question to ask.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, and_, case, false, func, null, or_, select

from services.providers.domain import CapacityState
from services.providers.queries import NeedSearch
from services.providers.rows import table

Facet = ColumnElement[bool | None]

NO_ROOM = (CapacityState.FULL.value, CapacityState.WAITING_LIST.value)


def known_state(now: datetime) -> ColumnElement[str]:
    """The state of a `capacity` row as it is known now: expired or never said is unknown."""
    room = table("capacity").c
    return case(
        (or_(room.state.is_(None), room.expires <= now), CapacityState.UNKNOWN.value),
        else_=room.state,
    )


def facets(
    query: NeedSearch, access: Mapping[str, Sequence[UUID]], candidate: CTE, now: datetime
) -> dict[str, Facet]:
    """The questions that were asked, by name.

    Args:
        query: what is asked.
        access: the term ids of each access code that is asked for.
        candidate: services with `service_id`, `location_id`, `state`, `places`, `interpreted`.
        now: the present instant.
    """
    asked: dict[str, Facet] = {}
    service: ColumnElement[UUID] = candidate.c.service_id
    if query.day is not None:
        asked["day"] = _runs_on(service, query.day, now)
    if query.free_places:
        asked["free_places"] = case(
            (
                candidate.c.state == CapacityState.TAKING.value,
                func.coalesce(candidate.c.places, 1) > 0,
            ),
            (candidate.c.state.in_(NO_ROOM), false()),
            else_=null(),
        )
    if query.cost_max is not None:
        asked["cost_max"] = _costs_at_most(service, query.cost_max, now)
    if query.language is not None:
        asked["language"] = _speaks(service, query.language.lower(), candidate.c.interpreted)
    for number, terms in enumerate(access.values()):
        asked[f"access_{number}"] = _has(service, candidate.c.location_id, terms)
    return asked


def _runs_on(service: ColumnElement[UUID], day: str, now: datetime) -> Facet:
    schedule = table("schedule").c
    return (
        select(func.bool_or(schedule.days.contains([day])))
        .where(
            schedule.service_id == service,
            func.cardinality(schedule.days) > 0,
            or_(schedule.valid_to.is_(None), schedule.valid_to >= now.date()),
        )
        .scalar_subquery()
    )


def _costs_at_most(service: ColumnElement[UUID], pounds: float, now: datetime) -> Facet:
    cost = table("cost_option").c
    return (
        select(func.bool_or(cost.amount <= pounds))
        .where(
            cost.service_id == service,
            cost.amount.is_not(None),
            or_(cost.valid_to.is_(None), cost.valid_to >= now.date()),
        )
        .scalar_subquery()
    )


def _speaks(service: ColumnElement[UUID], language: str, interpreted: ColumnElement[bool]) -> Facet:
    """Listed languages are an answer; an interpreter who may come makes it a question."""
    spoken = table("language").c
    primary = func.lower(func.split_part(spoken.code, "-", 1))
    listed = (
        select(func.bool_or(primary == language))
        .where(spoken.service_id == service, spoken.code.is_not(None))
        .scalar_subquery()
    )
    return case((and_(listed.is_(false()), interpreted), null()), else_=listed)


def _has(service: ColumnElement[UUID], place: ColumnElement[UUID], terms: Sequence[UUID]) -> Facet:
    """What is known of one access need, at the service and at its nearest location."""
    attribute = table("attribute").c
    return (
        select(func.bool_and(attribute.value.is_distinct_from("no")))
        .where(
            attribute.taxonomy_term_id.in_(terms),
            or_(
                and_(attribute.link_entity == "service", attribute.link_id == service),
                and_(attribute.link_entity == "location", attribute.link_id == place),
            ),
        )
        .scalar_subquery()
    )
