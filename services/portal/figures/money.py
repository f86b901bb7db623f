"""Money that ends within 90 days, place by place, and what would be left without; no amounts."""

from fastapi import APIRouter, Response

from services.portal.figures.desk import OfCommissioner
from services.portal.front_door.words import need as in_words
from services.portal.hub.funding import DAYS

router = APIRouter(prefix="/figures/money", include_in_schema=False)


@router.get("")
async def ending(here: OfCommissioner) -> Response:
    """Whose money ends, the first first, and what the places would lose."""
    found = await here.get("/directory/funding/ending", days=DAYS)
    figures = await here.look("/directory/figures")
    places = (figures or {}).get("places", {})
    return here.page(
        "figures/money",
        until=found["until"],
        listings=[
            {
                **each,
                "where": [places.get(code, code) for code in each["places"]],
                "loses": [in_words(spot["need"]) for spot in each["would_lose"]],
            }
            for each in found["listings"]
        ],
        lost=[
            {
                **each,
                "place": places.get(each["place"], each["place"]),
                "need": in_words(each["need"]),
            }
            for each in found["would_lose"]
        ],
    )
