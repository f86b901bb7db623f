"""The directory over HTTP beside Open Referral UK: search, whole listings, and writes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session

from services.providers import handlers, hsds, listing, matching
from services.providers.answers import answer, public
from services.providers.dependencies import Known, Passer, Settings, Writer
from services.providers.life.writing import Written, write_organization, write_service
from services.providers.nested import Json, picked
from services.providers.open_referral import found_by_id
from services.providers.paging import one_state
from services.providers.queries import NeedSearch, asked, described
from services.providers.rows import table
from shared.openapi import also

reads = APIRouter(prefix="/directory", tags=["directory"])
writes = APIRouter(prefix="/directory", tags=["keeping the directory"])


# --- Kersey's own reads ----------------------------------------------------------------------


@reads.get("/search", openapi_extra=described(NeedSearch))
def search(directory: Known, query: Annotated[NeedSearch, Depends(asked(NeedSearch))]) -> Response:
    """What fits a person's needs, ranked, with distance, room, reasons and what to ask."""
    with one_state(directory.engine) as session:
        return answer(matching.search(session, query, directory.clock()))


@reads.get("/listings/{id}")
def read_listing(directory: Known, id: str) -> Response:  # noqa: A002
    """A service's whole public listing with Kersey's part, as its events carry it."""
    found = found_by_id(
        directory,
        id,
        "service",
        lambda session, key: listing.listings(session, [key], directory.clock()).get(key),
    )
    return answer(found)


@reads.get("/hubs")
def list_hubs(request: Request, directory: Known, settings: Settings) -> Response:
    """The place hubs and the postcode districts of each."""
    with one_state(directory.engine) as session:
        return public(request, {"contents": _hubs(session)}, settings)


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
        picked(row, "code name description email phone")
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
    return answer(handlers.set_capacity(directory, principal, id, said))


class PassedOn(BaseModel):
    """What somebody said of a service's room by a link that was sent to them."""

    model_config = ConfigDict(extra="forbid")

    provider: UUID
    state: handlers.Answer
    contact: UUID = Field(description="To whom the link was sent.")


@writes.post("/services/{id}/capacity-answers")
def pass_on_capacity(
    directory: Known,
    principal: Passer,
    id: UUID,  # noqa: A002
    said: PassedOn,
) -> Response:
    """Pass on which of the four answers somebody gave by a link."""
    return answer(handlers.take_answer(directory, id, said.provider, said.state, said.contact))


@writes.post("/services/{id}/withdraw")
def withdraw_service(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    said: Withdrawal,
) -> Response:
    """Take a service off the list."""
    return answer(handlers.withdraw_service(directory, principal, id, said.reason))


Why = Annotated[
    str | None,
    Query(min_length=1, max_length=500, pattern=r"^[^\x00]+$", description="For the history."),
]


NEW, WAITS = {201: "It is listed for the first time."}, {202: "It waits for its hub."}


@writes.post("/services", status_code=201, responses=also(WAITS))
def post_service(
    directory: Known, principal: Writer, model: hsds.Service, why: Why = None
) -> Response:
    """List a service. What its provider writes waits for the hub, and is answered with 202."""
    return _written(write_service(directory, principal, None, model, why), "services")


@writes.put("/services/{id}", responses=also(NEW | WAITS))
def put_service(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    model: hsds.Service,
    why: Why = None,
    draft: Annotated[
        bool, Query(description="Keep a coordinator's listing until its hub says yes.")
    ] = False,
) -> Response:
    """List a service under an id, or replace its listing; see `POST /directory/services`."""
    return _written(write_service(directory, principal, id, model, why, draft=draft), "services")


@writes.post("/organizations", status_code=201, responses=also(WAITS))
def post_organization(
    directory: Known, principal: Writer, model: hsds.Organization, why: Why = None
) -> Response:
    """List an organisation; see `POST /directory/services`."""
    return _written(write_organization(directory, principal, None, model, why), "organizations")


@writes.put("/organizations/{id}", responses=also(NEW | WAITS))
def put_organization(
    directory: Known,
    principal: Writer,
    id: UUID,  # noqa: A002
    model: hsds.Organization,
    why: Why = None,
) -> Response:
    """List an organisation under an id, or replace its listing; see `POST /directory/services`."""
    return _written(write_organization(directory, principal, id, model, why), "organizations")


def _written(written: Written, kind: str) -> Response:
    body = written.body
    if written.waits:
        version = f"/directory/{kind}/{body['subject']}/versions/{body['number']}"
        return answer(body, 202, {"Location": version})
    return answer(
        body, 201 if written.new else 200, {"Location": f"/directory/{kind}/{body['id']}"}
    )
