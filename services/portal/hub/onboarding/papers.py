"""What the group showed for its tier (care 25): when it was seen, and until when it counts."""

from datetime import date
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub.desk import OfHub
from services.portal.hub.onboarding import words
from services.portal.hub.onboarding.pages import AT, Json, one
from services.portal.staff.fields import (
    Field,
    Typed,
    as_typed,
    day_in,
)
from services.portal.staff.place import Place
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/onboarding/{onboarding}/evidence", include_in_schema=False)


@router.get("")
async def ask(onboarding: UUID, here: OfHub) -> Response:
    """What was shown so far."""
    view = await one(here, onboarding)
    typed: Typed = {}
    for each in _papers(view):
        typed[f"{each['kind']}-seen"] = as_typed(each.get("seen"))
        typed[f"{each['kind']}-expires"] = as_typed(each.get("expires"))
    return await _page(here, view, typed, {}, 200)


@router.post("")
async def note(onboarding: UUID, here: OfHub) -> Response:
    """Note what was shown."""
    sent = await here.form()
    view = await one(here, onboarding)
    parts = _fields(view)
    fields = [each for part in parts.values() for each in part]

    def days(typed: Typed) -> list[Json]:
        return [
            {"kind": kind} | {name: day_in(typed, f"{kind}-{name}") for name in ("seen", "expires")}
            for kind in parts
        ]

    def wrong(typed: Typed, found: Faults) -> Faults:
        faults: dict[str, str] = {}
        for each in [] if found else days(typed):
            faults |= _fault(**each, today=here.times.today)
        return faults

    async def do(typed: Typed) -> str:
        shown = [each for each in days(typed) if each["seen"]]
        await here.send("PUT", f"{AT}/{onboarding}/evidence", {"evidence": shown})
        return f"/hub/onboarding/{onboarding}?done=evidence"

    return await take(sent, fields, do, partial(_page, here, view), wrong=wrong)


def _papers(view: Json) -> list[Json]:
    return [each for each in view["steps"] if each["step"] == "evidence"]


def _fields(view: Json) -> dict[str, tuple[Field, Field]]:
    return {
        each["kind"]: (
            Field(
                f"{each['kind']}-seen",
                _("On which day did you see it?"),
                "day",
                hint=_("For example, 27 3 2026. Leave it empty if you have not."),
            ),
            Field(
                f"{each['kind']}-expires",
                _("Until which day does it count? (if it ends)"),
                "day",
                hint=_("We tell you and them 30 days before."),
            ),
        )
        for each in _papers(view)
    }


def _fault(kind: str, seen: str | None, expires: str | None, today: date) -> dict[str, str]:
    """What the directory would refuse, at the field it is about."""
    if seen is None:
        missing: dict[str, str] = {f"{kind}-seen": _("Type the day on which you saw it")}
        return missing if expires else {}
    if date.fromisoformat(seen) > today:
        return {f"{kind}-seen": _("This day has not come yet. Check it")}
    if expires and expires < seen:
        return {f"{kind}-expires": _("It would run out before you saw it. Check both days")}
    return {}


async def _page(here: Place, view: Json, typed: Typed, faults: Faults, status: int) -> Response:
    parts = _fields(view)
    return here.page(
        "hub/onboarding/evidence",
        status,
        view=view,
        parts={words.PAPERS[kind]: part for kind, part in parts.items()},
        fields=[each for part in parts.values() for each in part],
        typed=typed,
        faults=faults,
    )
