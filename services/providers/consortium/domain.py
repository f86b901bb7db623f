"""The words of the consortium: kinds of members and assets, and what may stand between whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

PRACTITIONER = "practitioner"
PROVIDER = "provider"

MEMBERS = {
    "health-trust": "a trust or board of the NHS",
    "practice-network": "a network of GP practices",
    "council": "a council",
    "charity": "a charity or community group that lists no service",
    "cultural-body": "a museum, library, theatre, gallery or arts body",
    "university": "a university or college",
    PROVIDER: "a provider that the directory lists",
    PRACTITIONER: "a freelance practitioner",
}
"""Who belongs to a consortium."""

ASSETS = {
    "venue": "a place to meet in",
    "skill": "what somebody can do or teach",
    "kit": "tools, instruments, vehicles",
    "people": "people who give time",
}
"""What helps and is no service."""


@dataclass(frozen=True)
class How:
    """One way of working together.

    Attributes:
        forwards: what the one does, to be followed by the other's name.
        backwards: the same seen from the other.
        of_people: whether the other is a freelance practitioner; else neither is.
        either: whether practitioners may stand on both sides.
        ordered: whether saying it of two says all of them: the other way round is no second one.
    """

    forwards: str
    backwards: str
    of_people: bool = False
    either: bool = False
    ordered: bool = True


HOWS = {
    "commissions": How("commissions", "is commissioned by"),
    "funds": How("funds", "is funded by", ordered=False),
    "hosts": How("is host charity of", "is fronted by"),
    "includes": How("includes", "is part of"),
    "engages": How("engages", "works for", of_people=True),
    "refers-to": How("refers people to", "takes people from", ordered=False),
    "lends-to": How("lends to", "borrows from", ordered=False, either=True),
    "works-with": How("works with", "works with", either=True),
}
"""How members work together. A host charity fronts member groups; a freelance practitioner may
work for several providers (care 25)."""


def unfit(how: str, one: str, other: str) -> str | None:
    """Why two kinds of members cannot stand in a relation, in words; None where they can.

    Args:
        how: a key of `HOWS`.
        one: the kind of the one that does it.
        other: the kind of the one it is done to.
    """
    rule = HOWS[how]
    if rule.either:
        return None
    if rule.of_people:
        if one == PRACTITIONER or other != PRACTITIONER:
            return f"An organisation {rule.forwards} a practitioner."
        return None
    if PRACTITIONER in (one, other):
        return f"A practitioner neither {rule.forwards} anybody nor {rule.backwards} anybody."
    return None


def overlaps(since: date, until: date | None, others: Iterable[tuple[date, date | None]]) -> bool:
    """Whether a time from `since` to `until`, without an end if None, meets one of others."""
    return any(
        (until is None or begins <= until) and (ends is None or since <= ends)
        for begins, ends in others
    )
