"""Hours in which an organisation hears nothing that can wait."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Here, Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/how-we-are-asked/quiet-hours", include_in_schema=False)

AT = "/notifications/quiet-hours/own"
DONE = "/how-we-are-asked?done=kept"

HOURS: dict[str, str] = {
    f"{hour:02}:00": {0: _("Midnight"), 12: _("Noon")}.get(
        hour, f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}"
    )
    for hour in range(24)
}
FIELDS = (
    Field("starts", _("Quiet from"), "select", HOURS, missing=_("Choose when it begins")),
    Field("ends", _("Quiet until"), "select", HOURS, missing=_("Choose when it ends")),
)

Json = dict[str, Any]


async def quiet_hours(here: Place) -> Json | None:
    """Those of one's own organisation; None where it has none."""
    found: Json | None = (await here.get(AT))["quiet_hours"]
    return found


@router.get("")
async def ask(here: Here) -> Response:
    """What is noted, and the form."""
    return await _page(here, await quiet_hours(here) or {}, {}, 200)


@router.post("")
async def keep(here: Here) -> Response:
    """Keep them."""

    async def do(typed: Typed) -> str:
        await here.send("PUT", AT, {name: typed[name] for name in ("starts", "ends")})
        return DONE

    form = await here.form()
    fields = _fields(await quiet_hours(here))
    return await take(form, fields, do, partial(_page, here), wrong=_no_time)


@router.post("/end")
async def end(here: Here) -> Response:
    """Hear at any hour."""
    await here.form()
    await here.send("DELETE", AT)
    return back_to(DONE)


def _no_time(typed: Typed, faults: Faults) -> Faults:
    return {} if faults else no_time(typed)


def no_time(typed: Typed) -> Faults:
    """What is wrong with hours that end when they begin."""
    if typed["starts"] != typed["ends"]:
        return {}
    return {"ends": _("They end when they begin. Choose another time")}


def hours_with(noted: Mapping[str, str] | None) -> dict[str, str]:
    """What can be chosen; a hub may have set hours that begin within one."""
    kept = [noted[name] for name in ("starts", "ends")] if noted else []
    return dict(sorted({**{each: each for each in kept}, **HOURS}.items()))


def _fields(noted: Json | None) -> list[Field]:
    return [each.choosing(hours_with(noted)) for each in FIELDS]


async def _page(here: Place, typed: Typed, faults: Faults, status: int) -> Response:
    noted = await quiet_hours(here)
    return here.page(
        "reached/quiet",
        status,
        fields=_fields(noted),
        noted=bool(noted),
        typed=typed,
        faults=faults,
    )
