"""One quarter in numbers that tell of nobody; small ones are left out where they are counted."""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from babel.dates import format_date
from dateutil.relativedelta import relativedelta
from fastapi import APIRouter, Response

from services.portal.answer import REASONS
from services.portal.answer_links import Refusal
from services.portal.staff.place import Here
from shared.languages import _, language

router = APIRouter(include_in_schema=False)

BEFORE = 4
"""Quarters before this one that the page leads to."""

ANSWERS: Mapping[str, str] = {
    "accepted": _("We said yes"),
    "waiting-list": _("On our waiting list"),
    "declined": _("We said no"),
    "no-answer": _("We did not answer in time"),
    "taken-back": _("The request was taken back"),
    "not-answered-yet": _("Not answered yet"),
}
MARKS: Mapping[str, str] = {
    "came": _("Came"),
    "did-not-come": _("Did not come"),
    "told-us": _("Told us they could not"),
}
ENDED: Mapping[str, str] = {
    "completed": _("Finished with us"),
    "ended-early": _("Stopped before the end"),
}

_NAMED = re.compile(r"(20\d\d)-q([1-4])")


@router.get("/what-we-did")
async def this_quarter(here: Here) -> Response:
    """The quarter that it is."""
    return await _page(here, _first_day(here.times.today))


@router.get("/what-we-did/{quarter}")
async def one_quarter(quarter: str, here: Here) -> Response:
    """An earlier one, by its name, such as `2026-q4`."""
    named = _NAMED.fullmatch(quarter)
    first = date(int(named[1]), int(named[2]) * 3 - 2, 1) if named else None
    if first is None or first > here.times.today:
        raise Refusal(404)
    return await _page(here, first)


async def _page(here: Here, first: date) -> Response:
    last = first + relativedelta(months=3) - timedelta(days=1)
    until = min(last, here.times.today)
    counts = await here.get("/referrals/counts", since=first.isoformat(), until=until.isoformat())
    newest = _first_day(here.times.today)
    others = [newest - relativedelta(months=3 * back) for back in range(BEFORE + 1)]
    return here.page(
        "quarter/quarter",
        counts=counts,
        name=_words(first),
        until=until.isoformat(),
        first=first.isoformat(),
        others=[(_words(each), f"/what-we-did/{_name(each)}") for each in others if each != first],
        words={"answers": ANSWERS, "reasons": REASONS, "marks": MARKS, "ended": ENDED},
    )


def _first_day(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _name(first: date) -> str:
    return f"{first.year}-q{(first.month + 2) // 3}"


def _words(first: date) -> str:
    last = first + relativedelta(months=2)
    spoken = language().locale
    return _("{first} to {last} {year}").format(
        first=format_date(first, "LLLL", locale=spoken),
        last=format_date(last, "LLLL", locale=spoken),
        year=first.year,
    )
