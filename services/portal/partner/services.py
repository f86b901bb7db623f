"""What there is for a need near a place: the public list of services, without any person."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.finding import room, unplaced
from services.portal.front_door.words import NEEDS
from services.portal.news.reading import unread
from services.portal.partner.desk import OfPartner
from services.portal.prose import plain
from services.portal.staff.fields import Field
from services.portal.staff.place import back_to
from shared.languages import _

router = APIRouter(prefix="/what-there-is", include_in_schema=False)

ROWS = 20
WITHIN = 8_000
"""Metres around a postcode: half an hour by bus."""

FIELDS = (
    Field("need", _("What would somebody like help with?"), "select", NEEDS),
    Field("near", _("Near which postcode? (if you like)"), hint=_("Its first part is enough, BD8")),
)


@router.get("")
async def what_there_is(here: OfPartner, need: str = "", near: str = "", page: int = 1) -> Response:
    """The form, and what was found for it."""
    typed = {"need": need, "near": " ".join(near.split())[:10]}
    if not need and not near:
        return here.page("partner/services", fields=FIELDS, typed=typed, faults={}, rows=None)
    if need and need not in NEEDS:
        return back_to("/what-there-is")
    asked: dict[str, Any] = {"page": max(1, min(page, 1000)), "per_page": ROWS}
    asked |= {"need": need} if need else {}
    asked |= {"near": typed["near"], "within": WITHIN} if near else {}
    try:
        found = await here.get("/directory/search", **asked)
    except Refusal as refusal:
        faults = unplaced(refusal, typed)
        if not faults:
            raise
        return here.page(
            "partner/services", 422, fields=FIELDS, typed=typed, faults=faults, rows=None
        )

    def to(number: int) -> str:
        said = {name: value for name, value in typed.items() if value}
        return f"/what-there-is?{urlencode({**said, 'page': number})}"

    return here.page(
        "partner/services",
        fields=FIELDS,
        typed=typed,
        faults={},
        rows=[_shown(each) for each in found["contents"]],
        news=await unread(here),
        earlier=None if found["first_page"] else to(found["page_number"] - 1),
        further=None if found["last_page"] else to(found["page_number"] + 1),
    )


@router.post("")
async def look(here: OfPartner) -> Response:
    """To what is asked for, whose address can be kept: it says nothing about anybody."""
    form = await here.form()
    said = {name: str(form.get(name) or "")[:40] for name in ("need", "near")}
    return back_to(f"/what-there-is?{urlencode({k: v for k, v in said.items() if v})}")


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": found["service"]["name"],
        "about": plain(found["service"].get("description")),
        "provider": found["provider"]["name"],
        "place": (found.get("location") or {}).get("name", ""),
        "cost": (found.get("cost") or {}).get("text", ""),
        "room": room(found["capacity"]),
        "reasons": found["reasons"],
        "check": found["check"],
    }
