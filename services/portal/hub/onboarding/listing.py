"""The group on the list, and its first service in plain fields."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.front_door.words import NEEDS
from services.portal.hub.desk import OfHub
from services.portal.hub.onboarding.pages import Json, one
from services.portal.keeping import form
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/onboarding/{onboarding}", include_in_schema=False)

GROUP = (
    Field("name", _("What is the group called?"), missing=_("Type its name"), letters=300),
    Field(
        "description",
        _("What does it do?"),
        "words",
        hint=_("In a sentence or two. Everybody can read this."),
        missing=_("Write what it does"),
    ),
    Field("email", _("E-mail address for anyone to use (if it has one)"), letters=254),
    Field("website", _("Website (if it has one)"), hint=_("It begins with https://")),
)
ASKED: Mapping[str, str] = {
    "email": _("By e-mail"),
    "text": _("By text message"),
    "phone": _("By phone"),
    "sheet": _("On a sheet each week"),
    "turn-up": _("People just turn up"),
}
NEED = Field("needs", _("What does it help with?"), "checkboxes")
COUNTY = Field("state_province", _("County"), missing=_("Type the county"))
_ADDRESS = {each.name: each.missing for each in (*form.ADDRESS, COUNTY)}
ASK_BY = Field(
    "ask_by", _("How do they want to be asked?"), "radios", ASKED, missing=_("Choose how")
)
NO_PLACE = _("If it is at no place, such as online, leave all of the address empty.")


@router.get("/organisation")
async def ask_group(onboarding: UUID, here: OfHub) -> Response:
    """The form for the group."""
    view = await one(here, onboarding)
    typed = {"name": view["name"], "email": view.get("reach_email", "")}
    return await _group(here, view, typed, {}, 200)


@router.post("/organisation")
async def list_group(onboarding: UUID, here: OfHub) -> Response:
    """List it under the id that was kept for it: sent twice it is one."""
    sent = await here.form()
    view = await one(here, onboarding)
    if view["listed"]:
        return back_to(f"/hub/onboarding/{onboarding}")

    async def do(typed: Typed) -> str:
        body = {name: typed[name] for name in typed if typed[name]} | {
            "id": view["provider"],
            "kersey": {"hub": view["hub"]},
        }
        await here.send("PUT", f"/directory/organizations/{view['provider']}", body)
        return f"/hub/onboarding/{onboarding}?done=listed"

    return await take(sent, GROUP, do, partial(_group, here, view))


@router.get("/listing")
async def ask_listing(onboarding: UUID, here: OfHub) -> Response:
    """The form for the first service, with what waits of it."""
    view = await one(here, onboarding)
    base, terms = await _standing(here, view)
    places = base["service_at_locations"][0]["location"].get("addresses") or [{}]
    typed = form.typed_of(base) | {
        "state_province": places[0].get("state_province", ""),
        "needs": [key for key in terms["need"] if key in _terms_of(base)],
        "ask_by": (base.get("kersey") or {}).get("ask_by", ""),
    }
    return await _listing(here, view, base, terms, typed, {}, 200)


@router.post("/listing")
async def write_listing(onboarding: UUID, here: OfHub) -> Response:
    """Keep it as a draft: it is public when the hub says yes."""
    sent = await here.form()
    view = await one(here, onboarding)
    base, terms = await _standing(here, view)
    fields = [each for part in _fields(base, terms).values() for each in part]

    async def do(typed: Typed) -> str:
        new = await _written(here, base, typed, terms)
        # The same id for the same form: sent twice it is one service.
        service = view.get("service") or uuid5(onboarding, "service")
        await here.send("PUT", f"/directory/services/{service}?draft=true", new)
        return f"/hub/onboarding/{onboarding}?done=written"

    again = partial(_listing, here, view, base, terms)
    return await take(sent, fields, do, again, wrong=partial(_wrong, terms))


def _wrong(terms: form.Terms, typed: Typed, _: Faults) -> Faults:
    return form.faults_of(typed, terms) | _address_faults(typed)


async def _standing(here: Place, view: Json) -> tuple[Json, dict[str, dict[str, str]]]:
    """What waits of the service, or a listing that says nothing yet; and terms by taxonomy
    and id.
    """
    vocabulary = (await here.get("/directory/vocabulary"))["contents"]
    terms: dict[str, dict[str, str]] = {code: {} for code in form.CHOSEN} | {
        taxonomy["code"]: {
            term["id"]: NEEDS.get(term["code"], form.named(term)) for term in taxonomy["terms"]
        }
        for taxonomy in vocabulary
        if taxonomy["code"] in ("need", *form.CHOSEN)
    }
    waits = view.get("waits")
    if waits:
        at = f"/directory/services/{view['service']}/versions/{waits['number']}"
        listing: Json = (await here.get(at))["listing"]
        places = listing.get("service_at_locations") or [_nowhere()]
        return listing | {"service_at_locations": places}, terms
    if "service" in view:
        raise Refusal(409, detail=_("It is public. Ask the group to change it."))
    return {"organization_id": view["provider"], "service_at_locations": [_nowhere()]}, terms


def _nowhere() -> Json:
    return {"location": {"addresses": [dict.fromkeys(_ADDRESS, "")]}}


def _fields(base: Json, terms: Mapping[str, Mapping[str, str]]) -> dict[str, list[Field]]:
    """Those of the page where a provider keeps its listing, with needs and how it is asked; an
    address may be left out.
    """
    parts = form.fields_of(base, terms)
    parts["What"] = [
        *(each for each in parts["What"] if each.name != "alert"),
        replace(NEED, options=terms["need"]),
    ]
    if any(each.name == "postal_code" for each in parts["Where"]):
        parts["Where"] = [replace(each, missing="") for each in [*parts["Where"], COUNTY]]
    return parts | {_("Asking"): [ASK_BY]}


def _address_faults(typed: Typed) -> dict[str, str]:
    """An address is whole or left out."""
    lines = [typed.get(name) for name in _ADDRESS]
    if all(lines) or not any([*lines, typed.get("place")]):
        return {}
    return {name: words for name, words in _ADDRESS.items() if not typed.get(name)}


async def _written(
    here: Place, base: Json, typed: Typed, terms: Mapping[str, Mapping[str, str]]
) -> Json:
    """The listing with what was typed.

    Raises:
        Refusal: 422, at the postcode, if it is none.
    """
    if typed.get("postal_code") == "":
        base = base | {"service_at_locations": []}
    new = form.written(base, typed, terms)
    if typed.get("postal_code"):
        address = new["service_at_locations"][0]["location"]["addresses"][0]
        address["state_province"] = typed["state_province"]
        await _settle(here, base, new)
    kept = [
        each
        for each in new.get("attributes") or ()
        if str(each["taxonomy_term_id"]) not in terms["need"]
    ]
    needs = [{"taxonomy_term_id": term, "link_type": "need"} for term in typed["needs"]]
    return new | {"attributes": kept + needs, "kersey": {"ask_by": typed["ask_by"]}}


async def _settle(here: Place, base: Json, new: Json) -> None:
    """Say where the place lies."""
    postcode = form.moved(base, new)
    if postcode is None:
        return
    try:
        form.put_at(new, await here.get(f"/directory/postcodes/{quote(postcode, safe='')}"))
    except Refusal as refusal:
        if refusal.status == 404:
            form.put_at(new, None)
        elif refusal.status == 400:
            raise Refusal(422, detail=refusal.detail, element="postal_code") from refusal
        else:
            raise


def _terms_of(base: Json) -> set[str]:
    return {str(each["taxonomy_term_id"]) for each in base.get("attributes") or ()}


async def _group(here: Place, view: Json, typed: Typed, faults: Faults, status: int) -> Response:
    return here.page(
        "hub/onboarding/form",
        status,
        view=view,
        title=_("List the group: {name}").format(name=view["name"]),
        about=_("The group is public from now on. Its services are not, until you say so."),
        fields=GROUP,
        typed=typed,
        faults=faults,
    )


async def _listing(
    here: Place,
    view: Json,
    base: Json,
    terms: Mapping[str, Mapping[str, str]],
    typed: Typed,
    faults: Faults,
    status: int,
) -> Response:
    parts: dict[str, Any] = _fields(base, terms)
    return here.page(
        "hub/onboarding/listing",
        status,
        view=view,
        parts=parts,
        no_place=NO_PLACE,
        fields=[each for part in parts.values() for each in part],
        typed=typed,
        faults=faults,
    )
