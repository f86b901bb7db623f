"""Saying how much room a service has: the four answers of the weekly message, with numbers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.keeping import words
from services.portal.staff.fields import Field, Typed, as_typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

FIELDS = (
    Field(
        "state",
        _("Do you have room?"),
        "radios",
        words.ANSWERS,
        missing=_("Choose one of the answers"),
    ),
    Field(
        "places",
        _("How many places are free?"),
        "number",
        hint=_("Only if new people can come. You may leave it empty."),
        most=100_000,
    ),
    Field(
        "first_date",
        _("From which day can somebody new come?"),
        "day",
        hint=_("Leave it empty if they can come now. For example, 27 3 2027"),
    ),
    Field(
        "waiting",
        _("How many people wait?"),
        "number",
        hint=_("Only if there is a waiting list. You may leave it empty."),
        most=100_000,
    ),
    Field(
        "keeps_list",
        _("When you are full"),
        "checkboxes",
        {"yes": _("We keep a waiting list")},
    ),
)

BELONGS: Mapping[str, tuple[str, ...]] = {
    "places": ("taking",),
    "first_date": ("taking", "waiting-list", "ask-first"),
    "waiting": ("waiting-list",),
}
"""To which answers a number or a day belongs; with another one it is left out, not refused: who
first typed a number and then chose "full" said "full"."""

Json = dict[str, Any]


@router.get("/services/{service}/capacity")
async def ask(service: UUID, here: Here) -> Response:
    """What stands now, and the form to say something else."""
    kept = await _kept(here, service)
    return _page(here, kept, 200, _standing(kept["capacity"]))


@router.post("/services/{service}/capacity")
async def say(service: UUID, here: Here) -> Response:
    """Say it."""
    typed, faults = typed_into(await here.form(), FIELDS)
    if not faults:
        try:
            await here.send("PUT", f"/directory/services/{service}/capacity", _said(typed))
            return back_to(f"/services/{service}/capacity/said")
        except Refusal as refusal:
            faults = at_its_field(refusal, FIELDS)
    return _page(here, await _kept(here, service), 422, typed, faults)


@router.get("/services/{service}/capacity/said")
async def said(service: UUID, here: Here) -> Response:
    """What people read now."""
    kept = await _kept(here, service)
    return here.page("keeping/room-said", kept=kept, words=words.room(kept["capacity"]))


async def _kept(here: Place, service: UUID) -> Json:
    """A service that one keeps and that has room, or not.

    Raises:
        Refusal: another's, or not on the list yet.
    """
    found: Json = await here.get(f"/directory/kept/services/{service}")
    if not found["public"]:
        raise Refusal(404)
    return found


def _standing(capacity: Json) -> Typed:
    first = capacity.get("first_date")
    return {
        "state": capacity["state"] if capacity["state"] in words.ANSWERS else "",
        "places": str(capacity.get("places", "")),
        "waiting": str(capacity.get("waiting", "")),
        "first_date": as_typed(first),
        "keeps_list": ["yes"] if capacity.get("keeps_list") else [],
    }


def _said(typed: Typed) -> Json:
    told: Json = {"state": typed["state"], "keeps_list": bool(typed["keeps_list"])}
    given = {
        "places": int(typed["places"]) if typed["places"] else None,
        "waiting": int(typed["waiting"]) if typed["waiting"] else None,
        "first_date": day_in(typed, "first_date"),
    }
    return told | {
        name: value
        for name, value in given.items()
        if value is not None and typed["state"] in BELONGS[name]
    }


def _page(
    here: Place, kept: Json, status: int, typed: Typed, faults: Mapping[str, str] | None = None
) -> Response:
    return here.page(
        "keeping/room",
        status,
        kept=kept,
        stands=words.room(kept["capacity"]),
        fields=FIELDS,
        typed=typed,
        faults=faults or {},
    )
