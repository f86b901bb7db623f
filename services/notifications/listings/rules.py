"""Who is told of what about a listing: declared rules, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.messaging.events import (
    CapacityAsked,
    ListingApproved,
    ListingClaimDecided,
    ListingClaimed,
    ListingEvent,
    ListingSentBack,
    ListingSubmitted,
    TierChanged,
    TierEnding,
    VerificationDue,
)


class Kind(StrEnum):
    """What a message says."""

    SUBMITTED = "listing-submitted"
    """A hub's coordinator: a provider wrote something that waits to be approved."""
    SENT_BACK = "listing-sent-back"
    """A provider: its hub asks for a change."""
    APPROVED = "listing-approved"
    """A provider: its hub agreed."""
    CLAIMED = "listing-claimed"
    """A hub's coordinator: somebody asks to keep a listing."""
    CLAIMED_OF_YOURS = "listing-claimed-of-yours"
    """A provider: somebody asks to keep its listing; whoever it is should be known to it."""
    CLAIM_ACCEPTED = "listing-claim-accepted"
    """Whoever asked to keep a listing: its hub agreed."""
    CLAIM_REFUSED = "listing-claim-refused"
    """Whoever asked to keep a listing: its hub said no."""
    KEEPING_ENDED = "listing-keeping-ended"
    """Whoever kept a listing: its hub ended that."""
    LOOK = "listing-look"
    """A provider: is the listing still right?"""
    LOOK_FOR_THEM = "listing-look-for-them"
    """A hub's coordinator: a provider did not say whether its listing is still right."""
    TIER_ENDING = "listing-tier-ending"
    """A provider and its hub: papers run out, and with them what the listing may be used for."""
    CAPACITY = "capacity"
    """A provider: how much room is there, with a link for each answer."""
    TIER_CHANGED = "listing-tier-changed"
    """A provider and its hub: what a listing may be used for changed by the day alone."""


class Side(StrEnum):
    """Whose contacts are told."""

    PROVIDER = "provider"
    HUB = "hub"
    CLAIMANT = "claimant"
    """The organisation whose staff asked to keep somebody's listing."""


@dataclass(frozen=True)
class Told:
    """One message that follows from an event."""

    kind: Kind
    to: Side


RULES: Mapping[type[ListingEvent], tuple[Told, ...]] = {
    ListingSubmitted: (Told(Kind.SUBMITTED, Side.HUB),),
    ListingSentBack: (Told(Kind.SENT_BACK, Side.PROVIDER),),
    ListingApproved: (Told(Kind.APPROVED, Side.PROVIDER),),
    ListingClaimed: (
        Told(Kind.CLAIMED, Side.HUB),
        Told(Kind.CLAIMED_OF_YOURS, Side.PROVIDER),
    ),
    ListingClaimDecided: (
        Told(Kind.CLAIM_ACCEPTED, Side.CLAIMANT),
        Told(Kind.CLAIM_REFUSED, Side.CLAIMANT),
        Told(Kind.KEEPING_ENDED, Side.CLAIMANT),
    ),
    CapacityAsked: (Told(Kind.CAPACITY, Side.PROVIDER),),
    VerificationDue: (Told(Kind.LOOK, Side.PROVIDER), Told(Kind.LOOK_FOR_THEM, Side.HUB)),
    TierEnding: (Told(Kind.TIER_ENDING, Side.PROVIDER), Told(Kind.TIER_ENDING, Side.HUB)),
    TierChanged: (Told(Kind.TIER_CHANGED, Side.PROVIDER), Told(Kind.TIER_CHANGED, Side.HUB)),
}
"""Every event about a listing that somebody hears of."""

DECISIONS: Mapping[str, Kind] = {
    "accepted": Kind.CLAIM_ACCEPTED,
    "refused": Kind.CLAIM_REFUSED,
    "ended": Kind.KEEPING_ENDED,
}
"""What is said of each decision about a claim."""


def told_of(event: ListingEvent) -> tuple[Told, ...]:
    """What follows from an event. Whose turn it is to look, and what was decided, the event says
    itself.
    """
    rules = RULES.get(type(event), ())
    if isinstance(event, VerificationDue):
        return tuple(rule for rule in rules if rule.to == event.to)
    if isinstance(event, ListingClaimDecided):
        return tuple(rule for rule in rules if rule.kind == DECISIONS.get(event.decision))
    return rules
