"""Who keeps a listing beside its own organisation and its hub: whoever's claim was accepted."""

from uuid import UUID

from sqlalchemy import select

from services.providers.claims.domain import ClaimState
from services.providers.rows import table
from shared.database import UnitOfWork


def keeper_of(uow: UnitOfWork, owner: UUID) -> UUID | None:
    """The organisation whose staff keep the listings of another one; None where nobody does."""
    claim = table("listing_claim").c
    wanted = select(claim.claimant).where(
        claim.organization_id == owner, claim.state == ClaimState.ACCEPTED
    )
    return uow.session.scalar(wanted)


def kept_by(uow: UnitOfWork, claimant: UUID) -> set[UUID]:
    """The organisations whose listings somebody's staff keep."""
    claim = table("listing_claim").c
    wanted = select(claim.organization_id).where(
        claim.claimant == claimant, claim.state == ClaimState.ACCEPTED
    )
    return set(uow.session.scalars(wanted))
