"""How the group wants to be asked (care 24), and whether the hub checked the address with it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub.desk import OfHub
from services.portal.hub.onboarding.pages import Json, one
from services.portal.reached.contacts import MEANS, ON_PAGES, PAGES
from services.portal.staff.fields import Field, Typed, at_its_field
from services.portal.staff.place import Place
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/onboarding/{onboarding}/contact", include_in_schema=False)

WAYS: Mapping[str, str] = {
    "email": _("By e-mail"),
    "sms": _("By text message"),
    "phone": _("You or a link worker rings them"),
    "paper": _("On paper, brought or sent by you"),
    "inbox": _("On these pages, under Notices"),
}
assert WAYS.keys() == MEANS.keys()
WAY = Field("means", _("How do they want to be asked?"), "radios", WAYS, missing=_("Choose how"))
ADDRESS = Field(
    "address",
    _("The e-mail address or the telephone number"),
    hint=_("On paper: where it should go. On these pages: leave it empty"),
    letters=500,
)
FIELDS = (
    WAY,
    ADDRESS,
    Field(
        "checked",
        _("Did you check it with them?"),
        "checkboxes",
        {"yes": _("Yes, by another way than this address: I rang them, or met them")},
        hint=_("A code to see a name goes to checked addresses only."),
    ),
)
NOT_YET = _("What sends the messages does not know this group yet. Wait a minute and send it again")


@router.get("")
async def ask(onboarding: UUID, here: OfHub) -> Response:
    """How it is reached, or what was noted to ask it by."""
    view = await one(here, onboarding)
    known = await _known(here, view)
    if known:
        typed: Typed = {"means": known["means"], "address": known["address"]}
        typed["checked"] = ["yes"] if known["verified_by_hub"] else []
    else:
        email, phone = view.get("reach_email", ""), view.get("reach_phone", "")
        typed = {"means": "email" if email else "phone" if phone else "", "address": email or phone}
    if typed["means"] == ON_PAGES:
        typed["address"] = ""
    return await _page(here, view, typed, {}, 200)


@router.post("")
async def keep(onboarding: UUID, here: OfHub) -> Response:
    """Keep it with what sends the messages."""
    sent = await here.form()
    view = await one(here, onboarding)
    known = await _known(here, view)

    async def do(typed: Typed) -> str:
        kept = {
            name: known[name]
            for name in ("role", "service", "label", "preferences", "wishes")
            if name in known
        }
        body = kept | {
            "means": typed["means"],
            "address": PAGES if typed["means"] == ON_PAGES else typed["address"],
            "verified_by_hub": bool(typed["checked"]),
        }
        # The same id for the same form: sent twice it is one contact.
        contact = known.get("id") or uuid5(onboarding, "contact")
        at = f"/notifications/contacts/{view['provider']}/{contact}"
        await here.send("PUT", at, body)
        return f"/hub/onboarding/{onboarding}?done=contact"

    again = partial(_page, here, view)
    return await take(sent, FIELDS, do, again, wrong=nowhere, refused=_refused)


def nowhere(typed: Typed, found: Faults) -> Faults:
    """That an address is missing, where the way needs one."""
    if found or typed["means"] == ON_PAGES or typed["address"]:
        return {}
    return {"address": _("Type the address or the number")}


def _refused(refusal: Refusal, fields: Sequence[Field]) -> Faults:
    return {"means": NOT_YET} if refusal.status == 404 else at_its_field(refusal, fields)


async def _known(here: Place, view: Json) -> Json:
    """The contact to show: one in use that is not checked yet, else the first; empty for none.

    Those that its own system or the post is for are kept elsewhere.
    """
    try:
        found: dict[str, Any] = await here.get(f"/notifications/contacts/{view['provider']}")
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        found = {"contacts": []}
    used = [
        each
        for each in found["contacts"]
        if each["active"] and each["role"] == "requests" and each["means"] in WAYS
    ]
    nothing: Json = {}
    unchecked = [each for each in used if not each["verified_by_hub"]]
    checked = any(each["verified_by_hub"] for each in used)
    return next(iter(unchecked if unchecked and not checked else used), nothing)


async def _page(here: Place, view: Json, typed: Typed, faults: Faults, status: int) -> Response:
    return here.page(
        "hub/onboarding/form",
        status,
        view=view,
        title=_("How does {name} want to be asked?").format(name=view["name"]),
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
