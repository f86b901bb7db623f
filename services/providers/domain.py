"""The directory's rules: capacity, places, tiers, who may write. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache


class CapacityState(StrEnum):
    """Whether a service takes people: four answers, and not knowing is said to be so."""

    TAKING = "taking"
    WAITING_LIST = "waiting-list"
    FULL = "full"
    ASK_FIRST = "ask-first"
    UNKNOWN = "unknown"


class Answering(StrEnum):
    """How a provider wants to be asked (care 24)."""

    EMAIL = "email"
    TEXT = "text"
    PHONE = "phone"
    SHEET = "sheet"
    TURN_UP = "turn-up"


class Tier(IntEnum):
    """How far a listing reaches (care 25)."""

    SIGNPOST = 1
    NAMED_REFERRAL = 2
    HIGHER_RISK = 3


EVIDENCE_FOR: dict[Tier, frozenset[str]] = {
    Tier.SIGNPOST: frozenset(),
    Tier.NAMED_REFERRAL: frozenset({"sharing-agreement", "privacy-contact", "safeguarding-lead"}),
    Tier.HIGHER_RISK: frozenset(
        {"sharing-agreement", "privacy-contact", "safeguarding-lead", "checks"}
    ),
}
"""What must have been shown, and not lapsed, for each tier (care 25)."""


@dataclass(frozen=True)
class Evidence:
    """One thing that was shown for a tier.

    Attributes:
        kind: one of the words in `EVIDENCE_FOR`.
        expires: the last day on which it counts; None for no end.
    """

    kind: str
    expires: date | None


@dataclass(frozen=True)
class Standing:
    """What a listing may be used for now.

    Attributes:
        tier: the tier that the evidence still carries.
        until: the last day of this standing; None while nothing is going to lapse.
        missing: evidence that the tier asked for lacks.
    """

    tier: Tier
    until: date | None
    missing: tuple[str, ...]


def standing(asked: Tier, evidence: Iterable[Evidence], today: date) -> Standing:
    """The tier a listing has today: the highest, up to `asked`, that its evidence carries."""
    lasting: dict[str, date | None] = {}
    for each in evidence:
        if each.expires is None or each.expires >= today:
            known = lasting.get(each.kind, date.min)
            longest = None if known is None or each.expires is None else max(known, each.expires)
            lasting[each.kind] = longest
    carried, missing = _carried(asked, frozenset(lasting))
    ends = [end for kind in EVIDENCE_FOR[carried] if (end := lasting[kind]) is not None]
    return Standing(carried, min(ends, default=None), missing)


@cache
def _carried(asked: Tier, kinds: frozenset[str]) -> tuple[Tier, tuple[str, ...]]:
    """The highest tier up to one that is asked for which kinds of evidence carry, and what that one
    lacks: of few kinds, and asked of each service that is shown."""
    carried = max(tier for tier in Tier if tier <= asked and EVIDENCE_FOR[tier] <= kinds)
    return carried, tuple(sorted(EVIDENCE_FOR[asked] - kinds))


# --- assurance ---------------------------------------------------------------------------------

HALF_LIFE = timedelta(days=180)
"""After which what a person found is worth half: small groups change their day about as often."""

UNVERIFIED = 0.25
"""What a listing is worth that nobody has looked at: no more than one of a year ago."""


def confidence(verified: date | None, now: datetime) -> float:
    """How far a listing can be relied on, from 1 (a person looked today) falling towards 0.

    A plain edit of the listing does not raise it: somebody may have moved a comma.

    Args:
        verified: the day on which a person last found it right; None for never.
        now: the present instant.
    """
    if verified is None:
        return UNVERIFIED
    age = max((now.date() - verified).days, 0)
    return float(round(0.5 ** (age / HALF_LIFE.days), 3))


class Reviewing(IntEnum):
    """How far a review of a listing that is due has come."""

    RESTING = 0
    PROVIDER_ASKED = 1
    HUB_ASKED = 2


@dataclass(frozen=True)
class ReviewPlan:
    """When somebody is to look whether a listing is still right.

    Attributes:
        cycle: by tier, how long a look is good for.
        then_hub: how long after the provider its hub is asked.
        then_unlisted: how long after the hub the listing goes; None for never.
    """

    cycle: Mapping[int, timedelta]
    then_hub: timedelta
    then_unlisted: timedelta | None


class ReviewStep(StrEnum):
    """What a review asks for next."""

    PROVIDER = "provider"
    HUB = "hub"
    UNLIST = "unlist"


def review_due(since: date, tier: int, plan: ReviewPlan) -> date:
    """The day on which somebody is to look again."""
    return since + plan.cycle[tier]


def review_step(
    stage: Reviewing,
    since: date,
    asked: date | None,
    tier: int,
    today: date,
    plan: ReviewPlan,
    *,
    reached: date | None,
) -> ReviewStep | None:
    """What a review asks for today; None for nothing.

    Each step waits for the one before it to have been made, however long nobody counted: a listing
    does not go on the night on which its provider is first asked. Nor does it ever go before its
    provider was reached, and had as long to answer as its hub.

    Args:
        stage: how far the review has come.
        since: when a person last looked, or the listing came.
        asked: the day of the last step.
        tier: of the listing.
        today: the present day.
        plan: when which step is due.
        reached: the day on which the provider was told that it is asked; None for not yet.
    """
    if stage is Reviewing.RESTING:
        return ReviewStep.PROVIDER if today >= review_due(since, tier, plan) else None
    waited = today - asked if asked is not None else timedelta()
    if stage is Reviewing.PROVIDER_ASKED:
        return ReviewStep.HUB if waited >= plan.then_hub else None
    if plan.then_unlisted is None or reached is None:
        return None
    long_ago = min(waited, today - reached) >= plan.then_unlisted
    return ReviewStep.UNLIST if long_ago else None


# --- capacity --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """A service's capacity as the rules see it.

    Attributes:
        state: as the provider or the counting left it.
        places: places free now; None when nobody said.
        waiting: people on the waiting list; None when nobody said.
        first_date: the first day on which someone new can come.
        keeps_list: whether a full service starts a waiting list.
        counted: whether the last place went by counting acceptances.
        over: people accepted since then, beyond the last place.
        expires: when this stops being known.
    """

    state: CapacityState
    places: int | None = None
    waiting: int | None = None
    first_date: date | None = None
    keeps_list: bool = False
    counted: bool = False
    over: int = 0
    expires: datetime | None = None


class Contradiction(Exception):
    """What was said about capacity cannot be.

    Args:
        element: the field at fault.
        words: why, and what to send instead.
    """

    def __init__(self, element: str, words: str) -> None:
        super().__init__(words)
        self.element = element
        self.words = words


def check(room: Room, now: datetime, longest: timedelta) -> None:
    """Refuse a capacity that contradicts itself.

    Args:
        room: what was said.
        now: the present instant.
        longest: for how long a capacity may be promised.

    Raises:
        Contradiction: names the field at fault.
    """
    taking = room.state is CapacityState.TAKING
    if room.places is not None and not taking:
        raise Contradiction("places", f"Places go with 'taking', not with '{room.state}'.")
    if taking and room.places == 0:
        raise Contradiction("places", "No place is left: say 'full' or 'waiting-list' instead.")
    if room.waiting is not None and room.state is not CapacityState.WAITING_LIST:
        raise Contradiction("waiting", f"'waiting' goes with 'waiting-list', not '{room.state}'.")
    if room.first_date is not None and room.state in (CapacityState.FULL, CapacityState.UNKNOWN):
        raise Contradiction("first_date", f"A first date does not go with '{room.state}'.")
    if room.first_date is not None and room.first_date < now.date():
        raise Contradiction("first_date", "The first date has passed.")
    if room.expires is not None and not now < room.expires <= now + longest:
        raise Contradiction(
            "expires", f"'expires' must lie in the future, within {longest.days} days."
        )


def known(room: Room, now: datetime) -> CapacityState:
    """The state as a reader should take it: what has expired is not known any more."""
    return state_at(room.state, room.expires, now)


def state_at(state: CapacityState, expires: datetime | None, now: datetime) -> CapacityState:
    """The same of a state alone.

    Args:
        state: as the provider or the counting left it.
        expires: when it stops being known; None for never.
        now: the present instant.
    """
    return CapacityState.UNKNOWN if expires is not None and expires <= now else state


def after_acceptance(room: Room) -> Room:
    """A place is taken. The last one turns the service full, or opens its waiting list; whoever
    comes beyond it is counted too, so that the first to leave then frees no place."""
    if room.counted:
        return replace(room, over=room.over + 1)
    if room.state is not CapacityState.TAKING or room.places is None:
        return room
    if room.places > 1:
        return replace(room, places=room.places - 1)
    state = CapacityState.WAITING_LIST if room.keeps_list else CapacityState.FULL
    return replace(room, state=state, places=0, counted=True)


def after_ending(room: Room) -> Room:
    """A place is free again. A service that counting had filled takes people again, unless people
    wait: then the place is theirs, and the provider says when it is not.
    """
    if room.over:
        return replace(room, over=room.over - 1)
    if room.state is CapacityState.TAKING and room.places is not None:
        return replace(room, places=room.places + 1)
    if room.counted and not room.waiting:
        return replace(room, state=CapacityState.TAKING, places=1, counted=False)
    return room


# --- who may write ---------------------------------------------------------------------------


def may_write(
    organisation: str, roles: frozenset[str], owner: str, hub: str, keeper: str | None = None
) -> bool:
    """A coordinator keeps the listings of the hub's own place, a provider its own and those that
    its hub let it keep.

    Args:
        organisation: on whose behalf somebody acts.
        roles: their roles.
        owner: the organisation whose listing it is.
        hub: on whose behalf the coordinators of the owner's hub act.
        keeper: whose claim to the owner's listings was accepted; None for nobody's.
    """
    acts_for: dict[str, set[str | None]] = {"coordinator": {hub}, "provider": {owner, keeper}}
    return any(role in roles and organisation in whom for role, whom in acts_for.items())
