"""Finding the one case, exactly, without its person."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from services.portal.answer_links import Refusal
from services.portal.emergency.words import DUTY_LEAD, REASONS
from services.portal.news.reading import unread
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/emergency", include_in_schema=False)

Json = Mapping[str, Any]


def _on_duty(here: Here) -> Place:
    """The place of a duty lead.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if DUTY_LEAD not in here.who.granted.roles:
        raise Refusal(403, detail=_("These pages are for the duty leads of a hub."))
    return here


OnDuty = Annotated[Place, Depends(_on_duty)]

FIELDS = (
    Field("number", _("Number of the case"), hint=_("As a page, a message or a receipt has it.")),
    Field("nhs_number", _("NHS number"), hint=_("Ten digits.")),
    Field("family", _("Last name"), hint=_("The whole of it, with the date of birth.")),
    Field("birth_date", _("Date of birth"), "day", hint=_("For example, 31 3 1956"), earliest=1900),
)
ONE_OF = _(
    "Fill in the number of the case, or the NHS number, or the last name and the date of birth"
)
DONE = {"closed": _("You closed the case. You cannot read it any more.")}


@router.get("")
async def begin(here: OnDuty, done: str = "") -> Response:
    """What it is for, what it does, and what one has opened."""
    mine, news = await asyncio.gather(here.look("/referrals/break-glass", count=10), unread(here))
    said = DONE.get(done, "")
    return here.page("emergency/begin", mine=mine, reasons=REASONS, said=said, news=news)


@router.get("/find")
async def ask(here: OnDuty) -> Response:
    """By what the case is looked for."""
    return _page(here, {}, {}, 200)


@router.post("/find")
async def look_up(here: OnDuty) -> Response:
    """Keep what was found with the session. It names nobody, and what was typed is not kept."""
    typed, faults = typed_into(await here.form(), FIELDS)
    if not faults:
        faults = _not_one_way(typed)
    if not faults:
        body = {name: typed[name] for name in ("number", "nhs_number", "family")}
        try:
            rows = await here.send(
                "POST",
                "/referrals/break-glass/look-up",
                body | {"birth_date": day_in(typed, "birth_date")},
            )
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            faults = at_its_field(refusal, FIELDS)
            if "nhs_number" in faults:
                faults["nhs_number"] = _(
                    "Check the NHS number: one of its digits is wrong or missing"
                )
        else:
            await here.keep("/emergency/find", {"rows": rows})
            return back_to("/emergency/found")
    return _page(here, typed, faults, 422)


@router.get("/found")
async def found(here: OnDuty) -> Response:
    """What was found last."""
    kept = await here.kept("/emergency/find")
    if kept is None:
        return back_to("/emergency/find")
    return here.page("emergency/found", rows=kept["rows"])


def _not_one_way(typed: Typed) -> dict[str, str]:
    by_name = (typed["family"], typed["birth_date"])
    ways = [bool(typed["number"]), bool(typed["nhs_number"]), any(by_name)]
    if sum(ways) != 1:
        return {
            "number": _("{ways}. Use one way at a time").format(ways=ONE_OF)
            if any(ways)
            else ONE_OF
        }
    if any(by_name) and not all(by_name):
        missing = "family" if not typed["family"] else "birth_date"
        return {missing: _("Fill in the last name and the date of birth, both")}
    return {}


def _page(here: Place, typed: Typed, faults: Mapping[str, str], status: int) -> Response:
    return here.page("emergency/find", status, fields=FIELDS, typed=typed, faults=faults)
