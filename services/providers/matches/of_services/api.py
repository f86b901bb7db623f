"""Services that two sources list and that may be one, over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.providers import hubs
from services.providers.answers import answer
from services.providers.dependencies import Known
from services.providers.importing.api import Coordinator
from services.providers.matches.api import Acceptance, in_words
from services.providers.matches.of_services import deciding
from services.providers.matches.of_services.listed import listed, one
from services.providers.matches.proposals import NoSuchMatch
from services.providers.queries import Page
from shared.auth import Principal
from shared.database import UnitOfWork

routes = APIRouter(prefix="/directory/service-matches", tags=["importing"])


@routes.get("")
def list_service_matches(
    directory: Known,
    principal: Coordinator,
    state: Literal["open", "accepted", "refused", "undone"] = "open",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Services of the own hub's organisations that may be one, the most alike first."""
    wanted = Page(page=page, per_page=per_page)
    with UnitOfWork(directory.engine) as uow:
        found = listed(uow, state, hubs.own_hubs(uow, principal), wanted)
    return answer(found)


@routes.get("/{id}")
def read_service_match(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
) -> Response:
    """One proposal, with all that each of the two says."""
    with UnitOfWork(directory.engine) as uow, in_words():
        found = one(uow, id, hubs.own_hubs(uow, principal))
    return answer(found)


@routes.post("/{id}/accept")
def accept_service_match(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: Acceptance,
) -> Response:
    """They are one service: one stays on the list."""
    with UnitOfWork(directory.engine) as uow, in_words():
        match = _own_match(uow, principal, id)
        by = principal.subject
        kept = deciding.accept(uow, directory, match, by, keep=said.keep, fields=said.fields)
        uow.commit()
    return answer({"id": id, "state": "accepted", "kept": kept})


@routes.post("/{id}/refuse")
def refuse_service_match(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
) -> Response:
    """They are two services, and not proposed again."""
    with UnitOfWork(directory.engine) as uow, in_words():
        deciding.refuse(uow, directory, _own_match(uow, principal, id), principal.subject)
        uow.commit()
    return answer({"id": id, "state": "refused"})


@routes.post("/{id}/undo")
def undo_service_match(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
) -> Response:
    """They are two after all: both are listed again."""
    with UnitOfWork(directory.engine) as uow, in_words():
        deciding.undo(uow, directory, _own_match(uow, principal, id), principal.subject)
        uow.commit()
    return answer({"id": id, "state": "undone"})


def _own_match(uow: UnitOfWork, principal: Principal, key: UUID) -> Any:
    """A proposal about services that the caller keeps.

    Raises:
        NoSuchMatch: there is none, or it is about other hubs' services.
        Problem: 403 where one of the two is another hub's by now.
    """
    match = deciding.match_of(uow, key)
    owners, own = deciding.owners(uow, match), hubs.own_hubs(uow, principal)
    if not any(hubs.hub_of(uow, owner) in own for owner in owners):
        raise NoSuchMatch(key)
    for owner in owners:
        hubs.must_keep(uow, principal, owner)
    return match
