"""What becomes of a request to a service: taken back, chosen, sharing withdrawn."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.portal.answer_links import Refusal
from services.portal.cases.steps import Step, step_page
from services.portal.cases.words import CANCEL_REASONS
from services.portal.staff.fields import Field, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, back_to
from shared.languages import _


async def there(case: UUID, task: UUID, here: Here) -> None:
    """Whether the case has this request.

    Raises:
        Refusal: 404 where it has not, as where there is no such case.
    """
    found = await here.get(f"/referrals/cases/{case}")
    if str(task) not in {each["id"] for each in found["tasks"]}:
        raise Refusal(404)


async def _taken(here: Here, case: UUID, task: UUID, step: Step) -> Response:
    """Take a step of a request; what was typed wrong comes again with what is wrong."""
    _, what = step.call
    at = f"requests/{task}/{what}"
    typed, faults = typed_into(await here.form(), step.fields)
    if faults:
        return await step_page(here, case, step, at, typed, faults, 422)
    try:
        await here.send("POST", f"/referrals/{at}", step.body(typed))
    except Refusal as refusal:
        faults = at_its_field(refusal, step.fields)
        return await step_page(here, case, step, at, typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done={what}")


router = APIRouter(
    prefix="/cases/{case}/requests/{task}",
    include_in_schema=False,
    dependencies=[Depends(there)],
)

CANCEL = Step(
    _("Take the request back"),
    _("Take it back"),
    ("POST", "cancel"),
    (
        Field(
            "reason", _("Why?"), "radios", CANCEL_REASONS, missing=_("Choose why you take it back")
        ),
    ),
    lambda typed: {"reason": typed["reason"]},
    _("The service is told, with thanks. It does not learn why."),
)


@router.get("/cancel")
async def ask_to_cancel(case: UUID, task: UUID, here: Here) -> Response:
    """Why it is taken back."""
    return await step_page(here, case, CANCEL, f"requests/{task}/cancel")


@router.post("/cancel")
async def cancel(case: UUID, task: UUID, here: Here) -> Response:
    """Take it back."""
    return await _taken(here, case, task, CANCEL)


CALLED_OFF = Step(
    _("They cannot come on one day"),
    _("Tell the service"),
    ("POST", "called-off"),
    (
        Field(
            "day",
            _("On which day can they not come?"),
            "day",
            hint=_("Today, or one of the next three months. For example, 27 3 2027"),
            missing=_("Type the day"),
        ),
    ),
    lambda typed: {"day": day_in(typed, "day")},
    _("They keep their place. The service is told, and its register of that day says so."),
)


@router.get("/called-off")
async def ask_for_day(case: UUID, task: UUID, here: Here) -> Response:
    """On which day the person does not come."""
    return await step_page(here, case, CALLED_OFF, f"requests/{task}/called-off")


@router.post("/called-off")
async def call_off(case: UUID, task: UUID, here: Here) -> Response:
    """Have the service know that the person does not come on one day."""
    return await _taken(here, case, task, CALLED_OFF)


@router.post("/choose")
async def choose(case: UUID, task: UUID, here: Here) -> Response:
    """Of several offers the person chose this one."""
    await here.form()
    await here.send("POST", f"/referrals/requests/{task}/choose")
    return back_to(f"/cases/{case}?done=choose")


@router.post("/withdraw-agreement")
async def withdraw(case: UUID, task: UUID, here: Here) -> Response:
    """The person does not want anything shared any more."""
    await here.form()
    await here.send("POST", f"/referrals/requests/{task}/withdraw-agreement")
    return back_to(f"/cases/{case}?done=withdraw-agreement")
