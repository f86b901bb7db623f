"""Gaps over HTTP: workers note them, hubs count them and act."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.providers import hubs
from services.providers.dependencies import SCOPE as WRITE
from services.providers.dependencies import Asker, Known
from services.providers.gaps.acting import ActionSaid, actions, begin, change, own_action
from services.providers.gaps.noting import GapNoted, counted, note_gap
from services.providers.nested import Json
from shared.auth import Principal, requires
from shared.database import UnitOfWork

routes = APIRouter(prefix="/directory/gaps", tags=["gaps in service"])
Coordinator = Annotated[Principal, Depends(requires(WRITE, role="coordinator"))]
HubCode = Annotated[str | None, Query(max_length=40)]


@routes.post("", status_code=201)
def post_gap(directory: Known, principal: Asker, noted: GapNoted) -> Json:
    """Note that nothing fitted: which need, where, and why. Nothing about the person is taken."""
    return note_gap(directory, noted)


@routes.get("")
def list_gaps(
    directory: Known,
    principal: Coordinator,
    hub: HubCode = None,
    mine: Annotated[bool, Query(description="Only of the hubs that you coordinate.")] = False,
    days: Annotated[int, Query(ge=1, le=1826)] = 365,
) -> Json:
    """How often nothing fitted, by place and need, and what is being done about it."""
    with UnitOfWork(directory.engine) as uow:
        places = frozenset({hub}) if hub is not None else None
        if mine:
            own = hubs.codes_of(uow, principal)
            places = own if places is None else own & places
        return {
            "days": days,
            "contents": counted(uow.session, directory.clock(), days=days, hubs=places),
            "actions": actions(uow.session, places),
        }


@routes.get("/actions/{id}")
def read_action(directory: Known, principal: Coordinator, id: UUID) -> Json:  # noqa: A002
    """One action of your hub, to be written anew."""
    return own_action(directory, principal, id)


@routes.post("/actions", status_code=201)
def post_action(directory: Known, principal: Coordinator, said: ActionSaid) -> Json:
    """Begin to do something about a gap."""
    return begin(directory, principal, said)


@routes.put("/actions/{id}")
def put_action(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: ActionSaid,
) -> Json:
    """Change what is being done about a gap."""
    return change(directory, principal, id, said)
