"""The directory over HTTP: public reads in Open Referral UK's form, matching, and writes."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session

from services.providers import catalogue, handlers, hsds, listing, matching
from services.providers.handlers import Directory
from services.providers.listing import Json
from services.providers.queries import (
    NeedSearch,
    OrganizationList,
    Page,
    ServiceList,
    TermList,
    asked,
    described,
)
from services.providers.rows import table
from services.providers.settings import ProvidersSettings
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

SCOPE = "directory.write"

reads = APIRouter(prefix="/directory", tags=["directory"])
writes = APIRouter(prefix="/directory", tags=["keeping the directory"])


def _directory(request: Request) -> Directory:
    found: Directory = request.app.state.directory
    return found


def _settings(request: Request) -> ProvidersSettings:
    found: ProvidersSettings = request.app.state.settings
    return found


Known = Annotated[Directory, Depends(_directory)]
Settings = Annotated[ProvidersSettings, Depends(_settings)]
Writer = Annotated[Principal, Depends(requires(SCOPE))]


def _answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def _public(body: Any, settings: ProvidersSettings) -> Response:
    """A public answer that others may keep for a while."""
    return _answer(body, headers={"Cache-Control": f"public, max-age={settings.public_seconds}"})


def _one(directory: Directory, key: str, what: str, read: Callable[[Session, UUID], Any]) -> Json:
    """One entity by the id of the address.

    Raises:
        Problem: 404; an id that is no UUID is nobody's.
    """
    try:
        wanted = UUID(key)
    except ValueError:
        wanted = None
    if wanted is not None:
        with UnitOfWork(directory.engine) as uow:
            found: Json | None = read(uow.session, wanted)
        if found is not None:
            return found
    raise Problem(404, "Not found", f"There is no {what} with this id.", element="id")


# --- Open Referral UK ------------------------------------------------------------------------


@reads.get("", include_in_schema=False)
@reads.get("/")
def about(settings: Settings) -> Response:
    """What this API follows."""
    return _public(
        {
            "version": "HSDS-UK-3.0",
            "profile": settings.profile_url,
            "openapi_url": settings.openapi_url,
        },
        settings,
    )


@reads.get("/services", openapi_extra=described(ServiceList))
def list_services(
    directory: Known,
    settings: Settings,
    query: Annotated[ServiceList, Depends(asked(ServiceList))],
) -> Response:
    """Services, one page at a time."""
    with UnitOfWork(directory.engine) as uow:
        return _public(catalogue.services(uow.session, query), settings)


@reads.get("/services/{id}")
def read_service(directory: Known, settings: Settings, id: str) -> Response:  # noqa: A002 - its name in the profile
    """A service with everything below it; a withdrawn one is still told, as defunct."""
    found = _one(
        directory,
        id,
        "service",
        lambda session, key: listing.services(session, [key], full=True).get(key),
    )
    return _public(found, settings)


@reads.get("/service_at_locations", openapi_extra=described(ServiceList))
def list_service_at_locations(
    directory: Known,
    settings: Settings,
    query: Annotated[ServiceList, Depends(asked(ServiceList))],
) -> Response:
    """Services at their locations, one page at a time."""
    with UnitOfWork(directory.engine) as uow:
        return _public(catalogue.service_at_locations(uow.session, query), settings)


@reads.get("/service_at_locations/{id}")
def read_service_at_location(directory: Known, settings: Settings, id: str) -> Response:  # noqa: A002
    """A service at a location, with everything below it."""
    found = _one(
        directory,
        id,
        "service at a location",
        lambda session, key: listing.service_at_locations(session, [key], full=True).get(key),
    )
    return _public(found, settings)


@reads.get("/organizations", openapi_extra=described(OrganizationList))
def list_organizations(
    directory: Known,
    settings: Settings,
    query: Annotated[OrganizationList, Depends(asked(OrganizationList))],
) -> Response:
    """Organisations (HSDS 3.0), one page at a time."""
    with UnitOfWork(directory.engine) as uow:
        return _public(catalogue.organizations(uow.session, query), settings)


@reads.get("/organizations/{id}")
def read_organization(directory: Known, settings: Settings, id: str) -> Response:  # noqa: A002
    """An organisation (HSDS 3.0)."""
    found = _one(
        directory,
        id,
        "organisation",
        lambda session, key: listing.organizations(session, [key], full=True).get(key),
    )
    return _public(found, settings)


@reads.get("/taxonomies", openapi_extra=described(Page))
def list_taxonomies(
    directory: Known, settings: Settings, query: Annotated[Page, Depends(asked(Page))]
) -> Response:
    """Taxonomies, one page at a time."""
    with UnitOfWork(directory.engine) as uow:
        return _public(catalogue.taxonomies(uow.session, query), settings)


@reads.get("/taxonomies/{id}")
def read_taxonomy(directory: Known, settings: Settings, id: str) -> Response:  # noqa: A002
    """A taxonomy."""
    found = _one(
        directory,
        id,
        "taxonomy",
        lambda session, key: listing.taxonomies(session, [key]).get(key),
    )
    return _public(found, settings)


@reads.get("/taxonomy_terms", openapi_extra=described(TermList))
def list_taxonomy_terms(
    directory: Known, settings: Settings, query: Annotated[TermList, Depends(asked(TermList))]
) -> Response:
    """Terms, one page at a time."""
    with UnitOfWork(directory.engine) as uow:
        return _public(catalogue.taxonomy_terms(uow.session, query), settings)


@reads.get("/taxonomy_terms/{id}")
def read_taxonomy_term(directory: Known, settings: Settings, id: str) -> Response:  # noqa: A002
    """A term."""
    found = _one(
        directory,
        id,
        "taxonomy term",
        lambda session, key: listing.taxonomy_terms(session, [key]).get(key),
    )
    return _public(found, settings)


# --- Kersey's own reads ----------------------------------------------------------------------


@reads.get("/search", openapi_extra=described(NeedSearch))
def search(directory: Known, query: Annotated[NeedSearch, Depends(asked(NeedSearch))]) -> Response:
    """What fits a person's needs, ranked, with distance, room, reasons and what to ask."""
    with UnitOfWork(directory.engine) as uow:
        return _answer(matching.search(uow.session, query, directory.clock()))


@reads.get("/listings/{id}")
def read_listing(directory: Known, id: str) -> Response:  # noqa: A002
    """A service's whole public listing with Kersey's part, as its events carry it."""
    found = _one(
        directory,
        id,
        "service",
        lambda session, key: listing.listings(session, [key], directory.clock()).get(key),
    )
    return _answer(found)


@reads.get("/hubs")
def list_hubs(directory: Known, settings: Settings) -> Response:
    """The place hubs and the postcode districts of each."""
    with UnitOfWork(directory.engine) as uow:
        return _public({"contents": _hubs(uow.session)}, settings)


def _hubs(session: Session) -> list[Json]:
    hub, place = table("hub"), table("place")
    run = session.connection().execute
    districts: dict[str, list[str]] = {}
    covered = select(place.c.hub, place.c.code).where(
        place.c.hub.is_not(None), place.c.code.not_like("% %")
    )
    for code, district in run(covered.order_by(place.c.code)):
        districts.setdefault(code, []).append(district)
    return [
        listing.picked(row, "code name description email phone")
        | {"districts": districts.get(row["code"], [])}
        for row in run(select(hub).order_by(hub.c.name)).mappings()
    ]


# --- writes ----------------------------------------------------------------------------------


class Withdrawal(BaseModel):
    """Why a service is taken off the list."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")


@writes.put("/services/{id}/capacity")
def put_capacity(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    said: hsds.CapacitySaid,
) -> Response:
    """Say how much room a service has."""
    return _answer(handlers.set_capacity(directory, principal, id, said))


@writes.post("/services/{id}/withdraw")
def withdraw_service(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    said: Withdrawal,
) -> Response:
    """Take a service off the list."""
    return _answer(handlers.withdraw_service(directory, principal, id, said.reason))


@writes.post("/services", status_code=201)
def post_service(directory: Known, principal: Writer, model: hsds.Service) -> Response:
    """List a service."""
    found, new = handlers.publish_service(directory, principal, None, model)
    return _written(found, "services", new=new)


@writes.put("/services/{id}")
def put_service(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    model: hsds.Service,
) -> Response:
    """List a service under an id, or replace its listing."""
    found, new = handlers.publish_service(directory, principal, id, model)
    return _written(found, "services", new=new)


@writes.post("/organizations", status_code=201)
def post_organization(directory: Known, principal: Writer, model: hsds.Organization) -> Response:
    """List an organisation."""
    found, new = handlers.publish_organization(directory, principal, None, model)
    return _written(found, "organizations", new=new)


@writes.put("/organizations/{id}")
def put_organization(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    model: hsds.Organization,
) -> Response:
    """List an organisation under an id, or replace its listing."""
    found, new = handlers.publish_organization(directory, principal, id, model)
    return _written(found, "organizations", new=new)


def _written(found: Json, kind: str, *, new: bool) -> Response:
    return _answer(found, 201 if new else 200, {"Location": f"/directory/{kind}/{found['id']}"})
