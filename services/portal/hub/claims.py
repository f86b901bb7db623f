"""Claims: people who say that a listing is theirs to keep, and what the hub says to that."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import take
from shared.languages import _

router = APIRouter(prefix="/hub/claims", include_in_schema=False)

WORDS = Field(
    "words",
    _("What did you look at, or why?"),
    "words",
    hint=_("For example, that you rang the number in the listing. They see this."),
    missing=_("Write what you looked at, or why"),
)
DECIDE = (
    Field(
        "decision",
        _("Is it theirs?"),
        "radios",
        {"accept": _("Yes, they may write it"), "refuse": _("No")},
        missing=_("Choose yes or no"),
    ),
    WORDS,
)
END = (
    Field(
        "decision",
        _("End it?"),
        "radios",
        {"end": _("Yes, they may not write it any more")},
        _("What they wrote stays."),
        _("Choose yes, or go back"),
    ),
    WORDS,
)

DONE = {
    "accept": _("They may write the listing now. Each change still waits for your yes."),
    "refuse": _("You said no."),
    "end": _("They may not write the listing any more."),
}


@router.get("")
async def claims(
    here: OfHub, state: str = "open", page: PageNumber = 1, done: str = ""
) -> Response:
    """Claims in one state, the oldest first."""
    if state not in words.CLAIMS:
        return back_to("/hub/claims")
    found = await one_page(here, "/directory/claims", page, state=state)
    return here.page(
        "hub/claims",
        state=state,
        states=words.CLAIMS,
        rows=found["contents"],
        pages=around("/hub/claims", found, state=state),
        said=DONE.get(done, ""),
    )


@router.get("/{claim}")
async def show(claim: UUID, here: OfHub) -> Response:
    """One claim."""
    return await _page(here, await _claim(here, claim), {}, {}, 200)


@router.post("/{claim}")
async def decide(claim: UUID, here: OfHub) -> Response:
    """Say yes or no, or end what was accepted."""
    form = await here.form()
    found = await _claim(here, claim)

    async def do(typed: Typed) -> str:
        decision = typed["decision"]
        at = f"/directory/claims/{claim}/{decision}"
        await here.send("POST", at, {"words": typed["words"]})
        return f"/hub/claims?done={decision}"

    return await take(form, _fields(found) or DECIDE, do, partial(_page, here, found))


async def _claim(here: Place, claim: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await here.get(f"/directory/claims/{claim}")
    return found


def _fields(claim: Mapping[str, Any]) -> tuple[Field, ...]:
    return {"open": DECIDE, "accepted": END}.get(claim["state"], ())


async def _page(
    here: Place, claim: Mapping[str, Any], typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    listing = await here.look(f"/directory/organizations/{claim['organization_id']}")
    return here.page(
        "hub/claim",
        status,
        claim=claim,
        listing=listing and {**listing, "description": words.said(listing.get("description"))},
        evidence=[
            {
                "kind": words.EVIDENCE.get(each["kind"], each["kind"]),
                "value": each["value"],
                "fits": words.FITS[each["fits"]],
            }
            for each in claim["evidence"]
        ],
        state=words.CLAIMS[claim["state"]],
        fields=_fields(claim),
        typed=typed,
        faults=faults,
    )
