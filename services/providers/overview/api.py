"""A hub's own lists over HTTP. Of another hub's listings nothing is found."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.providers.answers import answer
from services.providers.dependencies import SCOPE, Known, Settings
from services.providers.domain import CapacityState
from services.providers.overview import reviews, rooms, waiting
from services.providers.overview.names import LONGEST
from services.providers.queries import LONGEST_PAGE, Page
from services.providers.rounds import plan
from shared.auth import Principal, requires

routes = APIRouter(prefix="/directory", tags=["a hub's own lists"])
Coordinator = Annotated[Principal, Depends(requires(SCOPE, role="coordinator"))]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PerPage = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]


@routes.get("/waiting")
def read_waiting(directory: Known, settings: Settings, principal: Coordinator) -> Response:
    """How much waits for the hubs that you coordinate, by what it is."""
    return answer(waiting.counted(directory, principal, plan(settings)))


@routes.get("/reviews")
def list_reviews(
    directory: Known,
    settings: Settings,
    principal: Coordinator,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> Response:
    """Listings that somebody is to look at: those that are gone for want of it, then the oldest."""
    wanted = Page(page=page, per_page=per_page)
    return answer(reviews.due(directory, principal, plan(settings), wanted))


@routes.get("/reviews/{id}")
def read_review(
    directory: Known,
    settings: Settings,
    principal: Coordinator,
    id: UUID,  # noqa: A002
) -> Response:
    """When somebody last looked at a listing of your hub, and who was asked to."""
    return answer(reviews.one(directory, principal, plan(settings), id))


@routes.get("/capacities")
def list_capacities(
    directory: Known,
    principal: Coordinator,
    state: CapacityState | None = None,
    named: Annotated[str, Query(max_length=LONGEST)] = "",
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> Response:
    """How much room each listed service of your hub has, and how many there are of each state.

    `named` is a part of the name of the service or of who offers it.
    """
    wanted = Page(page=page, per_page=per_page)
    return answer(rooms.listed(directory, principal, state, wanted, named))
