"""The directory's public reads over HTTP: Open Referral UK (HSDS-UK-3.0), HSDS 3.0 beside it.

All lists take `format=ndjson`, which gives everything that they hold, line by line.
"""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from services.providers import catalogue, listing
from services.providers.answers import LINES, lines, public
from services.providers.dependencies import Known, Settings
from services.providers.handlers import Directory
from services.providers.nested import Json
from services.providers.paging import Listed, every, one_state, paged
from services.providers.queries import (
    OrganizationList,
    OrganizationRead,
    ServiceList,
    TaxonomyList,
    TermList,
    asked,
    described,
)
from shared.problems import Problem

reads = APIRouter(prefix="/directory", tags=["directory"])


@reads.get("", include_in_schema=False)
@reads.get("/")
def about(request: Request, settings: Settings) -> Response:
    """What this API follows."""
    return public(
        request,
        {
            "version": "HSDS-UK-3.0",
            "profile": settings.profile_url,
            "openapi_url": settings.openapi_url,
        },
        settings,
    )


@reads.get("/services", openapi_extra=described(ServiceList), responses=LINES)
def list_services(
    request: Request,
    directory: Known,
    query: Annotated[ServiceList, Depends(asked(ServiceList))],
) -> Response:
    """Services, one page at a time."""
    now = directory.clock()
    return _listed(request, query, lambda session: catalogue.services(session, query, now))


@reads.get("/services/{id}")
def read_service(request: Request, directory: Known, id: str) -> Response:  # noqa: A002 - its name in the profile
    """A service with everything below it; a withdrawn one is still told, as defunct."""
    now = directory.clock()
    return one(
        request,
        id,
        "service",
        lambda session, key: listing.services(session, [key], full=True, now=now).get(key),
    )


@reads.get("/service_at_locations", openapi_extra=described(ServiceList), responses=LINES)
def list_service_at_locations(
    request: Request,
    directory: Known,
    query: Annotated[ServiceList, Depends(asked(ServiceList))],
) -> Response:
    """Services at their locations, one page at a time."""
    now = directory.clock()
    return _listed(
        request, query, lambda session: catalogue.service_at_locations(session, query, now)
    )


@reads.get("/service_at_locations/{id}")
def read_service_at_location(request: Request, directory: Known, id: str) -> Response:  # noqa: A002
    """A service at a location, with everything below it.

    The profile's OpenAPI document describes this answer by the schema of a service, of which a name
    and a status are required: they stand here, too, so that it is both.
    """
    now = directory.clock()

    def read(session: Session, key: UUID) -> Json | None:
        found = listing.service_at_locations(session, [key], full=True, now=now).get(key)
        if found is None:
            return None
        service = found["service"]
        return {"name": service["name"], "status": service["status"]} | found

    return one(request, id, "service at a location", read)


@reads.get("/organizations", openapi_extra=described(OrganizationList), responses=LINES)
def list_organizations(
    request: Request,
    directory: Known,
    query: Annotated[OrganizationList, Depends(asked(OrganizationList))],
) -> Response:
    """Organisations (HSDS 3.0), one page at a time."""
    now = directory.clock()
    return _listed(request, query, lambda _: catalogue.organizations(query, now))


@reads.get("/organizations/{id}", openapi_extra=described(OrganizationRead))
def read_organization(
    request: Request,
    directory: Known,
    id: str,  # noqa: A002
    query: Annotated[OrganizationRead, Depends(asked(OrganizationRead))],
) -> Response:
    """An organisation (HSDS 3.0) with what it offers."""
    now = directory.clock()
    return one(
        request,
        id,
        "organisation",
        lambda session, key: catalogue.offering(
            session, [key], full_service=query.full_service, now=now
        ).get(key),
    )


@reads.get("/taxonomies", openapi_extra=described(TaxonomyList), responses=LINES)
def list_taxonomies(
    request: Request, query: Annotated[TaxonomyList, Depends(asked(TaxonomyList))]
) -> Response:
    """Taxonomies, one page at a time."""
    return _listed(request, query, lambda _: catalogue.taxonomies(query))


@reads.get("/taxonomies/{id}")
def read_taxonomy(request: Request, id: str) -> Response:  # noqa: A002
    """A taxonomy."""
    return one(
        request,
        id,
        "taxonomy",
        lambda session, key: listing.taxonomies(session, [key]).get(key),
    )


@reads.get("/taxonomy_terms", openapi_extra=described(TermList), responses=LINES)
def list_taxonomy_terms(
    request: Request, query: Annotated[TermList, Depends(asked(TermList))]
) -> Response:
    """Terms, one page at a time."""
    return _listed(request, query, lambda _: catalogue.taxonomy_terms(query))


@reads.get("/taxonomy_terms/{id}")
def read_taxonomy_term(request: Request, id: str) -> Response:  # noqa: A002
    """A term."""
    return one(
        request,
        id,
        "taxonomy term",
        lambda session, key: listing.taxonomy_terms(session, [key]).get(key),
    )


def _listed(
    request: Request,
    query: TaxonomyList | OrganizationList | ServiceList,
    listed: Callable[[Session], Listed],
) -> Response:
    """A page of a list, or the whole of it."""
    directory, settings = request.app.state.directory, request.app.state.settings
    with one_state(directory.engine) as session:
        wanted = listed(session)
        if query.format == "json":
            return public(request, paged(session, query, wanted), settings)
    return lines(every(directory.engine, wanted), settings)


def one(
    request: Request, key: str, what: str, read: Callable[[Session, UUID], Json | None]
) -> Response:
    """One entity by the id of the address, for anybody to keep.

    Raises:
        Problem: 404.
    """
    found = found_by_id(request.app.state.directory, key, what, read)
    return public(request, found, request.app.state.settings)


def found_by_id(
    directory: Directory, key: str, what: str, read: Callable[[Session, UUID], Json | None]
) -> Json:
    """One entity by the id of the address.

    Raises:
        Problem: 404; an id that is no UUID is nobody's.
    """
    try:
        wanted = UUID(key)
    except ValueError:
        wanted = None
    if wanted is not None:
        with one_state(directory.engine) as session:
            found = read(session, wanted)
        if found is not None:
            return found
    raise Problem(404, "Not found", f"There is no {what} with this id.", element="id")
