"""Quiet hours over HTTP: of a party, by itself or a coordinator of its hub; `own` is oneself."""

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.notifications.api.contacts import coordinates
from services.notifications.wishes import keeping
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

router = APIRouter(prefix="/notifications/quiet-hours", tags=["contacts"])

OWN = "own"
"""How the caller's own organisation is called in an address."""

Party = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Reads = Annotated[Principal, Depends(requires("notifications.read", "notifications.write"))]
Writes = Annotated[Principal, Depends(requires("notifications.write"))]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Hours(BaseModel):
    """Local times, such as `20:00` to `08:00`: over midnight where they end earlier."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    starts: Clock
    ends: Clock


@router.get("/{party}")
def show(party: Party, principal: Reads, request: Request) -> dict[str, Any]:
    """A party's quiet hours; null where it has none."""
    with UnitOfWork(request.app.state.engine) as uow:
        of = _of(uow, principal, party)
        return {"quiet_hours": keeping.shown(keeping.quiet_hours(uow, of))}


@router.put("/{party}")
def put(party: Party, body: Hours, principal: Writes, request: Request) -> dict[str, Any]:
    """Let what can wait go to a party outside these hours only."""
    if body.starts == body.ends:
        words = "They end when they begin: to have none, delete them."
        raise Problem(422, "That is no time", words, element="ends")
    zone = request.app.state.timezone
    with UnitOfWork(request.app.state.engine) as uow:
        of = _of(uow, principal, party)
        starts, ends = time.fromisoformat(body.starts), time.fromisoformat(body.ends)
        keeping.keep_quiet(uow, of, starts, ends, zone)
        uow.commit()
        return {"quiet_hours": keeping.shown(keeping.quiet_hours(uow, of))}


@router.delete("/{party}", status_code=204)
def end(party: Party, principal: Writes, request: Request) -> None:
    """Let a party hear at any hour."""
    with UnitOfWork(request.app.state.engine) as uow:
        keeping.end_quiet(uow, _of(uow, principal, party))
        uow.commit()


def _of(uow: UnitOfWork, principal: Principal, party: str) -> str:
    """The party that is meant.

    Raises:
        Problem: 404, the caller does not look after it.
    """
    meant = principal.organisation or party if party == OWN else party
    coordinates(uow, principal, meant)
    return meant
