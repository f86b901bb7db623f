"""Messages that did not arrive, and the addresses to put right."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.portal.answer_links import Refusal
from services.portal.hub import words
from services.portal.hub.calls import from_the_beginning, further
from services.portal.hub.desk import ROWS, OfHub
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to
from shared.languages import _

router = APIRouter(prefix="/hub", include_in_schema=False)

Json = dict[str, Any]
Party = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]

VERIFIED = Field(
    "verified",
    _("Did you check it with the group?"),
    "radios",
    {
        "yes": _("Yes, by another way than this address"),
        "no": _("No, not yet"),
    },
    _("A code, and with it a name, goes only to an address that somebody made sure of."),
    _("Choose yes or no"),
)
ADDRESS = (Field("address", _("Address or number"), missing=_("Type the address")), VERIFIED)
KEPT = ("means", "role", "service", "label", "preferences", "wishes", "active")
"""What of a contact stays as it is when its address is put right."""

TO_GROUPS = frozenset(
    [
        "request", "nudge", "second-nudge", "no-longer-needed", "sharing-ended",
        "somebody-counts-on-you", "chosen", "not-this-time", "words-for-provider",
    ]
)  # fmt: skip
"""Kinds of messages that go to a group, of which the hub can say how it is asked."""

DONE = {
    "retry": _("It is sent again now."),
    "address": _("The address is changed. What still matters goes out to it."),
}


@router.get("/messages")
async def messages(here: OfHub, after: str | None = None, done: str = "") -> Response:
    """Messages that did not arrive and still matter, the oldest first."""
    try:
        return await _listed(here, after, said=DONE.get(done, ""))
    except Refusal as refusal:
        return from_the_beginning(refusal, after, "/hub/messages")


@router.post("/messages/{delivery}/retry")
async def retry(delivery: UUID, here: OfHub) -> Response:
    """Send it again; where that cannot help, the list says what does."""
    await here.form()
    try:
        await here.send("POST", f"/notifications/deliveries/{delivery}/retry")
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return await _listed(here, None, status=409, fault=refusal.detail)
    return back_to("/hub/messages?done=retry")


async def _listed(
    here: Place, after: str | None, status: int = 200, *, said: str = "", fault: str = ""
) -> Response:
    found = await here.get("/notifications/failures", after=after, count=ROWS + 1)
    rows = found["failures"]
    return here.page(
        "hub/messages",
        status,
        rows=[
            {
                **row,
                "why": words.failure(row["reason"]),
                "mend": words.mend(row["reason"]),
                "of_group": row["kind"] in TO_GROUPS,
            }
            for row in rows[:ROWS]
        ],
        further=further("/hub/messages", rows, "id"),
        said=said,
        fault=fault,
    )


@router.get("/addresses")
async def addresses(here: OfHub, done: str = "") -> Response:
    """Addresses from which mails come back."""
    found = await here.get("/notifications/unusable-addresses")
    return here.page(
        "hub/addresses",
        rows=[{**row, "why": words.failure(row["reason"])} for row in found["contacts"]],
        said=DONE.get(done, ""),
    )


@router.get("/addresses/{party}/{contact}")
async def ask(party: Party, contact: UUID, here: OfHub) -> Response:
    """One address, to be put right."""
    found = await _contact(here, party, contact)
    return _page(here, found, {"address": found["address"]}, {}, 200)


@router.post("/addresses/{party}/{contact}")
async def change(party: Party, contact: UUID, here: OfHub) -> Response:
    """Put it right."""
    form = await here.form()
    found = await _contact(here, party, contact)
    typed, faults = typed_into(form, ADDRESS)
    if not faults:
        body = {name: found[name] for name in KEPT} | {
            "address": typed["address"],
            "verified_by_hub": typed["verified"] == "yes",
        }
        try:
            await here.send("PUT", f"/notifications/contacts/{party}/{contact}", body)
            return back_to("/hub/addresses?done=address")
        except Refusal as refusal:
            faults = at_its_field(refusal, ADDRESS)
    return _page(here, found, typed, faults, 422)


async def _contact(here: Place, party: str, contact: UUID) -> Json:
    found: Json = await here.get(f"/notifications/contacts/{party}/{contact}")
    return found


def _page(
    here: Place, contact: Json, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    why = contact.get("unusable_for")
    return here.page(
        "hub/address",
        status,
        contact=contact,
        why=words.failure(why) if why else "",
        fields=ADDRESS,
        typed=typed,
        faults=faults,
    )
