"""Quarters of a year, which are what figures are told of: by name, such as `2026-q4`."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from shared.misfits import form

PATTERN = form(r"^20[0-9]{2}-q[1-4]$", "Give a quarter such as 2026-q4.")
_MONTHS = relativedelta(months=3)


@dataclass(frozen=True)
class Quarter:
    """One quarter.

    Attributes:
        first: its first day.
    """

    first: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + _MONTHS - timedelta(days=1)

    @property
    def name(self) -> str:
        """Such as `2026-q4`."""
        return f"{self.first.year}-q{(self.first.month + 2) // 3}"

    def before(self, count: int = 1) -> "Quarter":
        """The quarter that was so many earlier."""
        return Quarter(self.first - relativedelta(months=3 * count))


def quarter_of(day: date) -> Quarter:
    """The quarter in which a day is."""
    return Quarter(date(day.year, (day.month - 1) // 3 * 3 + 1, 1))


def quarter_named(name: str) -> Quarter | None:
    """The quarter of a name; None for what is no name of one."""
    if not re.fullmatch(PATTERN, name):
        return None
    return Quarter(date(int(name[:4]), int(name[-1]) * 3 - 2, 1))
