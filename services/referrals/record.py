"""What may be recorded of a person, and which of two records counts. Pure rules, no I/O."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar

Stop = Literal["died", "restricted", "do-not-contact"]
"""What stops every message to a person (care 12, 13)."""

STOPS: dict[Stop, str] = {
    "died": "died",
    "restricted": "restricted",
    "do-not-contact": "do_not_contact",
}
"""By stop, the column of the person that says so."""


class Stopped(Protocol):
    """A person, as far as stops are concerned."""

    @property
    def died(self) -> bool: ...
    @property
    def restricted(self) -> bool: ...
    @property
    def do_not_contact(self) -> bool: ...


def stops_of(person: Stopped) -> list[Stop]:
    """What stands of a person."""
    return [stop for stop, column in STOPS.items() if getattr(person, column)]


FLAGS = (*STOPS.values(), "legal_hold")
"""What survives a merge: where one of two records says so, the one person's record does."""

NOWHERE: tuple[Stop, ...] = ("restricted", "do-not-contact")
"""Stops that hide from providers where the person is and how they are reached (care 12)."""

CONTACT_ITEMS = frozenset({"phone", "email", "address"})
"""What of an agreement tells how or where a person is reached."""

Channel = Literal["phone", "text", "email", "post", "visit"]
"""Ways to a person; whether each is safe is recorded by itself (care 12)."""

Relation = Literal[
    "partner", "parent", "child", "sibling", "other-family", "friend", "neighbour", "professional",
    "other",
]  # fmt: skip
"""Who somebody is to the person (care 17)."""

NO_AUTHORITY = "none"
Authority = Literal[
    "none", "parental-responsibility", "lpa-health", "lpa-money", "deputy", "appointee"
]
"""By what law somebody decides for the person: parental responsibility (Children Act 1989), a
lasting power of attorney or a deputy (Mental Capacity Act 2005), an appointee for benefits."""

THE_PERSON = "person"
DecidedBy = Literal[
    "person", "parental-responsibility", "lpa-health", "lpa-money", "deputy", "appointee",
    "best-interests",
]  # fmt: skip
"""Who made a decision: the person, who may by law, or those who care for them, in their best
interests (Mental Capacity Act 2005, s. 4)."""

FROM_18 = frozenset({"lpa-health", "lpa-money"})
"""What only an adult can have given (Mental Capacity Act 2005, s. 9(2)(c))."""

Safe = Literal["yes", "no", "unknown"]
"""Whether a channel may be used; `unknown` means ask before the first message (care 12)."""

Characteristic = Literal[
    "disability",
    "ethnic-category",
    "gender",
    "gender-identity",
    "marital-status",
    "pregnancy-maternity",
    "religion",
    "sexual-orientation",
]
"""Equality characteristics that may be recorded (Equality Act 2010, section 4, but for age, which
follows from the date of birth); `gender` is the administrative one of the GP's record."""

PREFERS_NOT_TO_SAY = "prefers-not-to-say"
"""An answer like any other. Where nobody asked there is no value, and that is not the same
(care 8)."""

SELF_STATED = "self-stated"
"""Where a value came from that the person gave themself (care 8)."""

Source = Literal["self-stated", "carer", "gp-record", "observed"]
"""Who said what a person needs to take part."""

Purpose = Literal["research", "stories", "publication"]
"""What a wider consent is for; refusing it never affects care (care 7c)."""

Flow = Literal["referral", "onward", "outcome", "reports"]
"""Flows of personal data, each of which has a lawful basis of its own (care 7a): to the
link-worker service, on to a provider, back to the sender, and into reports."""

_SAFEST_FIRST: tuple[Safe, ...] = ("no", "unknown", "yes")


def safest(values: Iterable[str]) -> str:
    """The safest of several answers: `no` before `unknown` before `yes`."""
    found = set(values)
    return next((each for each in _SAFEST_FIRST if each in found), "unknown")


class Dated(Protocol):
    """A row that says when it was recorded."""

    @property
    def recorded(self) -> datetime: ...


D = TypeVar("D", bound=Dated)


def standing(latest: Sequence[D], merged: datetime | None) -> list[D]:
    """Which of the latest rows of several records of one person still have to be regarded.

    What was recorded after the records became one was said of the one person and replaces both;
    until then both stand, because nobody knows which is right (care 12: the safest counts).

    Args:
        latest: the newest row of each record, on one subject.
        merged: when the last of the records was merged; None where there is only one.
    """
    newest_first = sorted(latest, key=lambda each: each.recorded, reverse=True)
    if newest_first and (merged is None or newest_first[0].recorded > merged):
        return newest_first[:1]
    return newest_first
