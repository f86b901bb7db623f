"""The list of a team: who is on it, where each case stands, how long since."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.people import Asked, Shown, asked_of, person_of
from services.portal.cases.words import COLOURS, DELIVERIES, PROVIDER_STATES, SHOWN, STATES
from services.portal.staff.place import Here, Place, back_to

router = APIRouter(include_in_schema=False)

ROWS = 25
"""On one page."""

Row = Mapping[str, Any]


@router.get("/cases")
async def worklist(here: Here, show: str = "all", after: str | None = None) -> Response:
    """One page of the list, urgent first, then whoever has waited longest."""
    if show not in SHOWN:
        return back_to("/cases")
    words, asked = SHOWN[show]
    load = await here.look("/referrals/caseload")
    rows: list[Row] = await _rows(here, asked, after)
    more = len(rows) > ROWS
    people = await _people(here, rows[:ROWS])
    return here.page(
        "cases/list",
        words=words,
        show=show,
        filters=list(_filters(load, show)),
        rows=[_row(row, *people(row)) for row in rows[:ROWS]],
        names=people.found,
        further=_at(show, rows[ROWS - 1]["case"]) if more else None,
        later=after is not None,
    )


async def _rows(here: Place, asked: Mapping[str, str], after: str | None) -> list[Row]:
    try:
        rows: list[Row] = await here.get("/referrals/cases", count=ROWS + 1, after=after, **asked)
    except Refusal as refusal:
        # The row to go on from is not on this list any more, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        rows = await here.get("/referrals/cases", count=ROWS + 1, **asked)
    return rows


class _People:
    """The persons of some rows and what is asked for them, as far as they could be read."""

    def __init__(self, resources: Iterable[Row] | None) -> None:
        self.found = resources is not None
        self._by_id = {
            (each["resourceType"], each["id"]): each for each in resources or () if "id" in each
        }

    def __call__(self, row: Row) -> tuple[Shown, Asked]:
        """Who it is about, and what is asked for; empty where whoever asks may not see it."""
        return (
            person_of(self._by_id.get(("Patient", row["patient"]))),
            asked_of(self._by_id.get(("ServiceRequest", row["service_request"]))),
        )


async def _people(here: Place, rows: Iterable[Row]) -> _People:
    ids = [row["service_request"] for row in rows]
    if not ids:
        return _People(())
    bundle = await here.look(
        "/fhir/ServiceRequest",
        _id=",".join(ids),
        _include="ServiceRequest:subject",
        _count=str(len(ids)),
    )
    if bundle is None:
        return _People(None)
    return _People(each["resource"] for each in bundle.get("entry") or ())


def _row(row: Row, person: Shown, asked: Asked) -> Row:
    return {
        "case": row["case"],
        "person": person,
        "withheld": not asked.patient,
        "needs": [words for _, words in asked.needs],
        "urgent": row["urgent"],
        "state": STATES.get(row["state"], row["state"]),
        "colour": COLOURS.get(row["state"], "grey"),
        "provider": PROVIDER_STATES.get(row["provider_state"] or "", ""),
        "delivery": DELIVERIES.get(row["delivery_state"] or "", ""),
        "gp_to_do": row["gp_to_do"],
        "opened": row["opened"],
        "since": row["since"],
    }


def _filters(load: Mapping[str, Any] | None, show: str) -> Iterable[Row]:
    """The filters with how many cases each shows; a filter without any is left out."""
    for name, (words, asked) in SHOWN.items():
        count = _count(load, asked) if load else None
        if count == 0 and name not in ("all", "ended", show):
            continue
        yield {"name": name, "words": words, "count": count, "at": _at(name), "on": name == show}


def _count(load: Mapping[str, Any], asked: Mapping[str, str]) -> int | None:
    if not asked:
        return int(load["open"])
    if "open" in asked:
        return None
    if "state" in asked:
        return int(load["states"].get(asked["state"], 0))
    return int(load["waiting"].get(next(iter(asked)), 0))


def _at(show: str, after: str | None = None) -> str:
    asked = {"show": show} if show != "all" else {}
    asked |= {"after": after} if after else {}
    return "/cases" + (f"?{urlencode(asked)}" if asked else "")
