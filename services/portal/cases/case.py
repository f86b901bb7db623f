"""One case: the person, what was asked, where it stands, and the next step."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer import STEPS
from services.portal.cases.colleagues import team_of
from services.portal.cases.measured import measured, reviews
from services.portal.cases.next_step import next_of
from services.portal.cases.people import asked_of, called, person_of
from services.portal.cases.told import told
from services.portal.cases.words import (
    AGREED,
    CHANNELS,
    COLOURS,
    DOERS,
    DONE,
    GOAL_STATES,
    GP_KINDS,
    GP_STATES,
    HOW,
    OUTCOMES,
    PROVIDER_STATES,
    SAFE,
    SOURCES,
    STOPS,
    state_words,
)
from services.portal.staff.place import Here, Place

router = APIRouter(include_in_schema=False)

Json = Mapping[str, Any]

TAKEN_BACK = ("awaiting-answer", "waiting-list", "offered", "selected")
"""A request that can be taken back: nobody has started yet."""


@router.get("/cases/{case}")
async def show(case: UUID, here: Here, done: str = "") -> Response:
    """The case."""
    known, team = await asyncio.gather(about(here, case), team_of(here))
    plan = await _plan(here, known["case"])
    return here.page(
        "cases/case",
        **known,
        plan=plan,
        measured=measured(plan, here.times) if plan else [],
        reviews=reviews(plan) if plan else [],
        allocated=team.name(known["case"]["allocated_to"]),
        said=DONE.get(done, ""),
    )


async def about(here: Place, case_id: UUID) -> dict[str, Any]:
    """What is known of a case and its person; a part that cannot be had is None.

    Args:
        here: who asks.
        case_id: of the case.

    Raises:
        Refusal: the case itself cannot be had.
    """
    case: Json = await here.get(f"/referrals/cases/{case_id}")
    request, patient, record, said = await asyncio.gather(
        here.look(f"/fhir/ServiceRequest/{case['service_request']}"),
        here.look(f"/fhir/Patient/{case['patient']}"),
        _record(here, case),
        told(here, case),
    )
    person = person_of(patient)
    triage = next(each for each in case["tasks"] if each["kind"] == "triage")
    requests = [
        _request(each) | attendance(case, each["id"])
        for each in case["tasks"]
        if each["kind"] == "provider"
    ]
    state = triage["business_status"]
    withheld = request == {}
    return {
        **said,
        "case": case,
        "at": f"/cases/{case_id}",
        "person": person,
        "name": called(person, case, withheld=withheld),
        "age": person.age(here.times.today),
        "asked": asked_of(request),
        "missing": [
            words
            for words, part in (("the referral", request), ("the person", patient))
            if part is None
        ],
        "withheld": withheld,
        "next": None if withheld else next_of(case, state, requests),
        "record": record,
        "possible": frozenset(case["possible"]),
        "closable": any(step in case["possible"] for step, _ in OUTCOMES.values()),
        "state": state_words(state, requests[-1]["business_status"] if requests else None),
        "state_code": state,
        "colour": COLOURS.get(state, "grey"),
        "requests": requests,
        "ended": triage["status"] in ("completed", "failed", "rejected", "cancelled"),
        "words": {
            "activities": STEPS,
            "agreed": AGREED,
            "channels": CHANNELS,
            "gp_kinds": GP_KINDS,
            "goal_states": GOAL_STATES,
            "gp_states": GP_STATES,
            "how": HOW,
            "safe": SAFE,
            "sources": SOURCES,
            "stops": STOPS,
            "who_does": DOERS,
        },
    }


async def _record(here: Place, case: Json) -> Json | None:
    """The person's record, which a team has while it cares for them and nobody else has."""
    return await _of_the_team(here, case, "person")


async def _plan(here: Place, case: Json) -> Json | None:
    """The plan of the case, which nobody else has either."""
    return await _of_the_team(here, case, "plan")


async def _of_the_team(here: Place, case: Json, part: str) -> Json | None:
    if not {"hand-over", "complete", "ask"} & set(case["possible"]):
        return None
    found: Json | None = await here.look(f"/referrals/cases/{case['id']}/{part}")
    return found


def attendance(case: Json, task: str) -> dict[str, Any]:
    """How somebody attends, such as "came 3 of 4"; empty where nobody marked anything."""
    marks = [each for each in case["attendance"] if each["task"] == task]
    if not marks:
        return {"came": "", "last_marked": None}
    told = sum(each["mark"] == "told-us" for each in marks)
    said = f"came {sum(each['mark'] == 'came' for each in marks)} of {len(marks)}"
    if told:
        said += f"; told them before {'once' if told == 1 else f'{told} times'}"
    return {"came": said, "last_marked": marks[-1]["day"]}


def _request(task: Json) -> dict[str, Any]:
    state = task["business_status"]
    return {
        **task,
        "state": PROVIDER_STATES.get(state, state),
        "name": task["service_name"] or "A service that is not listed any more",
        "taken_back": state in TAKEN_BACK,
        "choosable": state == "offered",
    }
