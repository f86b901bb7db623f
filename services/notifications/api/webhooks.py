"""Webhooks over HTTP: how they stand, off and on, a new secret. For the party and its hub."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.notifications.handlers import contacts, hubs
from services.notifications.reach import endpoints
from services.notifications.reach.endpoints import Standing
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

router = APIRouter(prefix="/notifications/webhooks", tags=["webhooks"])

Reads = Annotated[Principal, Depends(requires("notifications.read", "notifications.write"))]
Writes = Annotated[Principal, Depends(requires("notifications.write"))]


class Rotation(BaseModel):
    """A new secret is wanted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    overlap_hours: int = Field(
        default=24,
        ge=0,
        le=7 * 24,
        description="For so long messages are signed with the secret before the new one too; 0 for"
        " one that became known to others.",
    )


@router.get("")
def list_webhooks(
    principal: Reads,
    request: Request,
    party: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
) -> dict[str, Any]:
    """A party's webhooks and how they stand; by default those of whoever asks."""
    wanted = party or principal.organisation
    with UnitOfWork(request.app.state.engine) as uow:
        if not _theirs(uow, principal, wanted):
            words = "You look after no such party's webhooks."
            raise Problem(404, "Not found", words, element="party")
        found = endpoints.standing(uow, party=wanted)
        return {"webhooks": [_shown(each) for each in found]}


@router.get("/{contact}")
def show_webhook(contact: UUID, principal: Reads, request: Request) -> dict[str, Any]:
    """One webhook and how it stands."""
    return _shown(_found(request.app.state.engine, principal, contact))


@router.post("/{contact}/disable")
def disable(contact: UUID, principal: Writes, request: Request) -> dict[str, Any]:
    """Send it nothing more; what is meant for it waits."""
    engine = request.app.state.engine
    _found(engine, principal, contact)
    if not endpoints.disable(engine, contact, by=principal.subject):
        raise Problem(409, "Nothing was changed", "It is switched off.", element="contact")
    return _shown(_found(engine, principal, contact))


@router.post("/{contact}/enable")
def enable(contact: UUID, principal: Writes, request: Request) -> dict[str, Any]:
    """Switch it on; it gets what it missed, in order. Safe to repeat."""
    engine = request.app.state.engine
    _found(engine, principal, contact)
    released = endpoints.enable(engine, contact)
    request.app.state.delivery_wake.set()
    return _shown(_found(engine, principal, contact)) | {"released": released}


@router.post("/{contact}/rotate")
def rotate(
    contact: UUID, principal: Writes, request: Request, body: Rotation | None = None
) -> dict[str, Any]:
    """Give it a new secret, which is in this answer once."""
    engine = request.app.state.engine
    _found(engine, principal, contact)
    overlap = timedelta(hours=(body or Rotation()).overlap_hours)
    with UnitOfWork(engine) as uow:
        secret = contacts.rotate(uow, request.app.state.keys, contact, overlap=overlap)
        uow.commit()
    return _shown(_found(engine, principal, contact)) | {"secret": secret}


def _found(engine: Engine, principal: Principal, contact: UUID) -> Standing:
    """The webhook, if it is the reader's own or their hub's; the same refusal for all others."""
    with UnitOfWork(engine) as uow:
        for each in endpoints.standing(uow, contact=contact):
            if _theirs(uow, principal, each.contact.party):
                return each
    raise Problem(404, "Not found", "You look after no such webhook.", element="contact")


def _theirs(uow: UnitOfWork, principal: Principal, party: str) -> bool:
    return principal.organisation == party or hubs.coordinates(uow, principal, party)


def _shown(each: Standing) -> dict[str, Any]:
    contact = each.contact
    until = contact.former_secret_until
    return {
        "contact": str(contact.id),
        "party": contact.party,
        "role": contact.role,
        "service": str(contact.service) if contact.service else None,
        "label": contact.label,
        "address": contact.address,
        "active": contact.active,
        "enabled": each.off_since is None,
        "off_since": each.off_since.isoformat() if each.off_since else None,
        "off_for": each.off_for,
        "off_by": each.off_by,
        "failures": each.failures,
        "failing_since": each.failing_since.isoformat() if each.failing_since else None,
        "waiting": each.waiting,
        "former_secret_until": until.isoformat() if until else None,
    }
