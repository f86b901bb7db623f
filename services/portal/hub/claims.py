"""Claims: people who say that a listing is theirs to keep, and what the hub says to that."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Place, back_to

router = APIRouter(prefix="/hub/claims", include_in_schema=False)

WORDS = Field(
    "words",
    "What did you look at, or why?",
    "words",
    hint="For example, that you rang the number in the listing. They see this.",
    missing="Write what you looked at, or why",
)
DECIDE = (
    Field(
        "decision",
        "Is it theirs?",
        "radios",
        {"accept": "Yes, they may write it", "refuse": "No"},
        missing="Choose yes or no",
    ),
    WORDS,
)
END = (
    Field(
        "decision",
        "End it?",
        "radios",
        {"end": "Yes, they may not write it any more"},
        "What they wrote stays.",
        "Choose yes, or go back",
    ),
    WORDS,
)

DONE = {
    "accept": "They may write the listing now. Each change still waits for your yes.",
    "refuse": "You said no.",
    "end": "They may not write the listing any more.",
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
    fields = _fields(found) or DECIDE
    typed, faults = typed_into(form, fields)
    if not faults:
        decision = typed["decision"]
        try:
            at = f"/directory/claims/{claim}/{decision}"
            await here.send("POST", at, {"words": typed["words"]})
            return back_to(f"/hub/claims?done={decision}")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return await _page(here, found, typed, faults, 422)


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
