"""Claims over HTTP: a provider's staff ask, the hub decides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.providers.answers import answer
from services.providers.claims import asking, deciding, reading
from services.providers.claims.domain import ClaimState
from services.providers.claims.shapes import ClaimSaid, Reason
from services.providers.dependencies import SCOPE, Known, Writer
from services.providers.queries import LONGEST_PAGE, Page
from shared.auth import Principal, requires

routes = APIRouter(prefix="/directory", tags=["claiming a listing"])
Provider = Annotated[Principal, Depends(requires(SCOPE, role="provider"))]
Coordinator = Annotated[Principal, Depends(requires(SCOPE, role="coordinator"))]


@routes.post("/organizations/{id}/claim", status_code=201)
def post_claim(
    directory: Known,
    principal: Provider,
    id: UUID,  # noqa: A002
    said: ClaimSaid,
) -> Response:
    """Ask to keep the listings of an organisation that somebody else brought."""
    found = asking.ask(directory, principal, id, said)
    return answer(found, 201, {"Location": f"/directory/claims/{found['id']}"})


@routes.get("/claims")
def list_claims(
    directory: Known,
    principal: Writer,
    state: ClaimState = ClaimState.OPEN,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = LONGEST_PAGE,
) -> Response:
    """Claims on listings of the hubs that you coordinate, and your own; oldest first."""
    wanted = Page(page=page, per_page=per_page)
    return answer(reading.of_state(directory, principal, state, wanted))


@routes.get("/claims/{id}")
def read_claim(directory: Known, principal: Writer, id: UUID) -> Response:  # noqa: A002
    """One claim, and whether its evidence fits the listing."""
    return answer(reading.one(directory, principal, id))


@routes.post("/claims/{id}/accept")
def accept_claim(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: Reason,
) -> Response:
    """Let whoever asked keep the listings; say what you looked at."""
    return answer(deciding.accept(directory, principal, id, said.words))


@routes.post("/claims/{id}/refuse")
def refuse_claim(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: Reason,
) -> Response:
    """Say no, and why."""
    return answer(deciding.refuse(directory, principal, id, said.words))


@routes.post("/claims/{id}/end")
def end_claim(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: Reason,
) -> Response:
    """End the right of whoever keeps the listings by this claim."""
    return answer(deciding.end(directory, principal, id, said.words))


@routes.post("/claims/{id}/withdraw")
def withdraw_claim(directory: Known, principal: Provider, id: UUID) -> Response:  # noqa: A002
    """Take your own claim back; of one that was accepted, give up keeping the listings."""
    return answer(asking.take_back(directory, principal, id))
