"""How the groups of the place are reached: to look at, to add to, and to put right for them."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub.desk import OfHub
from services.portal.hub.messages import VERIFIED
from services.portal.hub.onboarding.reached import ADDRESS, WAY, WAYS, nowhere
from services.portal.reached.contacts import ON_PAGES, OTHER, PAGES
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/hub/reached/{provider}", include_in_schema=False)

Json = dict[str, Any]

FIELDS = (
    WAY,
    ADDRESS,
    Field(
        "label",
        _("What is it? (if you like)"),
        hint=_("For example, the desk in the hall. Do not write anybody's name."),
        letters=100,
    ),
    VERIFIED,
    Field(
        "active",
        _("Do they want to be asked this way now?"),
        "radios",
        {"yes": _("Yes"), "no": _("No, not for now")},
        missing=_("Choose yes or no"),
    ),
)
LEFT = ("role", "service", "preferences", "wishes")
"""What of a contact is the group's own to say, and stays as it is."""


@router.get("")
async def ways(provider: UUID, here: OfHub, done: str = "") -> Response:
    """All of one group's."""
    found = await here.get(f"/notifications/contacts/{provider}")
    return here.page(
        "hub/reached",
        at=f"/hub/reached/{provider}",
        name=await _name(here, provider),
        contacts=found["contacts"],
        means={**WAYS, **OTHER},
        changeable=frozenset(WAYS),
        new=uuid4(),
        said=_("Noted how they want to be asked.") if done == "kept" else "",
    )


@router.get("/{contact}")
async def ask(provider: UUID, contact: UUID, here: OfHub) -> Response:
    """One of them, or the form of a new one: its id comes with the link."""
    known = await _known(here, provider, contact)
    typed: Typed = {name: known.get(name, "") for name in ("means", "address", "label")}
    if typed["means"] == ON_PAGES:
        typed["address"] = ""
    typed["active"] = "yes" if known.get("active", True) else "no"
    return await _page(here, provider, known, typed, {}, 200)


@router.post("/{contact}")
async def keep(provider: UUID, contact: UUID, here: OfHub) -> Response:
    """Keep it with what sends the messages, under the coordinator's own name."""
    sent = await here.form()
    known = await _known(here, provider, contact)

    async def do(typed: Typed) -> str:
        body = {name: known[name] for name in LEFT if name in known} | {
            "means": typed["means"],
            "address": PAGES if typed["means"] == ON_PAGES else typed["address"],
            "label": typed["label"],
            "verified_by_hub": typed["verified"] == "yes",
            "active": typed["active"] == "yes",
        }
        await here.send("PUT", f"/notifications/contacts/{provider}/{contact}", body)
        return f"/hub/reached/{provider}?done=kept"

    again = partial(_page, here, provider, known)
    return await take(sent, FIELDS, do, again, wrong=nowhere)


async def _known(here: Place, provider: UUID, contact: UUID) -> Json:
    """One as it is; empty for a new one.

    Raises:
        Refusal: 404, the group is none of the hub's place, or its contact is a system's or for the
            post, which this page is not for.
    """
    found: Json = await here.get(f"/notifications/contacts/{provider}")
    nothing: Json = {}
    known = next((each for each in found["contacts"] if each["id"] == str(contact)), nothing)
    if known and known["means"] not in WAYS:
        raise Refusal(404)
    return known


async def _name(here: Place, provider: UUID) -> str:
    """What the group is called; its listing may be away, or gone."""
    listed = await here.look(f"/directory/organizations/{provider}")
    return str((listed or {}).get("name") or _("A group"))


async def _page(
    here: Place, provider: UUID, known: Json, typed: Typed, faults: Faults, status: int
) -> Response:
    return here.page(
        "hub/reached_by",
        status,
        back=f"/hub/reached/{provider}",
        name=await _name(here, provider),
        known=known,
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
