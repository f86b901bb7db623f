"""The figures of one quarter: tables, each with its chart and as a file."""

import asyncio
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.figures.chart import Chart, Row, chart_of
from services.portal.figures.desk import OfFigures
from services.portal.figures.words import TABLES, Table
from services.portal.news.reading import unread
from services.portal.quarter.page import in_words, latest
from services.portal.staff.place import Place
from shared.languages import _
from shared.quarters import Quarter, quarter_named, quarter_of

router = APIRouter(prefix="/figures", include_in_schema=False)

Json = dict[str, Any]
PARTS = ("/referrals/figures", "/directory/figures")


@dataclass(frozen=True)
class Told:
    """One table with what is in it.

    Attributes:
        name: in addresses.
        about: what it is.
        rows: in the order in which they were told.
        total: of them; None where it is not shown or there is none.
    """

    name: str
    about: Table
    rows: list[Row]
    total: int | None

    @property
    def chart(self) -> Chart | None:
        """Its bars."""
        return chart_of(self.rows)


@router.get("")
async def this_quarter(here: OfFigures) -> Response:
    """The quarter that it is."""
    return await _page(here, quarter_of(here.times.today))


@router.get("/{quarter}")
async def one_quarter(quarter: str, here: OfFigures) -> Response:
    """An earlier one, by its name, such as `2026-q4`."""
    return await _page(here, _known(here, quarter))


@router.get("/{quarter}/{name}.csv")
async def table(quarter: str, name: str, here: OfFigures) -> Response:
    """One table as a file for a spreadsheet."""
    wanted = _known(here, quarter)
    told, _ = await _tables(here, wanted)
    found = next((each for each in told if each.name == name), None)
    if found is None:
        raise Refusal(404)
    return Response(
        _csv(found),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{wanted.name}-{name}.csv"',
            "cache-control": "no-store",
        },
    )


def _known(here: Place, name: str) -> Quarter:
    """A quarter by its name.

    Raises:
        Refusal: it is none, or to come.
    """
    found = quarter_named(name)
    if found is None or found.first > here.times.today:
        raise Refusal(404)
    return found


async def _page(here: Place, quarter: Quarter) -> Response:
    tables, fewest = await _tables(here, quarter)
    return here.page(
        "figures/figures",
        quarter=quarter,
        name=in_words(quarter),
        until=min(quarter.last, here.times.today).isoformat(),
        tables=tables,
        fewest=fewest,
        missing=len(tables) < len(TABLES),
        news=await unread(here),
        others=[
            (in_words(each), f"/figures/{each.name}")
            for each in latest(here.times.today)
            if each != quarter
        ],
    )


async def _tables(here: Place, quarter: Quarter) -> tuple[list[Told], int]:
    """What can be told now, and the smallest number that is shown; a part that is away is left
    out, and the page keeps the rest."""
    found = await asyncio.gather(*(here.look(path, quarter=quarter.name) for path in PARTS))
    parts = [part for part in found if part]
    # A place is called the same in every table: as the directory calls it, while it can be asked.
    places = {code: name for part in parts for code, name in part["places"].items()}
    told = {
        name: _told(name, each, places)
        for part in parts
        for name, each in part["tables"].items()
        if name in TABLES
    }
    fewest = next((part["fewest"] for part in parts), 0)
    return [told[name] for name in TABLES if name in told], fewest


def _told(name: str, table: Json, places: Mapping[str, str]) -> Told:
    about = TABLES[name]
    rows = [Row(str(about.named(each["code"], places)), each["count"]) for each in table["rows"]]
    return Told(name, about, rows, table["total"])


def _csv(told: Told) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([str(told.about.first), str(_("How many"))])
    for row in told.rows:
        rows.writerow([row.words, str(_("not shown")) if row.count is None else row.count])
    return text.getvalue()
