"""How alike two organisations are, and what says so.

A number of an official register decides, either way. Else the name counts most, and beside it what
two organisations seldom share: a postcode, a telephone, a website, an e-mail address.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz

PROPOSED = 0.75
"""Likeness from which two organisations are proposed as one."""
NAME, EACH = 0.6, 0.15
"""What a name that is the same counts, and every other thing in common."""

_REGISTERS = {
    "company": re.compile(r"compan|coh|crn", re.IGNORECASE),
    "charity": re.compile(r"charit|chc", re.IGNORECASE),
    "ods": re.compile(r"\bods\b", re.IGNORECASE),
}
_FORMS = re.compile(r"\b(the|ltd|limited|cic|cio|plc|llp|inc)\b")


@dataclass(frozen=True)
class Features:
    """What an organisation can be known by.

    Attributes:
        id: of the organisation.
        name: as `plain_name` has it.
        numbers: of official registers, as `register_number` has them.
        postcodes: of its places.
        phones: as `plain_phone` has them.
        hosts: of its website.
        emails: in small letters.
    """

    id: UUID
    name: str
    numbers: frozenset[str] = frozenset()
    postcodes: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()

    def marks(self) -> Iterable[tuple[str, str]]:
        """Everything by which another like it could be found, but the words of its name."""
        for kind in ("numbers", "postcodes", "phones", "hosts", "emails"):
            for each in getattr(self, kind):
                yield kind, each
        yield "name", self.name


@dataclass(frozen=True)
class Likeness:
    """How alike two are.

    Attributes:
        score: from 0 to 1.
        evidence: what they have in common, in words.
    """

    score: float
    evidence: tuple[str, ...]


_IN_COMMON = (
    ("postcodes", "postcode"),
    ("phones", "telephone"),
    ("hosts", "website"),
    ("emails", "e-mail address"),
)


def likeness(one: Features, other: Features) -> Likeness:
    """How alike two organisations are."""
    shared = sorted(one.numbers & other.numbers)
    if shared:
        return Likeness(1.0, tuple(f"the same {number}" for number in shared))
    registers = {each.split()[0] for each in one.numbers}
    if registers & {each.split()[0] for each in other.numbers}:
        return Likeness(0.0, ())
    name = fuzz.token_sort_ratio(one.name, other.name) / 100
    evidence = [f"names {name:.0%} alike"]
    score = NAME * name
    if one.name == other.name and " " in one.name:
        score += EACH
    for kind, words in _IN_COMMON:
        common = sorted(getattr(one, kind) & getattr(other, kind))
        if common:
            score += EACH
            evidence.append(f"the same {words} {common[0]}")
    return Likeness(min(0.99, score), tuple(evidence))


def plain_name(name: str) -> str:
    """A name without its legal form, in small letters and without signs."""
    words = re.sub(r"[^a-z0-9 ]+", " ", name.lower().replace("&", " and ").replace("'", ""))
    return " ".join(_FORMS.sub(" ", words).split())


def plain_phone(number: str) -> str | None:
    """A United Kingdom number by its last ten digits; None where it has fewer."""
    digits = re.sub(r"\D", "", number)
    return digits[-10:] if len(digits) >= 10 else None


def register_number(kind: str, number: str) -> str | None:
    """A number with its register: `company 1234567`. Zeros in front are not always written; some
    write the register before the number, as org-id.guide does (`GB-CHC-1122334`) or in words.
    """
    said = _BEFORE.match(number.strip())
    before = said[0] if said else ""
    plain = re.sub(r"[^A-Z0-9]", "", number.strip()[len(before) :].upper()).lstrip("0")
    if not plain:
        return None
    named = [name for name, words in _REGISTERS.items() if words.search(f"{kind} {before}")]
    return f"{named[0] if named else 'register'} number {plain}"


_BEFORE = re.compile(
    r"(?:GB-(?:CHC|COH|NHS|ODS)[-: ]"
    r"|(?:registered|charity|company|ods|code|number|no\b|reg)[.: ]*)*",
    re.IGNORECASE,
)
