"""One quarter in numbers that tell of nobody; small ones are left out where they are counted."""

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from fastapi import APIRouter, Response

from services.portal.answer import REASONS
from services.portal.answer_links import Refusal
from services.portal.staff.place import Here
from shared.languages import _, language
from shared.quarters import Quarter, quarter_named, quarter_of

router = APIRouter(include_in_schema=False)

BEFORE = 4
"""Quarters before this one that the page leads to."""

ANSWERS: Mapping[str, str] = {
    "accepted": _("We said yes"),
    "waiting-list": _("On our waiting list"),
    "declined": _("We said no"),
    "no-answer": _("We did not answer in time"),
    "taken-back": _("The request was taken back, or its case was closed before a start"),
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


@router.get("/what-we-did")
async def this_quarter(here: Here) -> Response:
    """The quarter that it is."""
    return await _page(here, quarter_of(here.times.today))


@router.get("/what-we-did/{quarter}")
async def one_quarter(quarter: str, here: Here) -> Response:
    """An earlier one, by its name, such as `2026-q4`."""
    named = quarter_named(quarter)
    if named is None or named.first > here.times.today:
        raise Refusal(404)
    return await _page(here, named)


async def _page(here: Here, quarter: Quarter) -> Response:
    first, until = quarter.first, min(quarter.last, here.times.today)
    counts = await here.get("/referrals/counts", since=first.isoformat(), until=until.isoformat())
    return here.page(
        "quarter/quarter",
        counts=counts,
        name=in_words(quarter),
        until=until.isoformat(),
        first=first.isoformat(),
        others=[
            (in_words(each), f"/what-we-did/{each.name}")
            for each in latest(here.times.today)
            if each != quarter
        ],
        words={"answers": ANSWERS, "reasons": REASONS, "marks": MARKS, "ended": ENDED},
    )


def latest(today: date) -> list[Quarter]:
    """The quarter that it is, and those before it that a page leads to."""
    return [quarter_of(today).before(back) for back in range(BEFORE + 1)]


def in_words(quarter: Quarter) -> str:
    """A quarter by its months."""
    spoken = language().locale
    return _("{first} to {last} {year}").format(
        first=format_date(quarter.first, "LLLL", locale=spoken),
        last=format_date(quarter.last, "LLLL", locale=spoken),
        year=quarter.first.year,
    )
