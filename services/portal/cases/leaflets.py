"""A leaflet of a service for the person to take home, and that they were told of it.

The leaflet holds what anybody may read of the service, and nothing about the person.
"""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.cases.case import about
from services.portal.cases.finding import listing
from services.portal.cases.listings import place_of, reached_by
from services.portal.staff.place import Here, back_to
from shared import schedules

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)


@router.get("/leaflet/{service}")
async def leaflet(
    case: UUID, service: UUID, here: Here, size: Literal["plain", "large"] = "plain"
) -> Response:
    """The leaflet, to be printed; in large print too."""
    known = await about(here, case)
    found = await listing(here, service)
    return here.page(
        "cases/leaflet",
        **known,
        service=found,
        place=place_of(found),
        when=schedules.times(dict(found)),
        reach=reached_by(found),
        large=size == "large",
        leaflet=f"/cases/{case}/leaflet/{service}",
        signpost=f"/cases/{case}/signposts/{service}",
    )


@router.post("/signposts/{service}")
async def told(case: UUID, service: UUID, here: Here) -> Response:
    """Note that they were told of it and go by themself."""
    await here.form()
    await here.send("POST", f"/referrals/cases/{case}/signposts", {"service": str(service)})
    return back_to(f"/cases/{case}?done=signposts")
