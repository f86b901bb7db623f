"""Closing days and term breaks of one provider: what is noted, one more, one fewer."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, Typed, at_its_field, day_in
from services.portal.staff.place import Here, Place, back_to
from services.portal.staff.taking import Faults, take
from shared.closing_days import read
from shared.languages import _

router = APIRouter(prefix="/closing-days/{provider}", include_in_schema=False)

FIELDS = (
    Field(
        "starts",
        _("First day closed"),
        "day",
        hint=_("For example, 22 12 2026"),
        missing=_("Type the first day"),
    ),
    Field(
        "ends",
        _("Last day closed"),
        "day",
        hint=_("If it is one day, type the same day again"),
        missing=_("Type the last day"),
    ),
    Field(
        "every_year",
        _("Does it come again?"),
        "checkboxes",
        {"yes": _("Every year, on the same days")},
    ),
    Field(
        "why",
        _("Why?"),
        hint=_("Everybody can read this. For example, Christmas or school holidays. No names."),
        missing=_("Type why"),
        letters=100,
    ),
)
SOON = timedelta(days=42)
"""As far ahead it is said that a provider will be closed."""

DONE = {
    "said": _("Noted. Nobody is asked to hurry on those days."),
    "taken-back": _("Taken back. Those days count again."),
}

Json = dict[str, Any]


@router.get("")
async def show(provider: UUID, here: Here, done: str = "") -> Response:
    """What is noted, and the form for more."""
    return await _page(here, provider, {}, {}, 200, said=DONE.get(done, ""))


@router.post("")
async def say(provider: UUID, here: Here) -> Response:
    """Note one more time."""

    async def do(typed: Typed) -> str:
        body = {name: day_in(typed, name) for name in ("starts", "ends")}
        told = {"every_year": bool(typed["every_year"]), "why": typed["why"]}
        await here.send("POST", _at(provider), body | told)
        return f"/closing-days/{provider}?done=said"

    form = await here.form()
    return await take(form, FIELDS, do, partial(_page, here, provider), refused=_refused)


def _refused(refusal: Refusal, fields: Sequence[Field]) -> Faults:
    faults = at_its_field(refusal, fields)
    if "before" in next(iter(faults.values())):
        return {"ends": _("The last day is before the first day. Check both")}
    return faults


@router.post("/{closing}/take-back")
async def take_back(provider: UUID, closing: UUID, here: Here) -> Response:
    """They are open then after all."""
    await here.form()
    await here.send("DELETE", f"{_at(provider)}/{closing}")
    return back_to(f"/closing-days/{provider}?done=taken-back")


async def closed_soon(here: Place, provider: str | None) -> list[Json]:
    """When a provider is closed now or soon, for whoever is about to ask it; empty while the
    directory cannot say.
    """
    found = await here.look(_at(UUID(provider))) if provider else None
    coming = read((found or {}).get("contents")).coming(here.times.today, SOON)
    return [
        {"starts": first.isoformat(), "ends": last.isoformat(), "why": why}
        for first, last, why in coming
    ]


def _at(provider: UUID) -> str:
    return f"/directory/organizations/{provider}/closing-days"


async def _page(
    here: Place,
    provider: UUID,
    typed: Typed,
    faults: Faults,
    status: int,
    *,
    said: str = "",
) -> Response:
    roles = here.who.granted.roles
    if not {"coordinator", "provider-manager"} & set(roles):
        raise Refusal(403, detail=_("These pages are for managers of a group, and for its hub."))
    found: Json = await here.get(_at(provider))
    named: Json = await here.get(f"/directory/organizations/{provider}")
    return here.page(
        "closed/days",
        status,
        name=named["name"],
        rows=found["contents"],
        at=f"/closing-days/{provider}",
        back=("/hub/rooms", _("Who has room"))
        if "coordinator" in roles
        else ("/services", _("Your services")),
        fields=FIELDS,
        typed=typed,
        faults=faults,
        said=said,
    )
