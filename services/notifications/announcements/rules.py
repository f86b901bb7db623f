"""The rules of an announcement: its states, for whom it is, what may not be in it. No I/O."""

import re
import unicodedata
from collections.abc import Collection
from datetime import date
from enum import StrEnum

from shared.fhir.nhs import is_nhs_number


class State(StrEnum):
    """Where it stands."""

    DRAFT = "draft"
    """Its hub alone sees it."""
    PUBLISHED = "published"
    """It is there from its first day to its last."""
    ENDED = "ended"
    """Its hub ended it early."""


class Audience(StrEnum):
    """For whom it is, of a hub's place."""

    LINK_WORKERS = "link-workers"
    PROVIDERS = "providers"
    PRACTICES = "practices"
    PARTNERS = "partners"
    EVERYBODY = "everybody"


TO_PROVIDERS = frozenset({Audience.PROVIDERS, Audience.EVERYBODY})


class Did(StrEnum):
    """What was done with it, for its history."""

    WRITTEN = "written"
    CHANGED = "changed"
    PUBLISHED = "published"
    ENDED = "ended"


READ_BY: dict[str, frozenset[Audience]] = {
    "coordinator": frozenset(Audience),
    "link-worker": frozenset({Audience.LINK_WORKERS, Audience.EVERYBODY}),
    "duty-lead": frozenset({Audience.LINK_WORKERS, Audience.EVERYBODY}),
    "provider": frozenset({Audience.PROVIDERS, Audience.EVERYBODY}),
    "care-navigator": frozenset({Audience.PRACTICES, Audience.EVERYBODY}),
    "lived-experience-partner": frozenset({Audience.PARTNERS, Audience.EVERYBODY}),
    "commissioner": frozenset({Audience.PARTNERS, Audience.EVERYBODY}),
    "researcher": frozenset({Audience.PARTNERS, Audience.EVERYBODY}),
    "organisation-administrator": frozenset({Audience.EVERYBODY}),
    "administrator": frozenset({Audience.EVERYBODY}),
}
"""What each role reads."""

OF_NO_PLACE = frozenset(
    {"care-navigator", "lived-experience-partner", "commissioner", "researcher", "administrator"}
)
"""Roles whose organisation may belong to no hub; it hears of all of them then."""

LONGEST = 366
"""Days for which one is there at most: what holds for longer belongs on a page of its own."""

_NHS_NUMBER = re.compile(r"(?<!\d)\d{3}[\s./-]{0,2}\d{3}[\s./-]{0,2}\d{4}(?!\d)")
_TEN_DIGITS = re.compile(r"(?<!\d)\d{3,10}(?:[\s./-]{1,2}\d{3,7}){0,2}(?!\d)")
_LINK = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://\S*", re.IGNORECASE)
_DANGEROUS = re.compile(r"\b(javascript|data|vbscript|file|blob)\s*:", re.IGNORECASE)
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")


def audiences(roles: Collection[str]) -> frozenset[Audience]:
    """What somebody with these roles reads."""
    return frozenset[Audience]().union(*(READ_BY.get(role, frozenset()) for role in roles))


def fault_of(text: str) -> str | None:
    """What is in a text that may not be, in words; None where nothing is.

    Ten digits in the shape of an NHS number are refused whether or not its check digit fits: one
    with a slip in it is somebody's all the same. In other groups they are where it fits.
    """
    # NFKC: digits of other scripts and wide ones are the same digits to whoever reads them; what
    # shows nothing (Cf) parts none.
    seen = "".join(each for each in text if unicodedata.category(each) != "Cf")
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", seen))
    if _NHS_NUMBER.search(plain) or any(map(_is_a_number, _TEN_DIGITS.findall(plain))):
        return "It holds ten digits like an NHS number. Nothing about a person belongs here."
    schemes = {found[1].lower() for found in _LINK.finditer(plain)}
    if schemes - {"https"} or _DANGEROUS.search(plain):
        return "A link must begin with https://"
    return None


def _is_a_number(digits: str) -> bool:
    return is_nhs_number("".join(each for each in digits if each.isdecimal()))


def shows(state: str, first: date, last: date, today: date) -> bool:
    """Whether it is there for its readers on a day."""
    return state == State.PUBLISHED and first <= today <= last
