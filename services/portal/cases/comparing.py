"""What was found for the person, looked at otherwise: up to three side by side, or on a map."""

from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.cases.finding import Page, Ticked, looked_for
from services.portal.staff.place import Here
from shared.languages import _

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)

MOST = 3
SHOWN = 4
"""Of what was ticked, looked at: one more than fits, so that it can be said that there was more."""

ROWS = (
    ("provider", _("Who runs it")),
    ("about", _("What it is")),
    ("place", _("Where")),
    ("when", _("When")),
    ("cost", _("What it costs")),
    ("capacity", _("Room")),
    ("reasons", _("Why it fits")),
    ("excluded", _("Why it may not")),
    ("check", _("Check")),
    ("whom", _("Who can come")),
    ("ask", _("Ask them")),
)


@router.get("/compare")
async def compare(case: UUID, here: Here, service: Ticked = ()) -> Response:
    """The services that were chosen of those found, on whichever page they stood; without a search
    there is nothing to compare.

    A service that is not found any more is left out, as one that another search would not show.
    """
    ticked = list(dict.fromkeys(str(each) for each in service))
    seen = (await here.kept(f"/cases/{case}/find") or {}).get("seen", {})
    pages = sorted({seen.get(each, 1) for each in ticked[:SHOWN]}) or [1]
    looked = await looked_for(here, case, *pages)
    if isinstance(looked, Response):
        return looked
    known, found = looked
    shown = {each["id"]: each for each in (*found.matches, *found.misses)}
    chosen = [shown[each] for each in ticked if each in shown]
    return here.page(
        "cases/compare",
        **known,
        services=chosen[:MOST],
        more=len(chosen) > MOST,
        back=f"/cases/{case}/found?{urlencode({'page': pages[0], 'service': ticked}, doseq=True)}",
        rows=[row for row in _rows(chosen[:MOST]) if any(row["values"])],
    )


@router.get("/map")
async def on_a_map(case: UUID, here: Here, page: Page = 1) -> Response:
    """Where the services are: as a list, and drawn by the page's script where scripts run.

    The map has the services alone; where the person lives is not on it (care 12).
    """
    looked = await looked_for(here, case, page)
    if isinstance(looked, Response):
        return looked
    known, found = looked
    settings = here.request.app.state.settings
    tiles = urlsplit(settings.map_tiles)
    return here.page(
        "cases/map",
        **known,
        services=found.matches,
        page=page,
        tiles=settings.map_tiles,
        attribution=settings.map_attribution,
        scripts=["map.js"],
        images_from=[f"https://{tiles.netloc}"] if tiles.netloc else [],
    )


def _rows(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"title": title, "values": [_said(each[name]) for each in services]} for name, title in ROWS
    ]


def _said(value: Any) -> list[str]:
    """What stands in a cell, each on a line of its own."""
    several = value if isinstance(value, list | tuple) else [value]
    return [
        str(each["reason"] if isinstance(each, dict) else each).strip() for each in several if each
    ]
