"""Which register: the services that somebody comes to, and the days on which one met."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.register.meetings import lately
from services.portal.register.sheet import SENDS_MARKS
from services.portal.staff.fields import PARTS, as_typed
from services.portal.staff.place import Here, Place, back_to
from services.portal.typed import Mistyped, day_of

router = APIRouter(include_in_schema=False)


@router.get("/registers")
async def registers(here: Here) -> Response:
    """The services that have somebody on their register."""
    rows = await here.get("/referrals/registers")
    return here.page("register/services", scripts=[SENDS_MARKS], rows=rows)


@router.get("/registers/{service}")
async def days(service: UUID, here: Here) -> Response:
    """The days to choose from."""
    return await _page(here, service, 200)


@router.post("/registers/{service}")
async def another_day(service: UUID, here: Here) -> Response:
    """To the register of a day that was typed."""
    form = await here.form()
    typed = {part: str(form.get(part) or "").strip() for part in PARTS}
    try:
        when = day_of(typed, here.times.today)
    except Mistyped as mistyped:
        return await _page(here, service, 422, typed, str(mistyped))
    return back_to(f"/registers/{service}/{when}")


async def _page(
    here: Place,
    service: UUID,
    status: int,
    typed: dict[str, str] | None = None,
    fault: str = "",
) -> Response:
    today = here.times.today
    register, listing = await asyncio.gather(
        here.get(f"/referrals/registers/{service}/{today}"), _listing(here, service)
    )
    met = {day.isoformat() for day in lately(listing.get("schedules") or (), today)}
    days = sorted({today.isoformat(), *met, *register["days"]}, reverse=True)
    return here.page(
        "register/days",
        status,
        service=register["service"],
        days=days,
        today=today.isoformat(),
        marked=frozenset(register["days"]),
        typed=typed or as_typed(today.isoformat()),
        faults={"day": fault} if fault else {},
    )


async def _listing(here: Place, service: UUID) -> dict[str, Any]:
    """Its public listing; nothing where it is off the list, or the directory cannot be reached."""
    try:
        found: dict[str, Any] = await here.get(f"/directory/services/{service}")
    except Refusal:
        return {}
    return found
