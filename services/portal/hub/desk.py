"""Who is at a hub's pages, and how their lists are paged."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place
from shared.languages import _

ROWS = 25
"""On one page of a list."""

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


def _of_hub(here: Here) -> Place:
    """The place of a coordinator.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if "coordinator" not in here.who.granted.roles:
        raise Refusal(403, detail=_("These pages are for the coordinators of a hub."))
    return here


OfHub = Annotated[Place, Depends(_of_hub)]


async def one_page(here: Place, path: str, page: int, **asked: Any) -> dict[str, Any]:
    """One page of a list of the directory; see `Apis.get`."""
    found: dict[str, Any] = await here.get(path, page=page, per_page=ROWS, **asked)
    return found


def around(at: str, found: dict[str, Any], **asked: Any) -> dict[str, str | None]:
    """The addresses of the pages before and after one, where there are any.

    Args:
        at: the list's address.
        found: the page, as the directory gave it.
        asked: what else the address says.
    """
    number = found["page_number"]

    def to(other: int) -> str:
        return f"{at}?{urlencode({**asked, 'page': other})}"

    return {
        "earlier": None if found["first_page"] else to(number - 1),
        "further": None if found["last_page"] else to(number + 1),
    }
