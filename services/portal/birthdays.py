"""A date of birth in one line, as people in the UK write it: the day first, then the month.

Whoever looks somebody up has the date from a letter, a label or the person's mouth, and types it as
it stands there. The month first, as in the United States, cannot be told apart from our order.
"""

import re
from datetime import date

from babel import Locale

from services.portal.typed import Mistyped
from shared.languages import _

OLDEST = 130
"""Years that somebody may be old."""

_MONTHS = Locale("en", "GB").months["format"]["wide"]
"""Their names, by number, however the page is read."""
_BETWEEN = r"[\s./,\-\u2010-\u2015]+"
_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?(?:{_BETWEEN}of)?{_BETWEEN}(\d{{1,2}}|[a-z]+){_BETWEEN}(\d{{4}}|\d\d)",
    re.ASCII,
)
_RUN_TOGETHER = re.compile(r"(\d\d)(\d\d|[a-z]{3})(\d{4}|\d\d)", re.ASCII)
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{1,2}})", re.ASCII)


def birthday(typed: str, today: date) -> date:
    """The date of birth that was typed: `14/2/58`, `14 Feb 1958`, `14th of February, 1958`.

    Args:
        typed: what was typed.
        today: nobody was born after it; two digits of a year mean the last one that was.

    Raises:
        Mistyped: it is none.
    """
    written = typed.strip().strip(".").lower()
    if turned := _YEAR_FIRST.fullmatch(written):
        year, month, day = turned.groups()
    elif found := _DAY_FIRST.fullmatch(written) or _RUN_TOGETHER.fullmatch(written):
        day, month, year = found.groups()
    else:
        raise Mistyped(_("Type the day, the month and the year, such as 14 2 1958"))
    when = _real(int(day), _month(month), year, today)
    if when is None:
        raise Mistyped(
            _("There is no such day. Check the day and the month, such as {such_as}").format(
                such_as="14 2 1958"
            )
        )
    if when > today:
        raise Mistyped(_("This day is in the future. Check the year"))
    if when.year < today.year - OLDEST:
        raise Mistyped(_("This day is too long ago. Check the year"))
    return when


def _month(written: str) -> int:
    """A month as a number, or the beginning of its name; 0 for neither."""
    if written.isdecimal():
        return int(written)
    names = {number: name.lower() for number, name in _MONTHS.items()}
    found = [number for number, name in names.items() if name.startswith(written)]
    return found[0] if found and len(written) >= 3 else 0


def _real(day: int, month: int, year: str, today: date) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += today.year // 100 * 100
        # On a day of this year that is still to come, somebody was born a hundred years ago.
        number -= 100 if (number, month, day) > (today.year, today.month, today.day) else 0
    try:
        return date(number, month, day)
    except ValueError:
        return None
