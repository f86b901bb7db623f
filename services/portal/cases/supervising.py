"""Whom a team lead talks about with whom, and why; and that they did."""

import asyncio
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.colleagues import team_of
from services.portal.cases.steps import Step, step_page
from services.portal.cases.words import LEVELS, TALK_REASONS
from services.portal.cases.worklist import people_of
from services.portal.staff.fields import Field, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

ROWS = 25

TALKED = Step(
    _("You talked about it"),
    _("Save"),
    ("POST", "supervision/talked"),
    (
        Field(
            "came",
            _("What did you agree? (if you like)"),
            "words",
            hint=_("About the work. Only your team reads it."),
        ),
    ),
    lambda typed: {"came": typed["came"]},
    _("It goes from your list. What still stands shows again after four weeks."),
)


@router.get("/cases/supervision")
async def listed(here: Here, after: UUID | None = None, done: str = "") -> Response:
    """The list, what colleagues asked for first."""
    rows, team = await asyncio.gather(_rows(here, after), team_of(here))
    shown = rows[:ROWS]
    names = await people_of(here, shown)
    further = urlencode({"after": shown[-1]["case"]}) if len(rows) > ROWS else ""
    return here.page(
        "cases/supervision",
        rows=[
            {
                **row,
                "name": names.name_of(row),
                "with": team.name(row["allocated_to"]) or _("Nobody yet"),
                "why": [TALK_REASONS.get(each, each) for each in row["reasons"]],
                "level": LEVELS.get(row["complexity"] or "", ""),
            }
            for row in shown
        ],
        further=f"/cases/supervision?{further}" if further else None,
        said=_("Noted.") if done == "talked" else "",
    )


@router.get("/cases/{case}/talked")
async def ask(case: UUID, here: Here) -> Response:
    """What was agreed."""
    return await step_page(here, case, TALKED, "talked")


@router.post("/cases/{case}/talked")
async def note(case: UUID, here: Here) -> Response:
    """Note it, and go back to the list."""
    typed, faults = typed_into(await here.form(), TALKED.fields)
    if not faults:
        at = f"/referrals/cases/{case}/{TALKED.path(typed)}"
        try:
            await here.send("POST", at, TALKED.body(typed))
            return back_to("/cases/supervision?done=talked")
        except Refusal as refusal:
            faults = at_its_field(refusal, TALKED.fields)
    return await step_page(here, case, TALKED, "talked", typed, faults, 422)


async def _rows(here: Place, after: UUID | None) -> list[Json]:
    at = "/referrals/supervision"
    try:
        rows: list[Json] = await here.get(at, after=str(after) if after else None, count=ROWS + 1)
    except Refusal as refusal:
        # The case to go on from was talked about meanwhile, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        rows = await here.get(at, count=ROWS + 1)
    return rows
