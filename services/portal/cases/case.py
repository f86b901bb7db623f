"""One case: the person, what was asked, where it stands, and the next step."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.cases.people import asked_of, person_of
from services.portal.cases.told import told
from services.portal.cases.words import (
    AGREED,
    CHANNELS,
    COLOURS,
    DONE,
    GP_KINDS,
    GP_STATES,
    HOW,
    OUTCOMES,
    PROVIDER_STATES,
    SAFE,
    SOURCES,
    STATES,
    STOPS,
)
from services.portal.staff.place import Here, Place

router = APIRouter(include_in_schema=False)

Json = Mapping[str, Any]

TAKEN_BACK = ("awaiting-answer", "waiting-list", "offered", "selected")
"""A request that can be taken back: nobody has started yet."""


@router.get("/cases/{case}")
async def show(case: UUID, here: Here, done: str = "") -> Response:
    """The case."""
    found = await here.get(f"/referrals/cases/{case}")
    return here.page("cases/case", **await about(here, found), said=DONE.get(done, ""))


async def about(here: Place, case: Json) -> dict[str, Any]:
    """What is known of a case and its person; a part that cannot be had is None.

    Args:
        here: who asks.
        case: as the case API tells it.
    """
    request, patient, record, said = await asyncio.gather(
        here.look(f"/fhir/ServiceRequest/{case['service_request']}"),
        here.look(f"/fhir/Patient/{case['patient']}"),
        _record(here, case),
        told(here, case),
    )
    person = person_of(patient)
    triage = next(each for each in case["tasks"] if each["kind"] == "triage")
    return {
        **said,
        "case": case,
        "at": f"/cases/{case['id']}",
        "person": person,
        "age": person.age(here.times.today),
        "asked": asked_of(request),
        "missing": [
            words
            for words, part in (("the referral", request), ("the person", patient))
            if part is None
        ],
        "withheld": request == {},
        "record": record,
        "possible": frozenset(case["possible"]),
        "closable": any(step in case["possible"] for step, _ in OUTCOMES.values()),
        "state": STATES.get(triage["business_status"], triage["business_status"]),
        "state_code": triage["business_status"],
        "colour": COLOURS.get(triage["business_status"], "grey"),
        "requests": [_request(each) for each in case["tasks"] if each["kind"] == "provider"],
        "ended": triage["status"] in ("completed", "failed", "rejected", "cancelled"),
        "words": {
            "agreed": AGREED,
            "channels": CHANNELS,
            "gp_kinds": GP_KINDS,
            "gp_states": GP_STATES,
            "how": HOW,
            "safe": SAFE,
            "sources": SOURCES,
            "stops": STOPS,
        },
    }


async def _record(here: Place, case: Json) -> Json | None:
    """The person's record, which a team has while it cares for them and nobody else has."""
    if not {"hand-over", "complete", "ask"} & set(case["possible"]):
        return None
    record: Json | None = await here.look(f"/referrals/cases/{case['id']}/person")
    return record


def _request(task: Json) -> dict[str, Any]:
    state = task["business_status"]
    return {
        **task,
        "state": PROVIDER_STATES.get(state, state),
        "name": task["service_name"] or "A service that is not listed any more",
        "taken_back": state in TAKEN_BACK,
        "choosable": state == "offered",
    }
