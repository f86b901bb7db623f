"""Quiet hours over HTTP: of a party, by itself or a coordinator of its hub; `own` is oneself."""

from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from services.notifications.api.contacts import coordinates
from services.notifications.wishes import keeping
from services.notifications.wishes.rules import Quiet
from shared.auth import Principal, requires
from shared.database import UnitOfWork

router = APIRouter(prefix="/notifications/quiet-hours", tags=["contacts"])

OWN = "own"
"""How the caller's own organisation is called in an address."""

Party = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Reads = Annotated[Principal, Depends(requires("notifications.read", "notifications.write"))]
Writes = Annotated[Principal, Depends(requires("notifications.write"))]


@router.get("/{party}")
def show(party: Party, principal: Reads, request: Request) -> dict[str, Any]:
    """A party's quiet hours; null where it has none."""
    with UnitOfWork(request.app.state.engine) as uow:
        of = _of(uow, principal, party)
        return {"quiet_hours": keeping.shown(keeping.quiet_hours(uow, of))}


@router.put("/{party}")
def put(party: Party, body: Quiet, principal: Writes, request: Request) -> dict[str, Any]:
    """Let what can wait go to a party outside these hours only."""
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
