"""Listings that nobody has looked at for long: who was asked, what they say, and a look noted."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.hub import words
from services.portal.hub.desk import OfHub, PageNumber, around, one_page
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place
from services.portal.staff.taking import take
from shared.languages import _

router = APIRouter(prefix="/hub/listings", include_in_schema=False)

LOOK = (
    Field(
        "how",
        _("How did you find out that it is right?"),
        "radios",
        words.LOOKED,
        missing=_("Choose how you found out"),
    ),
    Field("words", _("More about it (if you like)"), hint=_("For example, spoke to the caretaker")),
)

DONE = {"look": _("Noted: it is right. It counts as checked from today.")}


@router.get("")
async def due(here: OfHub, page: PageNumber = 1, done: str = "") -> Response:
    """Listings to look at: those that are off the list first, then the oldest."""
    found = await one_page(here, "/directory/reviews", page)
    return here.page(
        "hub/listings",
        rows=found["contents"],
        total=found["total_items"],
        pages=around("/hub/listings", found),
        said=DONE.get(done, ""),
    )


@router.get("/{service}")
async def show(service: UUID, here: OfHub) -> Response:
    """One listing as it is public, and the form for who looked."""
    return await _page(here, await _review(here, service), {}, {}, 200)


@router.post("/{service}")
async def look(service: UUID, here: OfHub) -> Response:
    """Note that somebody looked and that it is right."""
    form = await here.form()
    review = await _review(here, service)

    async def do(typed: Typed) -> str:
        told = {name: typed[name] for name in ("how", "words") if typed[name]}
        await here.send("POST", f"/directory/services/{service}/verify", told)
        return "/hub/listings?done=look"

    return await take(form, LOOK, do, partial(_page, here, review))


async def _review(here: Place, service: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await here.get(f"/directory/reviews/{service}")
    return found


async def _page(
    here: Place, review: Mapping[str, Any], typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    listing = await here.look(f"/directory/services/{review['service']}")
    told = [
        (words.member(name), words.brief((listing or {}).get(name)))
        for name in words.MEMBERS
        if name not in ("name", "status", "organization_id", "assured_date")
    ]
    return here.page(
        "hub/listing",
        status,
        review=review,
        how=words.LOOKED.get(review.get("how", ""), ""),
        listing=listing,
        told=told,
        fields=LOOK,
        typed=typed,
        faults=faults,
    )
