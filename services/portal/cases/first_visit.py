"""Saying when a person is expected for the first time, on a page of a case."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from services.portal import first_meeting
from services.portal.answer_links import Refusal
from services.portal.cases.case import going_on
from services.portal.staff.place import Here, Place, back_to
from services.portal.typed import unwrapped

router = APIRouter(prefix="/cases/{case}/requests/{task}/first-visit", include_in_schema=False)

Json = Mapping[str, Any]


@router.get("")
async def ask(case: UUID, task: UUID, here: Here) -> Response:
    """When the first visit is."""
    return await _form(here, case, task, dict.fromkeys(first_meeting.FIELDS, ""), {}, 200)


@router.post("")
async def say(case: UUID, task: UUID, here: Here) -> Response:
    """Say when; the person is told."""
    form = await here.form()
    given = {name: unwrapped(str(form.get(name) or "")) for name in first_meeting.FIELDS}
    zone = ZoneInfo(here.request.app.state.settings.timezone)
    when, faults = first_meeting.starts(given, zone, datetime.now(UTC))
    if when is None:
        return await _form(here, case, task, given, faults, 422)
    try:
        body = {"starts": when.isoformat()}
        await here.send("PUT", f"/referrals/requests/{task}/first-visit", body)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        faults = {first_meeting.TIME: (refusal.detail or refusal.title).rstrip(".")}
        return await _form(here, case, task, given, faults, refusal.status)
    return back_to(f"/cases/{case}?done=first-visit")


async def _form(
    here: Place, case: UUID, task: UUID, given: Json, faults: Mapping[str, str], status: int
) -> Response:
    shown = await going_on(here, case)
    named: Sequence[str] = [each["name"] for each in shown["requests"] if each["id"] == str(task)]
    return here.page(
        "cases/first_visit",
        status,
        **shown,
        action=f"/cases/{case}/requests/{task}/first-visit",
        service=next(iter(named), ""),
        given=given,
        faults=faults,
    )
