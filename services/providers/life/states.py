"""The rules of a listing's life: its states, what waits for approval, how an edit is joined."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

Json = Mapping[str, Any]


class State(StrEnum):
    """Where a version of a listing stands."""

    DRAFT = "draft"
    """Written by the provider; waits for its hub."""
    SENT_BACK = "sent-back"
    """The hub asks for a change, in words."""
    APPROVED = "approved"
    """The hub agreed; it is published on its day."""
    PUBLISHED = "published"
    """What everybody reads."""
    SUPERSEDED = "superseded"
    """A later version stands, or waits, in its place."""


WAITING = frozenset({State.DRAFT, State.APPROVED})
"""States in which a version has not been seen by anybody outside and may still be."""


class Act(StrEnum):
    """What is done with a listing beside writing it."""

    WITHDRAWN = "withdrawn"
    UNLISTED = "unlisted"
    RELISTED = "relisted"
    VERIFIED = "verified"
    SUBMITTED = "submitted"
    SENT_BACK = "sent-back"
    APPROVED = "approved"
    VERIFICATION_DUE = "verification-due"
    TIER_ENDING = "tier-ending"
    TIER_CHANGED = "tier-changed"
    MERGED = "merged"
    """Two organisations are one, or a service is another organisation's for that."""
    PARTED = "parted"
    """They are two again."""
    CLAIMED = "claimed"
    """Somebody's staff ask to keep it."""
    CLAIM_ACCEPTED = "claim-accepted"
    CLAIM_REFUSED = "claim-refused"
    CLAIM_WITHDRAWN = "claim-withdrawn"
    KEEPING_ENDED = "keeping-ended"
    CLOSING_DAYS = "closing-days"
    """When its provider is closed was said, changed or taken back."""


@dataclass(frozen=True)
class Writing:
    """Who wrote what is published, and who agreed to it.

    Attributes:
        by: the client that wrote it.
        why: in its words.
        decided_by: the client that agreed; None where writing it was enough.
        words: of whoever agreed.
        draft: the waiting version that is published by it.
    """

    by: str
    why: str | None = None
    decided_by: str | None = None
    words: str | None = None
    draft: UUID | None = None


LOADED = Writing("loading")
"""What came with a whole directory rather than by anybody's hand."""
IMPORT = "import"
"""By whom a listing is written or withdrawn when a source says so."""


def imported(source: str) -> Writing:
    """What a source says.

    Args:
        source: its name in the directory; never its address, which may hold a key.
    """
    return Writing(IMPORT, f"As '{source}' says it.")


class Collision(Exception):
    """An edit and the public listing changed the same members in different ways.

    Args:
        members: their names.
    """

    def __init__(self, members: tuple[str, ...]) -> None:
        super().__init__(", ".join(members))
        self.members = members


def members(listing: Json) -> dict[str, Any]:
    """A listing's members by name, Kersey's own as `kersey.<name>`; ids of what is below are left
    out, and lists are in an order of their own, because a reader that sends a listing back has the
    ids, and may have read it in another order."""
    own = listing.get("kersey") or {}
    whole = {name: value for name, value in listing.items() if name not in ("id", "kersey")}
    return {
        name: bare(value)
        for name, value in (whole | {f"kersey.{name}": own[name] for name in own}).items()
    }


def bare(value: Any) -> Any:
    """What a value of a listing says, without ids and nulls, and lists in an order of their own."""
    if isinstance(value, Mapping):
        return {
            name: bare(value[name])
            for name in sorted(value)
            if name != "id" and value[name] is not None
        }
    return sorted(map(bare, value), key=str) if isinstance(value, list) else value


def changed(before: Json, after: Json) -> set[str]:
    """Names of the members that differ."""
    old, new = members(before), members(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def needs_approval(before: Json, after: Json, free: Collection[str]) -> bool:
    """Whether an edit waits for the hub.

    Args:
        before: what stands in public.
        after: what it would say.
        free: members that a provider changes by itself.
    """
    return bool(changed(before, after) - set(free))


def joined(base: Json, edit: Json, current: Json) -> dict[str, Any]:
    """An edit on the listing that stands by now, which may have moved on since it was written.

    Args:
        base: what stood when the edit was written.
        edit: the listing as its writer would have it.
        current: what stands now.

    Raises:
        Collision: both changed one member, to different values.
    """
    theirs, since = changed(base, edit), changed(base, current)
    against = sorted(name for name in theirs & since if name in changed(edit, current))
    if against:
        raise Collision(tuple(against))
    result = {name: value for name, value in current.items() if name != "kersey"}
    own = dict(current.get("kersey") or {})
    for name in theirs:
        place, source, key = (
            (own, edit.get("kersey") or {}, name.removeprefix("kersey."))
            if name.startswith("kersey.")
            else (result, edit, name)
        )
        if key in source:
            place[key] = source[key]
        else:
            place.pop(key, None)
    return result | ({"kersey": own} if own else {})
