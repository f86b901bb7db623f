"""What looks like personal data, whosever it is: numbers, addresses of e-mail, postcodes, dates."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared.fhir.nhs import is_nhs_number

LEAST_DIGITS = 6
"""Of a telephone number within its town; what has fewer could be anything."""

_APART = r"\s().\-‐-―−"
_GAP = rf"(?:[{_APART}]{{0,3}}|\s/\s)"
"""What may part the digits of a telephone number; a stroke without spaces is a date's."""
_ANY_GAP = rf"[{_APART}/]{{0,3}}"
"""What may part the digits of a number that is known, or of one with a check digit."""
_DIGITS = re.compile(rf"\d(?:{_ANY_GAP}\d)*")
_PHONE = re.compile(
    rf"(?<![\d+])(?:(?:\+|00){_GAP}4{_GAP}4{_GAP}(?:0{_GAP})?|\(?0{_GAP})\d(?:{_GAP}\d){{8,9}}(?!\d)"
)
_NHS_NUMBER = re.compile(rf"(?<!\d)\d(?:{_ANY_GAP}\d){{9}}(?!{_ANY_GAP}\d)")
_LEAST_GROUP = 3
_EMAIL = re.compile(r"[^\s@<>,;:()]+@[^\s@<>,;:()]+\.[^\W\d_]{2,}")
_POSTCODE = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]?[\s.\-‐-―−]{0,2}\d[ABD-HJLNP-UW-Z]{2}\b", re.ASCII | re.IGNORECASE
)
_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH = "(?P<month>" + "|".join(f"{each}|{each[:3]}" for each in _MONTHS) + r"|sept)\.?"
_DAY = r"(?P<day>\d{1,2})\s?(?:st|nd|rd|th)?"
_YEAR = r"['’]?(?P<year>\d{4}|\d{2})(?!\d)"
_PART = r"\s?[./\-‐-―−\s]\s?"
_DATES = (
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}}){_PART}(?P<month>\d{{1,2}}){_PART}{_YEAR}"),
    re.compile(rf"(?<!\d)(?P<year>\d{{4}}){_PART}(?P<month>\d{{1,2}}){_PART}(?P<day>\d{{1,2}})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d\d)(?P<month>\d\d)(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?!\d)"),
    re.compile(rf"(?<!\d){_DAY}(?:\s+of)?[\s.\-]*{_MONTH}[\s,.\-]*{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s*{_DAY}[\s,.\-]+{_YEAR}", re.IGNORECASE),
)  # fmt: skip
_BORN_BEFORE = timedelta(days=365)
"""A day that is so long ago is seldom one on which something can begin."""

Place = tuple[int, int]
"""Where something stands in a text, as a slice."""


def digits_of(text: str) -> str:
    """The digits of a text, of whichever script."""
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


def national(number: str) -> str:
    """A telephone number of the United Kingdom as it is dialled there."""
    digits = digits_of(number)
    if digits.startswith("0044"):
        digits = digits[2:]
    return "0" + digits[2:].removeprefix("0") if digits.startswith("44") else digits


def find_number(text: str, number: str) -> Iterator[Place]:
    """Where the digits of a number follow one another, however they are spaced.

    Args:
        text: as typed.
        number: digits, at least one.
    """
    for run in _DIGITS.finditer(text):
        places = [at for at in range(run.start(), run.end()) if text[at].isdecimal()]
        digits = digits_of(run[0])
        at = digits.find(number)
        while at >= 0:
            yield places[at], places[at + len(number) - 1] + 1
            at = digits.find(number, at + len(number))


def find_phones(text: str) -> Iterator[Place]:
    """Where telephone numbers of the United Kingdom seem to stand."""
    return (found.span() for found in _PHONE.finditer(text))


def find_nhs_numbers(text: str) -> Iterator[Place]:
    """Where NHS numbers stand, whose check digit holds, in groups as people write them."""
    for found in _NHS_NUMBER.finditer(text):
        groups = re.findall(r"\d+", found[0])  # a date and a time have shorter ones
        if min(map(len, groups)) >= _LEAST_GROUP and is_nhs_number(digits_of(found[0])):
            yield found.span()


def find_emails(text: str) -> Iterator[Place]:
    """Where addresses of e-mail stand."""
    return (found.span() for found in _EMAIL.finditer(text))


def find_postcodes(text: str) -> Iterator[Place]:
    """Where whole postcodes of the United Kingdom stand."""
    return (found.span() for found in _POSTCODE.finditer(text))


def joined(postcode: str) -> str:
    """A postcode as it is compared."""
    return "".join(each for each in postcode if each.isalnum()).upper()


@dataclass(frozen=True)
class Day:
    """A whole date in a text.

    Attributes:
        place: where it stands.
        readings: the days that it may mean, as it is written here first.
    """

    place: Place
    readings: tuple[date, ...]

    def may_be_a_birth(self, today: date) -> bool:
        """Whether it lies so far back that somebody may have been born on it."""
        return self.readings[0] <= today - _BORN_BEFORE


def find_days(text: str, today: date) -> Iterator[Day]:
    """Where whole dates stand; a day without its year is none.

    Args:
        text: as typed.
        today: a year of two digits that would be ahead of it by more than one is of the last
            century.
    """
    for pattern in _DATES:
        for found in pattern.finditer(text):
            day, month = int(found["day"]), _month(found["month"])
            years = _years(found["year"], today)
            orders = [(month, day)] + ([(day, month)] if found["month"].isdecimal() else [])
            readings = [
                date(year, m, d) for m, d in orders for year in years if _exists(year, m, d)
            ]
            if readings:
                yield Day(found.span(), tuple(readings))


def _month(said: str) -> int:
    if said.isdecimal():
        return int(said)
    return [each[:3] for each in _MONTHS].index(said[:3].lower()) + 1


def _years(said: str, today: date) -> tuple[int, ...]:
    """The years that may be meant, the likeliest first."""
    if len(said) == len("1961"):
        return (int(said),)
    this = today.year // 100 * 100 + int(said)
    return (this, this - 100) if this <= today.year + 1 else (this - 100, this)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
