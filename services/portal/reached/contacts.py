"""Where messages go: one's own contacts, to look at, to change and to add to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to

router = APIRouter(prefix="/how-we-are-asked", include_in_schema=False)

MEANS: dict[str, str] = {
    "email": "By e-mail",
    "sms": "By text message",
    "phone": "Somebody rings us",
    "paper": "On paper, brought or sent by our hub",
}
"""Those of the channels that somebody chooses; a system and post are set up by the hub."""
OTHER: dict[str, str] = {"webhook": "Our computer system", "letter": "By post"}

FIELDS = (
    Field("means", "How do you want to be asked?", "radios", MEANS, missing="Choose how"),
    Field(
        "address",
        "The e-mail address or the telephone number",
        hint="On paper: where it should go",
        missing="Type the address or the number",
    ),
    Field(
        "label",
        "What is it? (if you like)",
        hint="For example, the desk in the hall. Do not write anybody's name.",
    ),
    Field(
        "active",
        "Do you want to be asked this way now?",
        "radios",
        {"yes": "Yes", "no": "No, not for now"},
        missing="Choose yes or no",
    ),
)
DONE = {"kept": "Thank you. From now on we use what you said."}

Json = dict[str, Any]
AT = "/notifications/contacts/own"


@router.get("")
async def contacts(here: Here, done: str = "") -> Response:
    """All of them."""
    return here.page(
        "reached/contacts",
        contacts=await _own(here),
        means=MEANS | OTHER,
        changeable=frozenset(MEANS),
        new=uuid4(),
        said=DONE.get(done, ""),
    )


@router.get("/{contact}")
async def ask(contact: UUID, here: Here) -> Response:
    """One of them, or the form of a new one: its id comes with the link."""
    known = await _known(here, contact)
    typed = {name: known.get(name, "") for name in ("means", "address", "label")}
    typed["active"] = "yes" if known.get("active", True) else "no"
    return _page(here, contact, known, 200, typed)


@router.post("/{contact}")
async def keep(contact: UUID, here: Here) -> Response:
    """Keep it. The hub checked an address, not a contact: another one is not checked."""
    typed, faults = typed_into(await here.form(), FIELDS)
    known = await _known(here, contact)
    if not faults:
        kept = {name: known[name] for name in ("role", "service", "preferences") if name in known}
        said = {name: typed[name] for name in ("means", "address", "label")}
        body = kept | said | {"active": typed["active"] == "yes"}
        try:
            await here.send("PUT", f"{AT}/{contact}", body)
            return back_to("/how-we-are-asked?done=kept")
        except Refusal as refusal:
            faults = at_its_field(refusal, FIELDS)
    return _page(here, contact, known, 422, typed, faults)


async def _own(here: Place) -> list[Json]:
    found: list[Json] = (await here.get(AT))["contacts"]
    return found


async def _known(here: Place, contact: UUID) -> Json:
    """One of one's own as it is; empty for a new one.

    Raises:
        Refusal: 404, its channel is not for this page.
    """
    nothing: Json = {}
    found = next((each for each in await _own(here) if each["id"] == str(contact)), nothing)
    if found and found["means"] not in MEANS:
        raise Refusal(404)
    return found


def _page(
    here: Place,
    contact: UUID,
    known: Json,
    status: int,
    typed: Typed,
    faults: Mapping[str, str] | None = None,
) -> Response:
    return here.page(
        "reached/contact",
        status,
        known=known,
        at=f"/how-we-are-asked/{contact}",
        fields=FIELDS,
        typed=typed,
        faults=faults or {},
    )
