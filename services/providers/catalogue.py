"""The Open Referral UK reads: filtered, paged lists and single entities."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlmodel import Session

from services.providers import gathering, listing
from services.providers.gazetteer import BadPostcode
from services.providers.matches.proposing import merged_away
from services.providers.nested import Json, plain
from services.providers.paging import Listed
from services.providers.points import Point, inside, offered_within, plan_anew, point_of
from services.providers.queries import (
    OrganizationList,
    ServiceList,
    TaxonomyList,
    TermList,
    refused,
)
from services.providers.rows import table

service = table("service").c
schedule = table("schedule").c
attribute = table("attribute").c

LISTED = service.withdrawn.is_(None)
"""Whoever looks for a service is told of those on the list; whoever follows changes must hear of
endings, too."""

Assemble = Callable[[Session, Sequence[UUID]], dict[UUID, Json]]


def services(session: Session, query: ServiceList, now: datetime) -> Listed:
    """GET /services.

    Raises:
        Problem: 400 for a postcode that is not known.
    """
    listed = LISTED if query.modified_after is None else true()
    conditions = _conditions(session, query)
    assemble: Assemble = partial(listing.services, full=query.full, now=now)
    if query.postcode is not None and query.proximity is not None:
        point = point_of_parameter(session, "postcode", query.postcode)
        conditions.append(offered_within(point, query.proximity))
        plan_anew(session)
    return Listed(
        select(service.id).where(listed, *conditions).order_by(service.name, service.id),
        _minimal if query.minimal else assemble,
        narrowed=bool(conditions),
    )


def service_at_locations(session: Session, query: ServiceList, now: datetime) -> Listed:
    """GET /service_at_locations.

    Raises:
        Problem: 400 for a postcode that is not known.
    """
    at, location = table("service_at_location"), table("location")
    conditions = _conditions(session, query)
    wanted = (
        select(at.c.id)
        .join(table("service"), service.id == at.c.service_id)
        .where(LISTED if query.modified_after is None else true(), *conditions)
        .order_by(service.name, at.c.id)
    )
    if query.postcode is not None and query.proximity is not None:
        point = point_of_parameter(session, "postcode", query.postcode)
        wanted = wanted.join(location, location.c.id == at.c.location_id)
        wanted = wanted.where(inside(point, query.proximity))
        plan_anew(session)
        conditions.append(true())
    return Listed(
        wanted,
        partial(listing.service_at_locations, full=query.full, now=now),
        narrowed=bool(conditions),
    )


def organizations(query: OrganizationList, now: datetime) -> Listed:
    """GET /organizations (HSDS 3.0)."""
    organization = table("organization").c
    wanted = select(organization.id).order_by(organization.name, organization.id)
    wanted = wanted.where(organization.id.not_in(merged_away()))
    if query.search is not None:
        words = func.to_tsvector("english", organization.name + " " + organization.description)
        wanted = wanted.where(
            or_(
                words.op("@@")(func.websearch_to_tsquery("english", query.search)),
                organization.name.icontains(query.search, autoescape=True),
            )
        )
    assemble: Assemble = partial(gathering.organizations, full=query.full or query.full_service)
    if query.full or query.full_service:
        assemble = partial(offering, full_service=query.full_service, now=now)
    return Listed(wanted, assemble, narrowed=query.search is not None)


def offering(
    session: Session, keys: Sequence[UUID], *, full_service: bool, now: datetime
) -> dict[UUID, Json]:
    """Organisations by id, fully nested, each with the services that it offers.

    Args:
        session: where to read.
        keys: which organisations.
        full_service: whether their services are fully nested, too.
        now: the present instant.
    """
    found = gathering.organizations(session, keys, full=True)
    offered = session.connection().execute(
        select(service.id, service.organization_id)
        .where(service.organization_id.in_(keys), LISTED)
        .order_by(service.name, service.id)
    )
    owners = {row.id: row.organization_id for row in offered}
    services = listing.services(session, list(owners), full=full_service, now=now)
    for key, owner in owners.items():
        del services[key]["organization"]
        found[owner].setdefault("services", []).append(services[key])
    return found


def taxonomies(query: TaxonomyList) -> Listed:
    """GET /taxonomies."""
    taxonomy = table("taxonomy").c
    wanted = select(taxonomy.id).order_by(taxonomy.name, taxonomy.id)
    if query.search is not None:
        wanted = wanted.where(_said(query.search, taxonomy.name, taxonomy.description))
    return Listed(wanted, listing.taxonomies)


def taxonomy_terms(query: TermList) -> Listed:
    """GET /taxonomy_terms."""
    term = table("taxonomy_term").c
    wanted = select(term.id).order_by(term.name, term.id)
    if query.search is not None:
        wanted = wanted.where(_said(query.search, term.name, term.description))
    if query.taxonomy_id is not None:
        wanted = wanted.where(term.taxonomy_id == query.taxonomy_id)
    if query.parent_id is not None:
        wanted = wanted.where(term.parent_id == query.parent_id)
    if query.top_only:
        wanted = wanted.where(term.parent_id.is_(None))
    return Listed(wanted, listing.taxonomy_terms)


def _said(search: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


def words_match(search: str) -> ColumnElement[bool]:
    """Full text, as people type it ("knit -crochet", "walking group"); or a part of the name."""
    found = service.search.op("@@")(func.websearch_to_tsquery("english", search))
    return or_(found, service.name.icontains(search, autoescape=True))


def point_of_parameter(session: Session, element: str, postcode: str) -> Point:
    """`point_of`, with the refusal of the parameter that held the postcode.

    Raises:
        Problem: 400 that says which part of the postcode is wrong.
    """
    with of_parameter(element):
        return point_of(session, postcode)


@contextmanager
def of_parameter(element: str) -> Iterator[None]:
    """Refuse a postcode by the parameter that held it.

    Raises:
        Problem: 400 that says which part of the postcode is wrong.
    """
    try:
        yield
    except BadPostcode as error:
        raise refused(element, error.words, **error.members) from None


def _minimal(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    wanted = select(service.id, service.last_modified).where(service.id.in_(keys))
    return {
        row.id: {"id": str(row.id), "last_modified": plain(row.last_modified)}
        for row in session.connection().execute(wanted)
    }


def _conditions(session: Session, query: ServiceList) -> list[ColumnElement[bool]]:
    """What both lists of services filter by, beside what is listed at all."""
    where: list[ColumnElement[bool]] = []
    if query.modified_after is not None:
        where.append(service.last_modified >= query.modified_after)
    if query.search is not None:
        where.append(words_match(query.search))
    if query.organization_id is not None:
        where.append(service.organization_id == query.organization_id)
    if query.minimum_age is not None:
        where.append(service.minimum_age >= query.minimum_age)
    if query.maximum_age is not None:
        where.append(service.maximum_age <= query.maximum_age)
    where += _classified(query) + _timed(query)
    if query.postcode is not None and query.proximity is None:
        hub = point_of_parameter(session, "postcode", query.postcode).hub
        where.append(_covers(hub))
    return where


def _classified(query: ServiceList) -> list[ColumnElement[bool]]:
    linked = select(attribute.link_id).where(
        attribute.link_entity == "service", attribute.value.is_distinct_from("no")
    )
    where: list[ColumnElement[bool]] = []
    if query.taxonomy_term_id is not None:
        exactly = linked.where(attribute.taxonomy_term_id == query.taxonomy_term_id)
        where.append(service.id.in_(exactly))
    if query.taxonomy_id is not None:
        term = table("taxonomy_term").c
        terms = select(term.id).where(term.taxonomy_id == query.taxonomy_id)
        where.append(service.id.in_(linked.where(attribute.taxonomy_term_id.in_(terms))))
    return where


def _timed(query: ServiceList) -> list[ColumnElement[bool]]:
    """Day and times must hold in one schedule: open on Monday, and at ten on a Monday."""
    times: list[ColumnElement[bool]] = []
    if query.day is not None:
        times.append(schedule.days.contains([query.day]))
    if query.start_time is not None:
        times.append(schedule.opens_at >= query.start_time)
    if query.end_time is not None:
        times.append(schedule.closes_at <= query.end_time)
    if not times:
        return []
    return [service.id.in_(select(schedule.service_id).where(and_(*times)))]


def _covers(hub: str | None) -> ColumnElement[bool]:
    """Services for people of a hub's place: those that name it, and those that name no place."""
    area = table("service_area").c
    named = select(area.service_id).where(area.hub.is_not(None))
    here = select(area.service_id).where(area.hub == hub)
    return or_(service.id.not_in(named), service.id.in_(here))
