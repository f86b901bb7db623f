"""Refer a patient: the front door's form, with what is known of the practice filled in."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.front_door.form import Filled, blank, read
from services.portal.front_door.words import ACCESS, AGREED, NEEDS, SAFE
from services.portal.practice.desk import AtPractice, Json, practices_of
from services.portal.staff.fields import key_of
from services.portal.staff.place import Place, back_to
from services.portal.taking_down.pages import AT
from services.portal.taking_down.paper import day_on_paper, typed_in
from shared.languages import _

router = APIRouter(prefix="/our-referrals/new", include_in_schema=False)

WHO = "care-navigator"
WAYS: Mapping[str, str] = {
    "online": _("Face to face"),
    "phone": _("By phone"),
    "paper": _("On paper"),
}
"""How the patient said it; what nobody wrote down or rang about is entered as by a form."""


@router.get("")
async def ask(here: AtPractice) -> Response:
    """The form, with one's own name and practice in it."""
    practices = await practices_of(here)
    known = {"referrer_name": here.who.granted.name, "referrer_role": _("Care navigator")}
    if len(practices) == 1:
        known["practice"] = next(iter(practices))
    return _page(here, practices, blank(WHO, **known), {"entered": ""}, 200)


@router.post("")
async def send(here: AtPractice) -> Response:
    """Send it, and lead to the list with its number."""
    form = await here.form()
    practices = await practices_of(here)
    filled, more = read(WHO, form), typed_in(form, "entered")
    practice = practices.get(filled.one["practice"])
    filled.one["referrer_organisation"] = practice["name"] if practice else ""
    # One question: who may tell the practice may tell whoever refers for it.
    filled.one["tell_referrer"] = filled.one["tell_gp"]
    filled.check(here.times.today, {code: each["name"] for code, each in practices.items()})
    if practice is None:
        filled.faults.setdefault("practice", _("Choose the practice"))
    if filled.one["tell_gp"] not in ("yes", "no"):
        filled.faults["tell_gp"] = _("Choose yes or no")
    if more["entered"] not in WAYS:
        filled.faults["entered"] = _("Choose how it came")
    written = day_on_paper(more, here.times.today, filled.faults)
    if practice is None or filled.faults:
        return _page(here, practices, filled, more, 422)
    body = filled.body("", practice["hub"], here.times.today) | {
        "entered": more["entered"],
        "written": written,
    }
    try:
        told = await here.send(
            "POST", "/referrals/practice/referrals", body | {"key": key_of(form, body)}
        )
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        field = AT.get(refusal.element.rpartition(".")[2], "words")
        filled.faults = {field: (refusal.detail or refusal.title).rstrip(".")}
        return _page(here, practices, filled, more, 422)
    return back_to(f"/our-referrals?done={told['reference']}")


def _page(
    here: Place, practices: Mapping[str, Any], filled: Filled, more: Json, status: int
) -> Response:
    return here.page(
        "practice/refer",
        status,
        ways=WAYS,
        practices={code: each["name"] for code, each in practices.items()},
        needs=NEEDS,
        access=ACCESS,
        safe=SAFE,
        agreed_words=AGREED,
        filled={**filled.one, **more},
        chosen=filled.many,
        faults=filled.faults,
        sheet=uuid4(),
    )
