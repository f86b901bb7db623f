"""What becomes of a request to a service: taken back, chosen, sharing withdrawn."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.portal.answer_links import Refusal
from services.portal.cases.steps import Step, step_page
from services.portal.cases.words import CANCEL_REASONS
from services.portal.staff.fields import Field, at_its_field, typed_into
from services.portal.staff.place import Here, back_to


async def there(case: UUID, task: UUID, here: Here) -> None:
    """Whether the case has this request.

    Raises:
        Refusal: 404 where it has not, as where there is no such case.
    """
    found = await here.get(f"/referrals/cases/{case}")
    if str(task) not in {each["id"] for each in found["tasks"]}:
        raise Refusal(404)


router = APIRouter(
    prefix="/cases/{case}/requests/{task}",
    include_in_schema=False,
    dependencies=[Depends(there)],
)

CANCEL = Step(
    "Take the request back",
    "Take it back",
    ("POST", "cancel"),
    (Field("reason", "Why?", "radios", CANCEL_REASONS, missing="Choose why you take it back"),),
    lambda typed: {"reason": typed["reason"]},
    "The service is told, with thanks. It does not learn why.",
)


@router.get("/cancel")
async def ask_to_cancel(case: UUID, task: UUID, here: Here) -> Response:
    """Why it is taken back."""
    return await step_page(here, case, CANCEL, f"requests/{task}/cancel")


@router.post("/cancel")
async def cancel(case: UUID, task: UUID, here: Here) -> Response:
    """Take it back."""
    at = f"requests/{task}/cancel"
    typed, faults = typed_into(await here.form(), CANCEL.fields)
    if faults:
        return await step_page(here, case, CANCEL, at, typed, faults, 422)
    try:
        await here.send("POST", f"/referrals/{at}", CANCEL.body(typed))
    except Refusal as refusal:
        faults = at_its_field(refusal, CANCEL.fields)
        return await step_page(here, case, CANCEL, at, typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done=cancel")


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
