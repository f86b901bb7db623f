"""What was found for the person, looked at otherwise: up to three side by side, or on a map."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.cases.case import going_on
from services.portal.cases.finding import matched
from services.portal.staff.place import Here, back_to
from shared.languages import _

router = APIRouter(prefix="/cases/{case}", include_in_schema=False)

MOST = 3

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
    ("ask", _("Ask about")),
)


@router.get("/compare")
async def compare(
    case: UUID,
    here: Here,
    service: list[UUID] = Query(default=[], max_length=20),
) -> Response:
    """The services that were chosen of those found; without a search there is nothing to compare.

    A service that is not found any more is left out, as one that another search would not show.
    """
    typed = await here.kept(f"/cases/{case}/find")
    if typed is None:
        return back_to(f"/cases/{case}/find")
    known = await going_on(here, case)
    found = await matched(here, case, typed, known["age"])
    shown = {each["id"]: each for each in (*found.matches, *found.misses)}
    chosen = [shown[str(key)] for key in dict.fromkeys(service) if str(key) in shown]
    return here.page(
        "cases/compare",
        **known,
        services=chosen[:MOST],
        more=len(chosen) > MOST,
        rows=[row for row in _rows(chosen[:MOST]) if any(row["values"])],
    )


@router.get("/map")
async def on_a_map(case: UUID, here: Here) -> Response:
    """Where the services are: as a list, and drawn by the page's script where scripts run.

    The map has the services alone; where the person lives is not on it (care 12).
    """
    typed = await here.kept(f"/cases/{case}/find")
    if typed is None:
        return back_to(f"/cases/{case}/find")
    known = await going_on(here, case)
    found = await matched(here, case, typed, known["age"])
    settings = here.request.app.state.settings
    tiles = urlsplit(settings.map_tiles)
    return here.page(
        "cases/map",
        **known,
        services=found.matches,
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
