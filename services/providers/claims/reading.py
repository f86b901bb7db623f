"""Claims as they are read: by the coordinators of the listing's hub, and by whoever asked."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import RowMapping, false, func, or_, select

from services.providers import hubs
from services.providers.claims import claim_rows
from services.providers.claims.domain import (
    REGISTERS,
    ClaimState,
    Evidence,
    Fits,
    email_fits,
    number_fits,
)
from services.providers.handlers import Directory
from services.providers.matches.likeness import register_number
from services.providers.nested import Json, picked
from services.providers.paging import envelope
from services.providers.queries import Page
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork

_SHOWN = (
    "id organization_id claimant state who asked asked_by decided decided_by words ended ended_by"
    " why_ended"
)


def of_state(directory: Directory, principal: Principal, state: ClaimState, page: Page) -> Json:
    """Claims on listings of the hubs that somebody coordinates, and their own; oldest first."""
    claim, organization = table("listing_claim"), table("organization").c
    with UnitOfWork(directory.engine) as uow:
        here = select(organization.id).where(organization.hub.in_(hubs.codes_of(uow, principal)))
        own = (
            claim.c.claimant == UUID(principal.organisation)
            if "provider" in principal.roles
            else false()
        )
        wanted = select(claim).where(
            claim.c.state == state, or_(claim.c.organization_id.in_(here), own)
        )
        run = uow.session.connection().execute
        total = run(select(func.count()).select_from(wanted.subquery())).scalar_one()
        ordered = wanted.order_by(claim.c.asked, claim.c.id)
        rows = run(ordered.limit(page.per_page).offset(page.offset)).mappings().all()
        return envelope(page, total, shown(uow, rows))


def one(directory: Directory, principal: Principal, key: UUID) -> Json:
    """One claim.

    Raises:
        Problem: 404, also for one that is not for whoever asks.
    """
    with UnitOfWork(directory.engine) as uow:
        return shown(uow, [visible(uow, principal, key)])[0]


def visible(uow: UnitOfWork, principal: Principal, key: UUID) -> RowMapping:
    """A claim that somebody may see, held.

    Raises:
        Problem: 404.
    """
    claim = claim_rows.claim_of(uow, key)
    mine = "provider" in principal.roles and str(claim["claimant"]) == principal.organisation
    hub = hubs.hub_of(uow, claim["organization_id"])
    if not mine and not hubs.coordinates(uow, principal, hub):
        raise claim_rows.unknown()
    return claim


def shown(uow: UnitOfWork, claims: Sequence[RowMapping]) -> list[Json]:
    """Claims with the names of what is claimed, and whether the evidence fits the listing."""
    listed = _listed(uow, {claim["organization_id"] for claim in claims})
    return [
        picked(claim, _SHOWN)
        | {
            "organization": listed[claim["organization_id"]]["name"],
            "evidence": [
                each | {"fits": _fits(each, listed[claim["organization_id"]])}
                for each in claim["evidence"]
            ],
        }
        for claim in claims
    ]


def _listed(uow: UnitOfWork, keys: set[UUID]) -> dict[UUID, dict[str, Any]]:
    organization, identifier = table("organization").c, table("organization_identifier")
    run = uow.session.connection().execute
    found: dict[UUID, dict[str, Any]] = {}
    wanted = select(organization.id, organization.name, organization.email, organization.website)
    for row in run(wanted.where(organization.id.in_(keys))).mappings():
        host = urlsplit(row["website"]).hostname if row["website"] else None
        found[row["id"]] = dict(row) | {"host": host, "numbers": set()}
    numbers = select(identifier).where(identifier.c.organization_id.in_(keys))
    for row in run(numbers).mappings():
        kind = f"{row['identifier_scheme'] or ''} {row['identifier_type']}"
        number = register_number(kind, row["identifier"])
        if number is not None:
            found[row["organization_id"]]["numbers"].add(number)
    return found


def _fits(evidence: dict[str, str], listed: dict[str, Any]) -> Fits:
    kind = Evidence(evidence["kind"])
    if kind in REGISTERS:
        return number_fits(kind, evidence["value"], listed["numbers"])
    if kind is Evidence.EMAIL:
        return email_fits(evidence["value"], listed["email"], listed["host"])
    return Fits.UNKNOWN
