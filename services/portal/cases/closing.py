"""Close a case: how it ends, then what follows from that and what the GP is told, then it is done.

What would follow is referrals' to say (care 21); this page only shows it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.case import going_on
from services.portal.cases.moves import GONE
from services.portal.cases.steps import Step, step_of, step_page
from services.portal.cases.words import GP_KINDS, OUTCOMES
from services.portal.staff.fields import Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}/close", include_in_schema=False)

Json = Mapping[str, Any]

STANDS: Mapping[str, str] = {
    "waiting": _("It goes at once, by itself."),
    "held": _("It waits until somebody of your team decides whether it may go."),
    "to-print": _("Somebody of your team prints and posts it."),
}
"""What becomes of a message, by where it would stand; nothing else is its beginning."""


@router.post("")
async def take(case: UUID, here: Here) -> Response:
    """Keep how it ends; what follows from that is the next page."""
    step = await step_of(here, case, "close")
    typed, faults = typed_into(await here.form(), step.fields)
    if not faults:
        try:
            await _foretold(here, case, step, typed)
        except Refusal as refusal:
            faults = at_its_field(refusal, step.fields)
            return await step_page(here, case, step, "close", typed, faults, refusal.status)
        await here.keep(f"/cases/{case}/close", typed)
        return back_to(f"/cases/{case}/close/check")
    return await step_page(here, case, step, "close", typed, faults, 422)


@router.get("/check")
async def check(case: UUID, here: Here) -> Response:
    """What closing it would do and tell."""
    typed = await here.kept(f"/cases/{case}/close")
    if typed is None:
        return back_to(f"/cases/{case}/close")
    step = await step_of(here, case, "close")
    known = await going_on(here, case)
    try:
        found = await _foretold(here, case, step, typed)
    except Refusal as refusal:
        faults = at_its_field(refusal, step.fields)
        return await step_page(here, case, step, "close", typed, faults, refusal.status)
    return here.page(
        "cases/closing",
        **known,
        ends=OUTCOMES[typed["outcome"]][1],
        services=[each["service_name"] or GONE for each in found["requests"]],
        codes=found["codes"],
        letters=[
            {
                **each,
                "kind": GP_KINDS.get(each["kind"], each["kind"]),
                "stands": STANDS.get(each["state"], ""),
            }
            for each in found["messages"]
        ],
    )


@router.post("/check")
async def close(case: UUID, here: Here) -> Response:
    """Close it."""
    await here.form()
    typed = await here.kept(f"/cases/{case}/close")
    if typed is None:
        return back_to(f"/cases/{case}/close")
    step = await step_of(here, case, "close")
    try:
        await here.send("POST", f"/referrals/cases/{case}/close", step.body(typed))
    except Refusal as refusal:
        faults = at_its_field(refusal, step.fields)
        return await step_page(here, case, step, "close", typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done=close")


async def _foretold(here: Place, case: UUID, step: Step, typed: Typed) -> Json:
    found: Json = await here.send(
        "POST", f"/referrals/cases/{case}/close/preview", step.body(typed)
    )
    return found
