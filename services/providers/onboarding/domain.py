"""The rules of bringing a provider in: its states, its steps, and which of them a tier needs.

No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.providers.domain import EVIDENCE_FOR, Tier

STUCK_DAYS = 14
"""Days without a step after which a hub should look why."""


class State(StrEnum):
    """Where it stands as a whole."""

    GOING_ON = "going-on"
    ON_HOLD = "on-hold"
    GIVEN_UP = "given-up"
    DONE = "done"


OPEN = frozenset({State.GOING_ON, State.ON_HOLD})
"""States of which a provider has one at most."""


class Did(StrEnum):
    """What a coordinator did with it; what was done with the listing stands in its own history."""

    BEGUN = "begun"
    CHANGED = "changed"
    NOTED = "noted"
    EVIDENCE = "evidence"
    WITHOUT = "without"
    HELD = "held"
    RESUMED = "resumed"
    GIVEN_UP = "given-up"
    FINISHED = "finished"


MOVES: Mapping[Did, tuple[frozenset[State], State]] = {
    Did.HELD: (frozenset({State.GOING_ON}), State.ON_HOLD),
    Did.RESUMED: (frozenset({State.ON_HOLD, State.GIVEN_UP}), State.GOING_ON),
    Did.GIVEN_UP: (OPEN, State.GIVEN_UP),
    Did.FINISHED: (frozenset({State.GOING_ON}), State.DONE),
}
"""From which states each move starts, and where it ends."""


class Step(StrEnum):
    """What there is to do, in the order in which it is done."""

    ORGANISATION = "organisation"
    """It is listed as an organisation."""
    LISTING = "listing"
    """Its first service is written down, public or not."""
    EVIDENCE = "evidence"
    """One paper that the tier demands was shown, and has not lapsed (care 25)."""
    REACHED = "reached"
    """How it wants to be asked is known (care 24): notifications knows."""
    VERIFIED = "verified"
    """The hub checked an address of it: notifications knows."""
    STAFF = "staff"
    """Its staff can sign in: the issuer knows."""
    CLOSING_DAYS = "closing-days"
    """When it is closed, or that it named no such days."""
    PUBLISHED = "published"
    """Its service is public, at the tier that is wished for."""


OTHERS: Mapping[Step, str] = {
    Step.REACHED: "notifications",
    Step.VERIFIED: "notifications",
    Step.STAFF: "identity",
}
"""Steps that are facts of other services: whoever shows them asks there."""

MAY_DO_WITHOUT = frozenset({Step.STAFF, Step.CLOSING_DAYS})
"""Steps that end with a coordinator's word that the provider does without: small groups answer by
the links of their messages, and some are never closed."""

KINDS: tuple[str, ...] = ("sharing-agreement", "privacy-contact", "safeguarding-lead", "checks")
"""Evidence in the order in which it is asked for."""


@dataclass(frozen=True)
class Paper:
    """Evidence that was shown.

    Attributes:
        seen: when a coordinator saw it.
        expires: the last day on which it counts; None for no end.
    """

    seen: date
    expires: date | None = None

    def lasts(self, today: date) -> bool:
        """Whether it counts on a day."""
        return self.expires is None or self.expires >= today


@dataclass(frozen=True)
class Said:
    """Who did something, and when.

    Attributes:
        at: when.
        by: the account or client.
        words: theirs, where they gave any.
    """

    at: datetime
    by: str
    words: str | None = None


@dataclass(frozen=True)
class Known:
    """What the directory knows of one provider.

    Attributes:
        tier: the tier that is wished for.
        organisation: who listed it as an organisation; None while nobody has.
        listing: who wrote its first service down first.
        papers: what was shown, by kind; of a kind that was shown twice the one that lasts longer.
        shown: who noted each.
        closing_days: who said last when it is closed.
        without: who said of which step that the provider does without.
        published: who made the service public.
        carried: the tier that the public listing carries today; None while nothing is public.
    """

    tier: Tier
    organisation: Said | None = None
    listing: Said | None = None
    papers: Mapping[str, Paper] | None = None
    shown: Mapping[str, Said] | None = None
    closing_days: Said | None = None
    without: Mapping[Step, Said] | None = None
    published: Said | None = None
    carried: Tier | None = None


@dataclass(frozen=True)
class Stands:
    """Where one step stands.

    Attributes:
        step: which.
        needed: whether the tier demands it.
        done: whether it is; None where another service knows.
        by: who did it and when, where that is known.
        kind: of evidence.
        paper: what was shown of it.
        without: whether the provider does without.
    """

    step: Step
    needed: bool
    done: bool | None
    by: Said | None = None
    kind: str | None = None
    paper: Paper | None = None
    without: bool = False


def steps_of(known: Known, today: date) -> list[Stands]:
    """All steps in their order, with whether each is done. What a tier does not demand is there
    too, as not needed: a group may give it all the same.

    Args:
        known: what the directory knows.
        today: the present day.
    """
    named = known.tier >= Tier.NAMED_REFERRAL
    papers, shown = known.papers or {}, known.shown or {}
    without = known.without or {}

    def evidence(kind: str) -> Stands:
        paper = papers.get(kind)
        done = paper is not None and paper.lasts(today)
        return Stands(Step.EVIDENCE, True, done, shown.get(kind), kind, paper)

    def waived(step: Step, said: Said | None) -> Stands:
        if said is None and step in without:
            return Stands(step, named, True, without[step], without=True)
        done = None if step in OTHERS else said is not None
        return Stands(step, named, done, said)

    public = known.carried is not None and known.carried >= known.tier
    return [
        Stands(Step.ORGANISATION, True, known.organisation is not None, known.organisation),
        Stands(Step.LISTING, True, known.listing is not None, known.listing),
        *(evidence(kind) for kind in KINDS if kind in EVIDENCE_FOR[known.tier]),
        Stands(Step.REACHED, named, None),
        Stands(Step.VERIFIED, named, None),
        waived(Step.STAFF, None),
        waived(Step.CLOSING_DAYS, known.closing_days),
        Stands(Step.PUBLISHED, True, public, known.published),
    ]


def missing(steps: list[Stands]) -> list[Stands]:
    """What the tier demands and is not done, as far as the directory knows."""
    return [each for each in steps if each.needed and each.done is False]


def carries(papers: Mapping[str, Paper], wished: Tier) -> Tier:
    """The highest tier up to the one wished for whose evidence was shown, lapsed or not.

    A listing names the tier that was shown for it; what lapses lowers it by itself (care 25).
    """
    return max(tier for tier in Tier if tier <= wished and EVIDENCE_FOR[tier] <= papers.keys())
