"""Who of the team has what: one case given to a colleague, or all of somebody's at once."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.cases.colleagues import LEADS, Team, team_of
from services.portal.cases.steps import Step, step_page
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

NOBODY = "nobody"

ALLOCATION = Step(
    _("Give it to a colleague"),
    _("Save"),
    ("PUT", "allocation"),
    (Field("to", _("Who looks after this person?"), "radios", missing=_("Choose who")),),
    lambda typed: {"to": None if typed["to"] == NOBODY else typed["to"]},
    _("It says who looks after the person. The whole team can go on working on the case."),
)

ALL = (
    Field("of", _("Whose open cases?"), "select", missing=_("Choose whose")),
    Field("to", _("Who gets them?"), "select", missing=_("Choose who gets them")),
)


@router.get("/cases/team")
async def load(here: Here, given: str = "") -> Response:
    """How much each colleague has, and what people were told of."""
    return await _page(here, {}, {}, 200, given=given if given.isdecimal() else "")


@router.post("/cases/team")
async def give_all(here: Here) -> Response:
    """Give all open cases of a colleague to another."""
    form = await here.form()
    team = await team_of(here)
    fields = _fields(team)
    typed, faults = typed_into(form, fields)
    if faults:
        return await _page(here, typed, faults, 422)
    body = {"of": typed["of"], "to": None if typed["to"] == NOBODY else typed["to"]}
    try:
        done = await here.send("POST", "/referrals/caseload/hand-over", body)
    except Refusal as refusal:
        return await _page(here, typed, at_its_field(refusal, fields), refusal.status)
    return back_to(f"/cases/team?{urlencode({'given': done['cases']})}")


@router.get("/cases/{case}/allocation")
async def ask(case: UUID, here: Here) -> Response:
    """Who looks after this person."""
    found = await here.get(f"/referrals/cases/{case}")
    declared = await _declared(here)
    typed = {"to": found["allocated_to"] or NOBODY}
    return await step_page(here, case, declared, "allocation", typed)


@router.post("/cases/{case}/allocation")
async def allocate(case: UUID, here: Here) -> Response:
    """Give it to them."""
    form = await here.form()
    declared = await _declared(here)
    typed, faults = typed_into(form, declared.fields)
    status = 422
    if not faults:
        at = f"/referrals/cases/{case}/allocation"
        try:
            await here.send("PUT", at, ALLOCATION.body(typed))
        except Refusal as refusal:
            if refusal.status != 403:
                raise
            faults, status = {"to": refusal.detail.rstrip(".")}, refusal.status
        else:
            return back_to(f"/cases/{case}?done=allocation")
    return await step_page(here, case, declared, "allocation", typed, faults, status)


async def _declared(here: Place) -> Step:
    """The step with the colleagues that there are."""
    options = {**(await team_of(here)).workers, NOBODY: _("Nobody for now")}
    return replace(ALLOCATION, fields=(ALLOCATION.fields[0].choosing(options),))


def _fields(team: Team) -> list[Field]:
    of, to = ALL
    return [of.choosing(team.names), to.choosing({**team.workers, NOBODY: _("Nobody for now")})]


async def _page(
    here: Place, typed: Typed, faults: Mapping[str, str], status: int, *, given: str = ""
) -> Response:
    team = await team_of(here)
    rows = await here.get("/referrals/caseload/people")
    told = await here.look("/referrals/signposts")
    return here.page(
        "cases/team",
        status,
        rows=[each | {"name": team.name(each["account"]) or _("Nobody yet")} for each in rows],
        told=told,
        leads=LEADS in here.who.granted.roles and bool(team.workers),
        fields=_fields(team),
        typed=typed,
        faults=faults,
        given=given,
    )
