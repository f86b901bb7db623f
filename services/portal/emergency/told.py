"""What the team and the hub see of it; and that a team lead has looked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.colleagues import LEADS
from services.portal.emergency.words import FOUND, REASONS
from services.portal.hub.desk import OfHub
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

ROWS = 25
AT = "/referrals/break-glass"
SHOWN: Mapping[str, str] = {"to-look-at": _("To be looked at"), "all": _("All")}

FIELDS = (
    Field("found", _("What do you find?"), "radios", FOUND, missing=_("Choose what you find")),
    Field(
        "came",
        _("What do you want to say about it? (if you like)"),
        "words",
        hint=_("Your team reads it, and whoever opened the case."),
    ),
)


@router.get("/cases/emergencies")
async def of_team(here: Here, show: str = "to-look-at", after: UUID | None = None) -> Response:
    """Cases of the team that were opened, the newest first."""
    if "link-worker" not in here.who.granted.roles:
        raise Refusal(403, detail=_("This list is for teams of link workers."))
    return await _list(here, "/cases/emergencies", show, after)


@router.get("/hub/emergencies")
async def of_hub(here: OfHub, show: str = "to-look-at", after: UUID | None = None) -> Response:
    """Cases of the place that were opened, without their persons."""
    return await _list(here, "/hub/emergencies", show, after)


@router.get("/cases/emergencies/{opening}")
async def ask(opening: UUID, here: Here) -> Response:
    """One opening, for a team lead to look at."""
    return await _page(here, opening, {}, {}, 200)


@router.post("/cases/emergencies/{opening}")
async def look_at(opening: UUID, here: Here) -> Response:
    """Note that they looked."""
    typed, faults = typed_into(await here.form(), FIELDS)
    if not faults:
        try:
            body = {"found": typed["found"], "came": typed["came"]}
            await here.send("POST", f"{AT}/{opening}/look", body)
            return back_to("/cases/emergencies?done=looked")
        except Refusal as refusal:
            faults = at_its_field(refusal, FIELDS)
    return await _page(here, opening, typed, faults, 422)


async def _list(here: Place, at: str, show: str, after: UUID | None) -> Response:
    if show not in SHOWN:
        return back_to(at)
    asked: dict[str, Any] = {"to_look_at": "true" if show == "to-look-at" else None}
    asked["count"] = ROWS + 1
    try:
        rows = await here.get(AT, after=str(after) if after else None, **asked)
    except Refusal as refusal:
        # Somebody looked at the one to go on from meanwhile, or the address was typed.
        if refusal.status != 422 or after is None:
            raise
        rows = await here.get(AT, **asked)
    further = f"{at}?show={show}&after={rows[ROWS - 1]['id']}" if len(rows) > ROWS else ""
    done = here.request.query_params.get("done") == "looked"
    return here.page(
        "emergency/list",
        at=at,
        show=show,
        shown=SHOWN,
        rows=rows[:ROWS],
        further=further,
        of_hub=at.startswith("/hub"),
        leads=LEADS in here.who.granted.roles,
        reasons=REASONS,
        found=FOUND,
        said=_("Noted. Whoever opened it can read what you said.") if done else "",
    )


async def _page(
    here: Place, opening: UUID, typed: Typed, faults: Mapping[str, str], status: int
) -> Response:
    return here.page(
        "emergency/look",
        status,
        opening=await here.get(f"{AT}/{opening}/about"),
        leads=LEADS in here.who.granted.roles,
        reasons=REASONS,
        found=FOUND,
        fields=FIELDS,
        typed=typed,
        faults=faults,
    )
