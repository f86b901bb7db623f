"""What nobody offers: counted by need and place, and what the hub does about it."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from services.portal.answer_links import Refusal
from services.portal.front_door.words import need as in_words
from services.portal.hub import words
from services.portal.hub.desk import OfHub
from services.portal.prose import plain
from services.portal.staff.fields import (
    Field,
    Typed,
    as_typed,
    at_its_field,
    day_in,
    typed_into,
)
from services.portal.staff.place import Place, back_to
from shared.languages import _

router = APIRouter(prefix="/hub/gaps", include_in_schema=False)

DAYS = 90
MOST_SERVICES = 500
AREA = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?")

ACTION = (
    Field("idea", _("What could be done?"), "words", missing=_("Write what could be done")),
    Field(
        "area", _("Where? The first part of a postcode (if you like)"), hint=_("For example, BD8")
    ),
    Field(
        "could_run", _("Who could run it? (if you know)"), hint=_("A group, not a person's name.")
    ),
    Field(
        "starts", _("When could it start? (if you know)"), "day", hint=_("For example, 27 3 2027")
    ),
    Field("review", _("When will you look at it again?"), "day", hint=_("For example, 27 3 2027")),
    Field("state", _("How far is it?"), "radios", words.ACTIONS, missing=_("Choose how far it is")),
    Field("service_id", _("Which listing came of it?"), "select", hint=_("Only if it has opened.")),
)

DONE = {"action": _("Saved.")}

Json = Mapping[str, Any]


@router.get("")
async def gaps(here: OfHub, done: str = "") -> Response:
    """Needs that were not met in the hub's place of late, and what is done about them."""
    found = await here.get("/directory/gaps", mine="true", days=DAYS)
    return here.page(
        "hub/gaps",
        days=DAYS,
        rows=[
            {
                **each,
                "words": in_words(each["need"]),
                "why": [(words.GAP_REASONS.get(why, why), n) for why, n in each["reasons"].items()],
            }
            for each in found["contents"]
        ],
        actions=[
            {
                **each,
                "words": in_words(each["need"]),
                "idea": plain(each["idea"]),
                "state": words.ACTIONS[each["state"]],
            }
            for each in found["actions"]
        ],
        said=DONE.get(done, ""),
    )


@router.get("/new/{need}")
async def ask(need: str, here: OfHub) -> Response:
    """The form for something new to do about a need."""
    return await _page(here, _known(need), {"state": "idea"}, {}, 200)


@router.post("/new/{need}")
async def begin(need: str, here: OfHub) -> Response:
    """Begin it."""
    form = await here.form()
    return await _save(here, form, _known(need), "POST", "/directory/gaps/actions")


@router.get("/{action}")
async def show(action: UUID, here: OfHub) -> Response:
    """What is being done, to be changed."""
    found = await _action(here, action)
    days = {name: as_typed(found.get(name)) for name in ("starts", "review")}
    typed = {**found, **days, "idea": plain(found["idea"])}
    return await _page(here, found["need"], typed, {}, 200)


@router.post("/{action}")
async def change(action: UUID, here: OfHub) -> Response:
    """Write it anew; who is listed as running it stays."""
    form = await here.form()
    found = await _action(here, action)
    kept: Json = {name: found[name] for name in ("hub", "organization_id") if name in found}
    at = f"/directory/gaps/actions/{action}"
    return await _save(here, form, found["need"], "PUT", at, kept)


def _known(need: str) -> str:
    """A need's code as it may stand in an address."""
    if not re.fullmatch(r"[a-z0-9-]{1,100}", need):
        raise HTTPException(404)
    return need


async def _action(here: Place, action: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await here.get(f"/directory/gaps/actions/{action}")
    return found


async def _save(
    here: Place, form: FormData, need: str, method: str, at: str, kept: Json | None = None
) -> Response:
    fields = await _fields(here)
    typed, faults = typed_into(form, fields)
    area = typed["area"].upper()
    if area and not AREA.fullmatch(area):
        faults["area"] = _("Type the first part of a postcode, such as BD8")
    if typed["state"] == "opened" and not typed["service_id"]:
        faults["service_id"] = _("Choose the listing that came of it")
    if not faults:
        said = {name: typed[name] for name in ("idea", "state", "could_run") if typed[name]}
        days = {name: day_in(typed, name) for name in ("starts", "review")}
        body = {"need": need, **(kept or {}), **said, **days, "area": area or None}
        if typed["state"] == "opened":
            body["service_id"] = typed["service_id"]
        try:
            await here.send(method, at, body)
            return back_to("/hub/gaps?done=action")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return await _page(here, need, typed, faults, 422, fields)


async def _fields(here: Place) -> list[Field]:
    """The fields of an action; what may have come of it is one of the hub's own listings."""
    *others, listing = ACTION
    found = await here.look("/directory/capacities", per_page=MOST_SERVICES)
    services = (found or {}).get("contents", [])
    return [*others, listing.choosing({each["service"]: each["name"] for each in services})]


async def _page(
    here: Place,
    need: str,
    typed: Typed,
    faults: Mapping[str, str],
    status: int,
    fields: list[Field] | None = None,
) -> Response:
    return here.page(
        "hub/action",
        status,
        need=in_words(need),
        fields=fields or await _fields(here),
        typed=typed,
        faults=faults,
    )
