"""How the person is: measures are asked on one page, none of them required (care 19)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.case import going_on
from services.portal.cases.questions import ABOUT, FIELDS, GROUPS, OWN_WORDS
from services.portal.staff.fields import Typed, at_its_field, day_in, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)


@router.get("/measures")
async def ask(case: UUID, here: Here) -> Response:
    """The form, empty: what was answered before should not lead the next answer."""
    return await _form(here, case, {"filled_in": "together", "how": "phone"}, {}, 200)


@router.post("/measures")
async def take(case: UUID, here: Here) -> Response:
    """Note what was answered."""
    typed, faults = typed_into(await here.form(), FIELDS)
    for group in GROUPS:
        if typed[group.not_asked] and any(typed[each.name] for each in group.questions):
            faults[group.not_asked] = _(
                "There is an answer above. Take it out, or choose no reason"
            )
    if faults:
        return await _form(here, case, typed, faults, 422)
    try:
        await here.send("POST", f"/referrals/cases/{case}/reviews", _body(typed))
    except Refusal as refusal:
        faults = at_its_field(refusal, FIELDS)
        if refusal.element == "measures":
            faults = {FIELDS[0].name: _("Fill in an answer, a reason or some words")}
        return await _form(here, case, typed, faults, refusal.status)
    return back_to(f"/cases/{case}?done=reviews#measures")


@router.post("/reviews/{review}/strike")
async def strike(case: UUID, review: UUID, here: Here) -> Response:
    """Take back what was noted by mistake."""
    await here.form()
    await here.send("POST", f"/referrals/cases/{case}/reviews/{review}/strike")
    return back_to(f"/cases/{case}?done=strike#measures")


def _body(typed: Typed) -> dict[str, Any]:
    measures = []
    for group in GROUPS:
        answers = {each.name: int(typed[each.name]) for each in group.questions if typed[each.name]}
        if answers:
            measures.append({"instrument": group.code, "answers": answers})
        elif typed[group.not_asked]:
            measures.append({"instrument": group.code, "not_asked": typed[group.not_asked]})
    words = {each.name: typed[each.name] for each in OWN_WORDS}
    return {
        "measures": measures,
        "filled_in": typed["filled_in"] or "together",
        "how": typed["how"] or "phone",
        "language": typed["language"],
        "day": day_in(typed, "day"),
    } | words


async def _form(
    here: Place, case: UUID, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    return here.page(
        "cases/measures",
        status,
        **await going_on(here, case),
        groups=GROUPS,
        own_words=OWN_WORDS,
        about_it=ABOUT,
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
