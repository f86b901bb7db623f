"""What a hub decides of a claim: accepted, refused, and ended when the wrong people keep it.

Whoever asked hears of it.
"""

from uuid import UUID

from services.providers import hubs
from services.providers.claims import claim_rows, reading
from services.providers.claims.domain import ClaimState
from services.providers.claims.keepers import keeper_of
from services.providers.handlers import Directory
from services.providers.matches.proposing import stands_in_another
from services.providers.nested import Json
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.messaging.events import ListingClaimDecided
from shared.problems import Problem


def accept(directory: Directory, principal: Principal, key: UUID, words: str) -> Json:
    """A coordinator agrees: from now on the claimant's staff may write the listings.

    Raises:
        Problem: 404, 403; 409 where it was decided before, or somebody else keeps it by now.
    """
    return _decide(directory, principal, key, ClaimState.OPEN, ClaimState.ACCEPTED, words)


def refuse(directory: Directory, principal: Principal, key: UUID, words: str) -> Json:
    """A coordinator says no, and why.

    Raises:
        Problem: 404, 403; 409 where it was decided before.
    """
    return _decide(directory, principal, key, ClaimState.OPEN, ClaimState.REFUSED, words)


def end(directory: Directory, principal: Principal, key: UUID, words: str) -> Json:
    """A coordinator ends a keeper's right; what the keeper wrote stays, and what waits waits.

    Raises:
        Problem: 404, 403; 409 where it is not accepted.
    """
    return _decide(directory, principal, key, ClaimState.ACCEPTED, ClaimState.ENDED, words)


def _decide(
    directory: Directory,
    principal: Principal,
    key: UUID,
    stands: ClaimState,
    becomes: ClaimState,
    words: str,
) -> Json:
    with UnitOfWork(directory.engine) as uow:
        claim = reading.visible(uow, principal, key)
        owner = claim["organization_id"]
        hub = hubs.hub_of(uow, owner)
        if not hubs.coordinates(uow, principal, hub):
            raise Problem(403, "Not allowed", "A coordinator of its hub decides.", element="id")
        claim_rows.must_be(claim, stands)
        if becomes is ClaimState.ACCEPTED and stands_in_another(uow.session, owner):
            raise Problem(
                409,
                "It stands in another",
                "This organisation was found to be one with another, whose listing is the one to"
                " claim.",
                element="id",
            )
        if becomes is ClaimState.ACCEPTED and keeper_of(uow, owner) is not None:
            raise Problem(
                409,
                "Somebody keeps it already",
                "Another organisation's staff keep this listing by now. End that first, or refuse"
                " this claim.",
                element="id",
            )
        position = claim_rows.move(uow, directory, principal, claim, becomes, words)
        event = ListingClaimDecided(
            listing=owner,
            provider=owner,
            hub=hub,
            claimant=claim["claimant"],
            decision=becomes.value,
        )
        directory.outbox.add(uow, event, version=position)
        shown = reading.shown(uow, [claim_rows.claim_of(uow, key)])[0]
        uow.commit()
    return shown
