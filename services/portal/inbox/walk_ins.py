"""Somebody came by themselves: a form for the least that is needed."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.front_door.words import ACCESS, NEEDS, SAFE
from services.portal.staff.fields import Field, Typed, at_its_field, key_of, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

SERVICE = Field(
    "service", _("Which group did they come to?"), "select", missing=_("Choose the group")
)
HUB = Field("hub", _("Where do they live?"), "select", missing=_("Choose the place"))

REST = (
    Field("given", _("First name"), hint=_("Or the name that they like to be called.")),
    Field("family", _("Last name")),
    Field("phone", _("Phone number")),
    Field("phone_safe", _("Is it safe to ring this number?"), "radios", SAFE),
    Field("email", _("E-mail address")),
    Field("email_safe", _("Is it safe to write to it?"), "radios", SAFE),
    Field(
        "needs",
        _("What would they like help with?"),
        "checkboxes",
        NEEDS,
        missing=_("Choose what they would like help with"),
    ),
    Field(
        "words",
        _("Anything that you need to remember (if you like)"),
        "words",
        hint=_("Only what the person wants you to write down. Nothing about their health."),
    ),
    Field("access", _("Do they need any of these?"), "checkboxes", ACCESS),
    Field(
        "agreed",
        _("Do they agree that you write this down?"),
        "checkboxes",
        {"yes": _("Yes, I asked them and they agree")},
        missing=_("Ask them. Without their word nothing is written down"),
    ),
    Field(
        "agreed_how",
        _("How did they agree?"),
        "radios",
        {"verbal": _("They told me"), "written": _("They wrote it")},
        missing=_("Choose how they agreed"),
    ),
    Field(
        "tell_team",
        _("May a link worker hear of it?"),
        "radios",
        {"yes": _("Yes, they agree"), "no": _("No. It stays with us")},
        hint=_("A link worker can help with other things too. They can say yes later."),
        missing=_("Choose yes or no"),
    ),
)


@router.get("/requests/walk-in")
async def ask(here: Here) -> Response:
    """The form."""
    fields = await _fields(here)
    return _page(here, fields, 200)


@router.post("/requests/walk-in")
async def record(here: Here) -> Response:
    """Record it, and lead to the request that it is now."""
    form = await here.form()
    fields = await _fields(here)
    typed, faults = typed_into(form, fields)
    faults = _more_faults(typed) | faults
    if not faults:
        body = _body(typed)
        try:
            told = await here.send(
                "POST", "/referrals/walk-ins", body | {"key": key_of(form, body)}
            )
            return back_to(f"/requests/{told['task']}?done=walk-in")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return _page(here, fields, 422, typed, faults)


@router.post("/requests/{task}/tell-team")
async def tell_team(task: UUID, here: Here) -> Response:
    """They agree now that a link worker hears of it."""
    await here.form()
    await here.send("POST", f"/referrals/requests/{task}/tell-team", {"agreed": True})
    return back_to(f"/requests/{task}?done=told")


async def _fields(here: Place) -> list[Field]:
    """The form's fields, with the provider's own services and the hubs to choose from."""
    found: Json = await here.get("/referrals/walk-ins")
    services = {each["id"]: each["name"] for each in found["services"]}
    hubs = {each["code"]: each["name"] for each in found["hubs"]}
    return [SERVICE.choosing(services), *(replace(each) for each in REST), HUB.choosing(hubs)]


def _page(
    here: Place,
    fields: list[Field],
    status: int,
    typed: Typed | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    return here.page(
        "inbox/walk-in",
        status,
        fields=fields,
        typed=typed or {},
        faults=faults or {},
        sheet=uuid4(),
    )


def _more_faults(typed: Typed) -> dict[str, str]:
    """What is wrong with fields that depend on another."""
    found: dict[str, str] = {}
    if not typed["given"] and not typed["family"]:
        found["given"] = _("Type a name")
    for way, words in (
        ("phone", _("Choose if it is safe to ring this number")),
        ("email", _("Choose if it is safe to write to this address")),
    ):
        if typed[way] and not typed[f"{way}_safe"]:
            found[f"{way}_safe"] = words
    return found


def _body(typed: Typed) -> Json:
    return {
        "service": typed["service"],
        "hub": typed["hub"],
        "given": typed["given"],
        "family": typed["family"],
        "contacts": [
            {"channel": way, "value": typed[way], "safe": typed[f"{way}_safe"]}
            for way in ("phone", "email")
            if typed[way]
        ],
        "needs": [{"code": code, "display": NEEDS[code]} for code in typed["needs"]],
        "words": typed["words"],
        "access_needs": [{"code": code, "detail": ""} for code in typed["access"]],
        "agreed": True,
        "agreed_how": typed["agreed_how"],
        "tell_team": typed["tell_team"] == "yes",
    }
