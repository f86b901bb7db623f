"""Money that ends within 90 days, and the needs that nothing else would meet; no amounts."""

from fastapi import APIRouter, Response

from services.portal.front_door.words import need as in_words
from services.portal.hub.desk import OfHub

router = APIRouter(prefix="/hub/funding", include_in_schema=False)

DAYS = 90


@router.get("")
async def ending(here: OfHub) -> Response:
    """Whose money ends, the first first, and what the place would lose."""
    found = await here.get("/directory/funding/ending", days=DAYS)
    return here.page(
        "hub/funding",
        until=found["until"],
        listings=[
            {**each, "loses": [in_words(spot["need"]) for spot in each["would_lose"]]}
            for each in found["listings"]
        ],
        lost=[{**each, "need": in_words(each["need"])} for each in found["would_lose"]],
    )
