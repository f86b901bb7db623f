"""Somebody of a provider is worried about a person: the numbers to call first, then a word to the
link worker, which stays open until somebody writes what came of it (care 11)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, Typed, at_its_field, key_of, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/requests/{task}/worried", include_in_schema=False)

FIELDS = (
    Field(
        "words",
        _("What worries you?"),
        "words",
        hint=_(
            "What you saw or heard, and when. The link worker's team reads it, and nobody else."
        ),
        missing=_("Write what worries you"),
    ),
)


@router.get("")
async def ask(task: UUID, here: Here) -> Response:
    """The form."""
    return await _page(here, task, str(uuid4()))


@router.post("")
async def take(task: UUID, here: Here) -> Response:
    """Tell the link worker's team."""
    form = await here.form()
    typed, faults = typed_into(form, FIELDS)
    if not faults:
        body = {"words": typed["words"]}
        try:
            at = f"/referrals/requests/{task}/worries"
            await here.send("POST", at, body | {"key": key_of(form, body)})
            return back_to(f"/requests/{task}?done=worried")
        except Refusal as refusal:
            faults = at_its_field(refusal, FIELDS)
    return await _page(here, task, str(form.get("sheet") or uuid4()), typed, faults, 422)


async def _page(
    here: Place,
    task: UUID,
    sheet: str,
    typed: Typed | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    view: Mapping[str, Any] = await here.get(f"/referrals/requests/{task}")
    return here.page(
        "inbox/worried",
        status,
        view=view,
        at=f"/requests/{task}",
        sheet=sheet,
        fields=FIELDS,
        typed=typed or {},
        faults=faults or {},
    )
