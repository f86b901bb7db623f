"""The front door's form for staff: the same fields and rules, and how and when it came."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.portal.answer_links import Refusal
from services.portal.front_door.form import Filled, blank, read
from services.portal.front_door.routes import REFERENCE
from services.portal.front_door.words import ACCESS, AGREED, NEEDS, SAFE, SOURCES
from services.portal.staff.fields import key_of
from services.portal.staff.place import Here, Place, back_to
from services.portal.taking_down.known import LOOKED, known_already
from services.portal.taking_down.paper import day_on_paper, typed_in
from shared.languages import _

router = APIRouter(prefix="/take-down", include_in_schema=False)

Json = dict[str, Any]

WAYS: Mapping[str, str] = {"phone": _("By phone"), "paper": _("On paper")}

SAYS: Mapping[str, str] = {
    "self": _("The person themselves"),
    "family": _("Family, a friend or a neighbour"),
    "care-navigator": _("A care navigator"),
    "practice": _("Somebody at a GP practice"),
    "pharmacy": _("Somebody at a pharmacy"),
    "hospital": _("Somebody at a hospital"),
    "council": _("Somebody at the council"),
    "housing": _("A housing group or landlord"),
    "charity": _("A charity or group"),
    "job-centre": _("Somebody at a job centre"),
    "police": _("The police"),
    "fire": _("The fire service"),
}
"""Who rang or wrote: `SOURCES` in the words of whoever takes it down."""

AT: Mapping[str, str] = {
    "birth_date": "day",
    "nhs_number": "nhs_number",
    "practice": "practice",
    "written": "paper_day",
    "hub": "hub",
}
"""Where the page asks for what referrals finds wrong."""


@router.get("")
async def choose(here: Here, done: str = "") -> Response:
    """Who rang or wrote; after one was taken down, its number."""
    await _doors(here)
    reference = done if REFERENCE.fullmatch(done) else ""
    return here.page("taking_down/choose", says=SAYS, reference=reference)


@router.get("/{kind}")
async def ask(kind: str, here: Here) -> Response:
    """The form."""
    doors = await _doors_for(here, kind)
    return _page(here, kind, doors, blank(kind), {}, 200)


@router.post("/{kind}")
async def take_down(kind: str, here: Here) -> Response:
    """Hand it in, and lead to its number."""
    if kind not in SOURCES:
        raise HTTPException(404)
    form = await here.form()
    doors = await _doors_for(here, kind)
    filled, more = read(kind, form), typed_in(form, "entered", "hub")
    hub = doors.get(more["hub"]) or next(iter(doors.values()))
    filled.check(here.times.today, _practices([hub]))
    if filled.own and filled.one["agreed_how"] not in AGREED:
        filled.faults["agreed_how"] = _("Choose how they agreed")
    if filled.own and filled.faults.get("agreed"):
        filled.faults["agreed"] = _("Tick the box if they agreed")
    written = _judge(here, more, doors, filled)
    there = [] if filled.faults or form.get(LOOKED) else await known_already(here, filled)
    if there:
        return _page(here, kind, doors, filled, more, 200, there)
    if not filled.faults:
        body = filled.body("", hub["code"], here.times.today) | {
            "entered": more["entered"],
            "written": written,
            "agreed_how": filled.one["agreed_how"],
        }
        try:
            told = await here.send(
                "POST", "/referrals/front-door/entries", body | {"key": key_of(form, body)}
            )
            return back_to(f"/take-down?done={told['reference']}")
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            field = AT.get(refusal.element.rpartition(".")[2], "words")
            filled.faults = {field: (refusal.detail or refusal.title).rstrip(".")}
    return _page(here, kind, doors, filled, more, 422)


def _judge(here: Place, more: Json, doors: Mapping[str, Json], filled: Filled) -> str | None:
    """Find faults with how and when it came; the day on the paper, where it came so."""
    if more["entered"] not in WAYS:
        filled.faults["entered"] = _("Choose how it came")
    if more["hub"] not in doors and len(doors) > 1:
        filled.faults["hub"] = _("Choose the hub")
    return day_on_paper(more, here.times.today, filled.faults)


async def _doors_for(here: Place, kind: str) -> dict[str, Json]:
    if kind not in SOURCES:
        raise HTTPException(404)
    return await _doors(here)


async def _doors(here: Place) -> dict[str, Json]:
    """The hubs at whose door whoever is signed in takes down, by code.

    Raises:
        Refusal: they do not.
    """
    found: list[Json] = await here.get("/referrals/front-door/mine")
    if not found:
        raise Refusal(404)
    return {each["code"]: each for each in found}


def _practices(doors: list[Json]) -> dict[str, str]:
    return {each["ods_code"]: each["name"] for door in doors for each in door["practices"]}


def _page(
    here: Place,
    kind: str,
    doors: Mapping[str, Json],
    filled: Filled,
    more: Json,
    status: int,
    there: Sequence[Json] = (),
) -> Response:
    return here.page(
        "taking_down/form",
        status,
        kind=kind,
        says=SAYS,
        ways=WAYS,
        doors={code: each["name"] for code, each in doors.items()},
        practices=_practices(list(doors.values())),
        needs=NEEDS,
        access=ACCESS,
        safe=SAFE,
        agreed_words=AGREED,
        own=filled.own,
        filled={**filled.one, **more},
        chosen=filled.many,
        faults=filled.faults,
        there=there,
        looked=LOOKED,
        sheet=uuid4(),
    )
