"""What a person typed into a form: read, or told in words which field to change and how."""

import re
from collections.abc import Mapping
from datetime import date
from email.message import Message

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from shared.languages import _, language

MOST_NOTE = 1000
EARLIEST_YEAR = 2000
"""No activity that Kersey keeps was before; an earlier year is a slip of the keyboard."""

_PARTS = ("day", "month", "year")
LACKS: Mapping[tuple[str, ...], str] = {
    ("day",): _("Type the day too, such as {such_as}"),
    ("month",): _("Type the month too, such as {such_as}"),
    ("year",): _("Type the year too, such as {such_as}"),
    ("day", "month"): _("Type the day and the month too, such as {such_as}"),
    ("day", "year"): _("Type the day and the year too, such as {such_as}"),
    ("month", "year"): _("Type the month and the year too, such as {such_as}"),
    _PARTS: _("Type the day and the month and the year too, such as {such_as}"),
}
"""What is said where parts of a day are missing."""
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""What notifications takes in no note. It comes from other programs: nobody can see or type it."""


class Mistyped(Exception):
    """It cannot be taken; the message tells the person what to do."""


async def form_sent(request: Request, most: int) -> FormData:
    """The form that was sent, without files.

    Args:
        request: that it came with.
        most: fields.

    Raises:
        HTTPException: 400 where it cannot be read; browsers send what our pages ask for in UTF-8,
            and other charsets hold what is no text.
    """
    head = Message()
    head["content-type"] = request.headers.get("content-type", "")
    if head.get_content_charset("utf-8") != "utf-8":
        raise HTTPException(400)
    return await request.form(max_files=0, max_fields=most)


def unwrapped(text: str) -> str:
    """A text as it was typed: a browser sends two characters for the end of a line."""
    return text.replace("\r\n", "\n").strip()


def visible(text: str) -> str:
    """What can be seen of a text, to be sent again."""
    return _INVISIBLE.sub("", text)


def too_long(count: int, most: int) -> str:
    """What is said of a text that has more letters than are taken."""
    return _("This has {count} letters. Write {most} letters or fewer").format(
        count=language().number(count), most=language().number(most)
    )


def check_note(note: str) -> None:
    """Whether a note can be taken.

    Raises:
        Mistyped: it is too long, or has what nobody can see.
    """
    if len(note) > MOST_NOTE:
        message = _("Your note has {count} letters. Write {most} letters or fewer").format(
            count=language().number(len(note)), most=language().number(MOST_NOTE)
        )
        raise Mistyped(message)
    if _INVISIBLE.search(note):
        message = _(
            "Your note had a character that cannot be seen, perhaps from copying. We took it out."
            " Check your note and send it again"
        )
        raise Mistyped(message)


def day_of(
    typed: Mapping[str, str],
    today: date,
    *,
    earliest: int = EARLIEST_YEAR,
    such_as: str = "27 3 2026",
    too_late: str = _("This day is in the future. Type the day it happened, such as 27 3 2026"),
) -> date:
    """The day that was typed in three parts.

    Args:
        typed: `day`, `month` and `year`.
        today: no later day is taken.
        earliest: no earlier year is.
        such_as: the day that messages give as an example.
        too_late: what is said of a later day.

    Raises:
        Mistyped: a part is missing or no number, there is no such day, or it lies ahead or too far
            back.
    """
    when = any_day_of(typed, earliest=earliest, such_as=such_as)
    if when > today:
        raise Mistyped(too_late)
    return when


def any_day_of(
    typed: Mapping[str, str], *, earliest: int = EARLIEST_YEAR, such_as: str = "27 3 2026"
) -> date:
    """The same, of a day that may be still to come.

    Raises:
        Mistyped: a part is missing or no number, there is no such day, or it lies too far back.
    """
    missing = [name for name in _PARTS if not typed[name]]
    if missing:
        message = LACKS[tuple(missing)].format(such_as=such_as)
        raise Mistyped(message)
    if not all(typed[name].isdecimal() for name in _PARTS):
        message = _("Type the day, the month and the year in numbers, such as {such_as}").format(
            such_as=such_as
        )
        raise Mistyped(message)
    # More digits than a year has would be too large a number; five are wrong already.
    day, month, year = (int(typed[name][:5]) for name in _PARTS)
    if not earliest <= year <= date.max.year:
        message = _("Type the year with 4 numbers, such as {such_as}, from {earliest} on").format(
            such_as=such_as[-4:], earliest=earliest
        )
        raise Mistyped(message)
    try:
        return date(year, month, day)
    except ValueError:
        message = _("There is no such day. Check the day and the month, such as {such_as}").format(
            such_as=such_as
        )
        raise Mistyped(message) from None
