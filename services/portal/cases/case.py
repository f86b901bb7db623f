"""One case: the person, what was asked, where it stands, and the next step."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer import REASONS as ANSWERED
from services.portal.answer import STEPS
from services.portal.answer_links import Refusal
from services.portal.cases.colleagues import Team, team_where
from services.portal.cases.measured import measured, reviews
from services.portal.cases.moves import accounts_moving, moves
from services.portal.cases.next_step import next_of
from services.portal.cases.people import asked_of, called, person_of
from services.portal.cases.told import told
from services.portal.cases.visits import visits_in_words
from services.portal.cases.words import (
    AGREED,
    AUTHORITIES,
    CANCEL_REASONS,
    CHANNELS,
    COLOURS,
    CRITERIA,
    DECIDED_BY,
    DOERS,
    DONE,
    ENTERED,
    GOAL_STATES,
    GP_KINDS,
    GP_STATES,
    HOW,
    LEVEL_NAMES,
    LEVELS,
    OUTCOMES,
    RELATIONS,
    SAFE,
    SAID_SO,
    SHARED,
    SOURCES,
    STATES,
    STOPS,
    WITH_THE_CASE,
    provider_words,
    state_words,
)
from services.portal.cases.worried import accounts_in, in_words
from services.portal.cases.writers import accounts_writing
from services.portal.emergency.words import REASONS
from services.portal.front_door.words import access, need
from services.portal.staff.place import ENDED, Here, Place
from shared.languages import _, ngettext

router = APIRouter(include_in_schema=False)

Json = Mapping[str, Any]

TAKEN_BACK = ("awaiting-answer", "waiting-list", "offered", "selected")
"""A request that can be taken back: nobody has started yet."""


@router.get("/cases/{case}")
async def show(case: UUID, here: Here, done: str = "") -> Response:
    """The case."""
    found = await _page(here, case)
    raised = found["case"]["worries"]
    entered_by = (found["case"]["front_door"] or {}).get("entered_by")
    known, team = await asyncio.gather(
        _known(here, found),
        team_where(
            here,
            found["case"]["allocated_to"],
            entered_by,
            *accounts_in(raised),
            *accounts_moving(found["case"]),
            *accounts_writing(found["case"], found["plan"]),
        ),
    )
    services = {each["id"]: each["name"] for each in known["requests"]}
    plan = found["plan"]
    missing = [
        *([] if known["sent"] is not None else [_("What services and the person were told")]),
        *([_("Names of colleagues")] if team.away else []),
    ]
    return here.page(
        "cases/case",
        **known,
        missing=missing,
        plan=plan,
        measured=measured(plan, here.times) if plan else [],
        reviews=reviews(plan) if plan else [],
        level=_level(plan),
        visits=visits_in_words(plan["care"]["visiting"]) if plan else "",
        worries=in_words(raised, team, services),
        services=services,
        moves=moves(known["case"], team, known["ending"]),
        allocated=team.name(known["case"]["allocated_to"]),
        typed_by=_typed_by(known["case"], team),
        names=team.names,
        said=DONE.get(done, ""),
    )


def _level(plan: Json | None) -> Json | None:
    """How much it asks of the team, with why; None where nobody said."""
    said: list[Json] = plan["care"]["complexity"] if plan else []
    if not said:
        return None
    return {**said[0], "words": LEVELS.get(said[0]["level"], said[0]["level"])}


def _typed_by(case: Json, team: Team) -> str:
    """Who took it down, of the staff; empty where whoever refers typed it."""
    door = case.get("front_door") or {}
    if not door.get("entered_by"):
        return ""
    if door["entered"] == "walk-in":
        return _("somebody of the group")
    return team.names.get(
        door["entered_by"], _("somebody of the hub, of another team or of the practice")
    )


async def going_on(here: Place, case_id: UUID) -> dict[str, Any]:
    """What is known of a case that goes on, for a page on which something is done with it.

    Args:
        here: who asks.
        case_id: of the case.

    Raises:
        Refusal: the case itself cannot be had, or it has ended.
    """
    known = await about(here, case_id)
    if known["ended"]:
        raise Refusal(409, reason=ENDED)
    return known


async def about(here: Place, case_id: UUID) -> dict[str, Any]:
    """What is known of a case and its person; a part that cannot be had is None.

    Args:
        here: who asks.
        case_id: of the case.

    Raises:
        Refusal: the case itself cannot be had.
    """
    return await _known(here, await _page(here, case_id))


async def _page(here: Place, case_id: UUID) -> Json:
    """All that referrals has for a page of a case, in one answer."""
    found: Json = await here.get(f"/referrals/cases/{case_id}/page")
    return found


async def _known(here: Place, found: Json) -> dict[str, Any]:
    case, request = found["case"], found["request"]
    said = await told(here, case)
    person = person_of(found["patient"])
    triage = next(each for each in case["tasks"] if each["kind"] == "triage")
    requests = [
        _request(each) | attendance(case, each["id"], here.times.today)
        for each in case["tasks"]
        if each["kind"] == "provider"
    ]
    state = triage["business_status"]
    withheld = request is None
    ended = triage["status"] in ("completed", "failed", "rejected", "cancelled")
    return {
        **said,
        "case": case,
        "at": f"/cases/{case['id']}",
        "person": person,
        "name": called(person, case, withheld=withheld),
        "age": person.age(here.times.today),
        "asked": asked_of(request),
        "withheld": withheld,
        "next": None if withheld else next_of(case, state, requests),
        "record": found["record"],
        "possible": frozenset(case["possible"]),
        "closable": any(step in case["possible"] for step, _ in OUTCOMES.values()),
        "state": state_words(
            state,
            requests[-1]["business_status"] if requests else None,
            reached=any(each["reached"] for each in case["attempts"]),
        ),
        "state_code": state,
        "colour": COLOURS.get(state, "grey"),
        "requests": requests,
        "ended": ended,
        "ending": _ending(case, state) if ended else "",
        "ended_on": triage["updated"] if ended else None,
        "words": {
            "access": access,
            "activities": STEPS,
            "agreed": AGREED,
            "authorities": AUTHORITIES,
            "channels": CHANNELS,
            "deciding": DECIDED_BY,
            "emergencies": REASONS,
            "entered": ENTERED,
            "gp_kinds": GP_KINDS,
            "goal_states": GOAL_STATES,
            "gp_states": GP_STATES,
            "how": HOW,
            "levels": LEVEL_NAMES,
            "need": need,
            "reasons": {**ANSWERED, **CANCEL_REASONS, WITH_THE_CASE: _("The case was closed")},
            "relations": RELATIONS,
            "safe": SAFE,
            "said_so": SAID_SO,
            "shared": SHARED,
            "sources": SOURCES,
            "stops": STOPS,
            "who_does": DOERS,
        },
    }


def _ending(case: Json, state: str) -> str:
    """How a case ended: as its link worker said, or by itself."""
    _step, said = OUTCOMES.get(case["outcome"] or "", ("", STATES.get(state, state)))
    return said


def attendance(case: Json, task: str, today: date) -> dict[str, Any]:
    """How somebody attends, such as "came 3 of 4"; empty where nobody marked anything.

    Args:
        case: as the case API tells it.
        task: of the request.
        today: what was called off for a later day is no meeting yet.
    """
    ours = [each for each in case["attendance"] if each["task"] == task]
    marks = [each for each in ours if each["day"] <= today.isoformat()]
    if not marks:
        return {"came": "", "last_marked": None}
    told = sum(each["mark"] == "told-us" for each in marks)
    came = sum(each["mark"] == "came" for each in marks)
    said = _("came {came} of {many}").format(came=came, many=len(marks))
    if told:
        before = ngettext("told them before once", "told them before {count} times", told)
        said = f"{said}; {before.format(count=told)}"
    return {"came": said, "last_marked": marks[-1]["day"]}


def _request(task: Json) -> dict[str, Any]:
    state = task["business_status"]
    return {
        **task,
        "state": provider_words(state, task["reason"], answered=bool(task["answered"])),
        "name": task["service_name"] or _("A service that is not listed any more"),
        "taken_back": state in TAKEN_BACK,
        "choosable": state == "offered",
        "overridden": "; ".join(
            f"{CRITERIA[each['criterion']]}: {each['reason']}" for each in task.get("overrides", ())
        ),
    }
