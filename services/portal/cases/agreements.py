"""What a person agreed to share with a service, before it ends: asked again and renewed."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.portal.answer_links import Refusal
from services.portal.cases.asking import HOW, UNTIL, ends
from services.portal.cases.requests import there
from services.portal.cases.steps import Step, step_page
from services.portal.staff.fields import Field, at_its_field, typed_into
from services.portal.staff.place import Here, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)

RENEW = Step(
    _("Do they still agree to share?"),
    _("Yes, they still agree"),
    ("POST", "renew-agreement"),
    (
        Field("how", _("How did they agree?"), "radios", HOW, missing=_("Choose how they agreed")),
        UNTIL,
    ),
    intro=_(
        "Ask the person first. The same is shared as before, with this service alone. If they do"
        " not agree any more, leave it: nothing is shared after its last day."
    ),
)


@router.get("/agreement")
async def ending(case: UUID, here: Here) -> Response:
    """To the agreement of a case that ends first; to the case where none does."""
    tasks = (await here.get(f"/referrals/cases/{case}"))["tasks"]
    ends = {each["agreement_ends"]: each["id"] for each in tasks if each["agreement_ends"]}
    if not ends:
        return back_to(f"/cases/{case}")
    return back_to(f"/cases/{case}/requests/{ends[min(ends)]}/renew-agreement")


@router.get("/requests/{task}/renew-agreement", dependencies=[Depends(there)])
async def ask(case: UUID, task: UUID, here: Here) -> Response:
    """Whether they still agree."""
    return await step_page(here, case, RENEW, f"requests/{task}/renew-agreement")


@router.post("/requests/{task}/renew-agreement", dependencies=[Depends(there)])
async def renew(case: UUID, task: UUID, here: Here) -> Response:
    """They do."""
    at = f"requests/{task}/renew-agreement"
    typed, faults = typed_into(await here.form(), RENEW.fields)
    if faults:
        return await step_page(here, case, RENEW, at, typed, faults, 422)
    body = {"how": typed["how"], "expires": ends(here, typed)}
    try:
        await here.send("POST", f"/referrals/{at}", body)
    except Refusal as refusal:
        faults = at_its_field(refusal, RENEW.fields)
        return await step_page(here, case, RENEW, at, typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done=renew-agreement")
