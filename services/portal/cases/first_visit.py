"""Saying when a person is expected for the first time, and who goes along, on a page of a case."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from services.portal import first_meeting
from services.portal.answer_links import Refusal
from services.portal.cases.case import going_on
from services.portal.staff.fields import Field, typed_into
from services.portal.staff.place import Here, Place, back_to
from services.portal.typed import unwrapped
from shared.languages import _

router = APIRouter(prefix="/cases/{case}/requests/{task}/first-visit", include_in_schema=False)

Json = Mapping[str, Any]

FIELDS = (
    Field(
        "company",
        _("Who goes with them the first time?"),
        "radios",
        {**first_meeting.COMPANY, "": _("Not known yet")},
        hint=_("The group hears this, so that it knows how many come."),
    ),
    Field(
        "meet",
        _("When and where do they meet? (if somebody goes with them)"),
        hint=_(
            "For example: 1:45pm, at the door of the library. The person reads it behind the link"
            " in their message, and the group does not."
        ),
    ),
)
"""What the team alone can say."""


@router.get("")
async def ask(case: UUID, task: UUID, here: Here) -> Response:
    """When the first visit is."""
    return await _form(here, case, task, {}, {}, 200)


@router.post("")
async def say(case: UUID, task: UUID, here: Here) -> Response:
    """Say when; the person is told."""
    form = await here.form()
    given: dict[str, Any] = {
        name: unwrapped(str(form.get(name) or "")) for name in first_meeting.FIELDS
    }
    typed, wrong = typed_into(form, FIELDS)
    given |= typed
    zone = ZoneInfo(here.request.app.state.settings.timezone)
    when, faults = first_meeting.starts(given, zone, datetime.now(UTC))
    if when is None or wrong:
        return await _form(here, case, task, given, faults | wrong, 422)
    try:
        goes = typed["company"] or None
        meets = typed["meet"] if goes != "nobody" else ""
        body = {"starts": when.isoformat(), "company": {"who": goes, "meet": meets}}
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
    zone = ZoneInfo(here.request.app.state.settings.timezone)
    visit = shown["first_visits"].get(str(task)) or {}
    known = first_meeting.said({"first_visit": visit}, zone)
    known |= {name: visit.get(name) or "" for name in ("company", "meet")}
    return here.page(
        "cases/first_visit",
        status,
        **shown,
        action=f"/cases/{case}/requests/{task}/first-visit",
        service=next(iter(named), ""),
        given={**known, **given},
        fields=FIELDS,
        faults=faults,
    )
