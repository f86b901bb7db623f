"""The Open Referral UK reads: filtered, paged lists and single entities."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session

from services.providers import listing
from services.providers.gazetteer import BadPostcode
from services.providers.listing import Json
from services.providers.points import inside, point_of, services_within
from services.providers.queries import (
    OrganizationList,
    Page,
    ServiceList,
    TermList,
    refused,
)
from services.providers.rows import table

service = table("service").c
schedule = table("schedule").c
attribute = table("attribute").c


def envelope(page: Page, total: int, contents: Sequence[Json]) -> Json:
    """One page in Open Referral UK's envelope. A page past the end is empty and the last."""
    pages = -(-total // page.per_page)
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": page.page,
        "size": len(contents),
        "first_page": page.page == 1,
        "last_page": page.page >= pages,
        "empty": not contents,
        "contents": list(contents),
    }


Assemble = Callable[[Sequence[UUID]], dict[UUID, Json]]


def _paged(session: Session, page: Page, wanted: Select[Any], assemble: Assemble) -> Json:
    """Count, cut out one page of ids, assemble it in the same order."""
    run = session.connection().execute
    total = run(select(func.count()).select_from(wanted.order_by(None).subquery())).scalar_one()
    keys = run(wanted.limit(page.per_page).offset(page.offset)).scalars().all()
    found = assemble(keys)
    return envelope(page, total, [found[key] for key in keys])


def services(session: Session, query: ServiceList) -> Json:
    """GET /services.

    Raises:
        Problem: 400 for a postcode that is not known.
    """
    wanted = select(service.id).order_by(service.name, service.id)
    wanted = wanted.where(*_conditions(session, query))
    if query.postcode is not None and query.proximity is not None:
        point = point_of_parameter(session, "postcode", query.postcode)
        wanted = wanted.where(service.id.in_(services_within(point, query.proximity)))
    if query.minimal:
        return _paged(session, query, wanted, lambda keys: _minimal(session, keys))
    return _paged(
        session, query, wanted, lambda keys: listing.services(session, keys, full=query.full)
    )


def service_at_locations(session: Session, query: ServiceList) -> Json:
    """GET /service_at_locations.

    Raises:
        Problem: 400 for a postcode that is not known.
    """
    at, location = table("service_at_location"), table("location")
    wanted = (
        select(at.c.id)
        .join(table("service"), service.id == at.c.service_id)
        .where(*_conditions(session, query))
        .order_by(service.name, at.c.id)
    )
    if query.postcode is not None and query.proximity is not None:
        point = point_of_parameter(session, "postcode", query.postcode)
        wanted = wanted.join(location, location.c.id == at.c.location_id)
        wanted = wanted.where(inside(point, query.proximity))
    return _paged(
        session,
        query,
        wanted,
        lambda keys: listing.service_at_locations(session, keys, full=query.full),
    )


def organizations(session: Session, query: OrganizationList) -> Json:
    """GET /organizations (HSDS 3.0)."""
    organization = table("organization").c
    wanted = select(organization.id).order_by(organization.name, organization.id)
    if query.search is not None:
        words = func.to_tsvector("english", organization.name + " " + organization.description)
        wanted = wanted.where(
            or_(
                words.op("@@")(func.websearch_to_tsquery("english", query.search)),
                organization.name.icontains(query.search, autoescape=True),
            )
        )
    return _paged(
        session, query, wanted, lambda keys: listing.organizations(session, keys, full=query.full)
    )


def taxonomies(session: Session, query: Page) -> Json:
    """GET /taxonomies."""
    taxonomy = table("taxonomy").c
    wanted = select(taxonomy.id).order_by(taxonomy.name, taxonomy.id)
    return _paged(session, query, wanted, lambda keys: listing.taxonomies(session, keys))


def taxonomy_terms(session: Session, query: TermList) -> Json:
    """GET /taxonomy_terms."""
    term = table("taxonomy_term").c
    wanted = select(term.id).order_by(term.name, term.id)
    if query.taxonomy_id is not None:
        wanted = wanted.where(term.taxonomy_id == query.taxonomy_id)
    if query.parent_id is not None:
        wanted = wanted.where(term.parent_id == query.parent_id)
    if query.top_only:
        wanted = wanted.where(term.parent_id.is_(None))
    return _paged(session, query, wanted, lambda keys: listing.taxonomy_terms(session, keys))


def words_match(search: str) -> ColumnElement[bool]:
    """Full text, as people type it ("knit -crochet", "walking group"); or a part of the name."""
    found = service.search.op("@@")(func.websearch_to_tsquery("english", search))
    return or_(found, service.name.icontains(search, autoescape=True))


def point_of_parameter(session: Session, element: str, postcode: str) -> Any:
    """`point_of`, with the refusal of the parameter that held the postcode.

    Raises:
        Problem: 400 that says which part of the postcode is wrong.
    """
    try:
        return point_of(session, postcode)
    except BadPostcode as error:
        raise refused(element, error.words) from None


def _minimal(session: Session, keys: Sequence[UUID]) -> dict[UUID, Json]:
    wanted = select(service.id, service.last_modified).where(service.id.in_(keys))
    return {
        row.id: {"id": str(row.id), "last_modified": listing.plain(row.last_modified)}
        for row in session.connection().execute(wanted)
    }


def _conditions(session: Session, query: ServiceList) -> list[ColumnElement[bool]]:
    """What both lists of services filter by."""
    where: list[ColumnElement[bool]] = []
    if query.modified_after is None:
        # Whoever follows changes must hear of endings; whoever looks for a service must not.
        where.append(service.withdrawn.is_(None))
    else:
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
