"""What the person wants, who does what for it, and what came of it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.steps import Step, step_page
from services.portal.cases.words import GOAL_STATES, WHO
from services.portal.staff.fields import Field, Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)

_DAY = _("For example, 27 3 2027")


def _action(typed: Typed) -> dict[str, Any]:
    return {
        "words": typed["action"],
        "who": typed["who"] or "person",
        "by_when": day_in(typed, "action_by"),
    }


def _goal(typed: Typed) -> dict[str, Any]:
    return {
        "words": typed["words"],
        "by_when": day_in(typed, "by_when"),
        "actions": [_action(typed)] if typed["action"] else [],
    }


_WHO_DOES = Field("who", _("Who does it?"), "radios", WHO)
_UNTIL = Field("action_by", _("Until which day (if you know)"), "day", hint=_DAY)

GOAL = Step(
    _("What they want"),
    _("Save"),
    ("POST", "goals"),
    (
        Field(
            "words",
            _("What do they want, in their own words?"),
            "words",
            hint=_("For example: I want to sing in a choir again."),
            missing=_("Write what they want"),
        ),
        Field("by_when", _("By when (if they say)"), "day", hint=_DAY),
        Field("action", _("The first thing to do for it (if you know)")),
        _WHO_DOES,
        _UNTIL,
    ),
    _goal,
)
ACTION = Step(
    _("One more thing to do"),
    _("Save"),
    ("POST", "goals/{goal}/actions"),
    (
        Field("action", _("What is to be done?"), missing=_("Write what is to be done")),
        _WHO_DOES,
        _UNTIL,
    ),
    _action,
)
SETTLED = Step(
    _("What came of it"),
    _("Save"),
    ("POST", "goals/{goal}/settle"),
    (
        Field("state", _("Where are they now?"), "radios", GOAL_STATES, missing=_("Choose one")),
        Field("came", _("What came of it, in their own words (if they say)"), "words"),
    ),
    lambda typed: {"state": typed["state"], "came": typed["came"]},
)


@router.get("/goals")
async def ask(case: UUID, here: Here) -> Response:
    """What they want."""
    return await step_page(here, case, GOAL, "goals")


@router.post("/goals")
async def take(case: UUID, here: Here) -> Response:
    """Note it."""
    return await _take(here, case, GOAL, "goals")


@router.get("/goals/{goal}/actions")
async def ask_what_to_do(case: UUID, goal: UUID, here: Here) -> Response:
    """One more thing to do."""
    return await step_page(here, case, ACTION, f"goals/{goal}/actions")


@router.post("/goals/{goal}/actions")
async def add(case: UUID, goal: UUID, here: Here) -> Response:
    """Note it."""
    return await _take(here, case, ACTION, f"goals/{goal}/actions")


@router.get("/goals/{goal}/settle")
async def ask_what_came(case: UUID, goal: UUID, here: Here) -> Response:
    """What came of it."""
    return await step_page(here, case, SETTLED, f"goals/{goal}/settle")


@router.post("/goals/{goal}/settle")
async def settle(case: UUID, goal: UUID, here: Here) -> Response:
    """Note it."""
    return await _take(here, case, SETTLED, f"goals/{goal}/settle")


@router.post("/actions/{action}/done")
async def done(case: UUID, action: UUID, here: Here) -> Response:
    """Note that it was done."""
    await here.form()
    await here.send("POST", f"/referrals/cases/{case}/actions/{action}/done")
    return back_to(f"/cases/{case}?done=goals")


async def _take(here: Place, case: UUID, step: Step, at: str) -> Response:
    typed, faults = typed_into(await here.form(), step.fields)
    status = 422
    if not faults:
        try:
            await here.send("POST", f"/referrals/cases/{case}/{at}", step.body(typed))
        except Refusal as refusal:
            faults, status = at_its_field(refusal, step.fields), refusal.status
        else:
            return back_to(f"/cases/{case}?done=goals")
    return await step_page(here, case, step, at, typed, faults, status)
