"""Where messages go: one's own contacts, to look at, to change and to add to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.reached.quiet import quiet_hours
from services.portal.reached.wishes import LANGUAGES, as_typed, faults_of, fields_of, wished
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(prefix="/how-we-are-asked", include_in_schema=False)

MEANS: dict[str, str] = {
    "email": _("By e-mail"),
    "sms": _("By text message"),
    "phone": _("Somebody rings us"),
    "paper": _("On paper, brought or sent by our hub"),
    "inbox": _("On these pages, under Notices"),
}
"""Those of the channels that somebody chooses; a system and post are set up by the hub."""
ON_PAGES, PAGES = "inbox", "pages"
"""The one that has no address, and what is said in its place."""
OTHER: dict[str, str] = {"webhook": _("Our computer system"), "letter": _("By post")}

FIELDS = (
    Field("means", _("How do you want to be asked?"), "radios", MEANS, missing=_("Choose how")),
    Field(
        "address",
        _("The e-mail address or the telephone number"),
        hint=_("On paper: where it should go. On these pages: leave it empty"),
    ),
    Field(
        "label",
        _("What is it? (if you like)"),
        hint=_("For example, the desk in the hall. Do not write anybody's name."),
        letters=100,
    ),
    Field(
        "active",
        _("Do you want to be asked this way now?"),
        "radios",
        {"yes": _("Yes"), "no": _("No, not for now")},
        missing=_("Choose yes or no"),
    ),
)
DONE = {"kept": _("Thank you. From now on we use what you said.")}

Json = dict[str, Any]
AT = "/notifications/contacts/own"


@router.get("")
async def contacts(here: Here, done: str = "") -> Response:
    """All of them."""
    return here.page(
        "reached/contacts",
        contacts=await _own(here),
        means=MEANS | OTHER,
        languages=LANGUAGES,
        changeable=frozenset(MEANS),
        new=uuid4(),
        quiet=await quiet_hours(here),
        said=DONE.get(done, ""),
    )


@router.get("/{contact}")
async def ask(contact: UUID, here: Here) -> Response:
    """One of them, or the form of a new one: its id comes with the link."""
    known = await _known(here, contact)
    typed = {name: known.get(name, "") for name in ("means", "address", "label")}
    typed["active"] = "yes" if known.get("active", True) else "no"
    typed |= as_typed(_role(known), known.get("wishes", {}))
    return _page(here, contact, known, 200, typed)


@router.post("/{contact}")
async def keep(contact: UUID, here: Here) -> Response:
    """Keep it. The hub checked an address, not a contact: another one is not checked."""
    known = await _known(here, contact)
    fields = _fields(known)
    typed, faults = typed_into(await here.form(), fields)
    if not faults and typed["means"] != ON_PAGES and not typed["address"]:
        faults["address"] = _("Type the address or the number")
    if not faults:
        faults = {**faults_of(typed)}
    if not faults:
        kept = {name: known[name] for name in ("role", "service", "preferences") if name in known}
        said = {name: typed[name] for name in ("means", "address", "label")}
        if typed["means"] == ON_PAGES:
            said["address"] = PAGES
        wishes = wished(_role(known), typed, known.get("wishes", {}))
        body = kept | said | {"active": typed["active"] == "yes", "wishes": wishes}
        try:
            await here.send("PUT", f"{AT}/{contact}", body)
            return back_to("/how-we-are-asked?done=kept")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
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


def _role(known: Json) -> str:
    """What a contact is for; a new one is asked."""
    return str(known.get("role", "requests"))


def _fields(known: Json) -> Sequence[Field]:
    return [*FIELDS, *fields_of(_role(known), known.get("wishes", {}))]


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
        fields=_fields(known),
        typed=typed,
        faults=faults or {},
    )
