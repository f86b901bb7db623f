"""First meetings over HTTP: the team says when, or the provider by its link; the person is told."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.notifications.api.answers import TheReader, TheRequests
from services.notifications.handlers import hubs
from services.notifications.person.meetings import Meetings, NoSuchTask, NotNow, OddTime, case_of
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

router = APIRouter(prefix="/notifications", tags=["first meetings"])

Reads = Annotated[
    Principal, Depends(requires("notifications.read", "notifications.write", "cases"))
]
Writes = Annotated[Principal, Depends(requires("notifications.write", "cases"))]
"""Whoever works on cases says so of theirs; `hubs.works_on` knows which these are."""


class Meeting(BaseModel):
    """When a person is expected for the first time."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    starts: AwareDatetime


@router.get("/meetings")
def meetings(
    principal: Reads,
    request: Request,
    task: Annotated[list[UUID], Query(min_length=1, max_length=50)],
) -> dict[str, Any]:
    """When persons are expected first, of the Tasks among these that the caller works on."""
    with UnitOfWork(request.app.state.engine) as uow:
        theirs = [each for each in task if _works_on(uow, principal, each)]
    found = _meetings(request).of(theirs)
    return {"meetings": [{"task": str(key), "starts": starts} for key, starts in found.items()]}


@router.put("/meetings/{task}", status_code=204)
def agree(task: UUID, body: Meeting, principal: Writes, request: Request) -> None:
    """Say when the first visit is; the person is told, and reminded the day before."""
    with UnitOfWork(request.app.state.engine) as uow:
        if not _works_on(uow, principal, task):
            raise Problem(404, "Not found", "There is no such request.", element="task")
    _agree(request, task, body.starts, by=principal.subject)


@router.put("/answer/meeting", status_code=204)
def agree_by_link(
    body: Meeting, reader: TheReader, requests: TheRequests, request: Request
) -> None:
    """Say when the first visit is, by the answer link, once the provider has said yes."""
    if requests.view(reader.task).get("business_status") != "selected":
        raise _not_now()
    _agree(request, reader.task, body.starts, by=f"contact/{reader.contact}")


def _agree(request: Request, task: UUID, starts: datetime, *, by: str) -> None:
    try:
        _meetings(request).agree(task, starts.astimezone(UTC), by=by)
    except NoSuchTask as error:
        raise Problem(404, "Not found", "There is no such request.", element="task") from error
    except NotNow as error:
        raise _not_now() from error
    except OddTime as error:
        words = "The first visit is in the next twelve months, and not at once."
        raise Problem(422, "That time does not fit", words, element="starts") from error


def _not_now() -> Problem:
    words = "A first visit can be set once there is a place, until it begins."
    return Problem(409, "Not possible now", words, element="task")


def _works_on(uow: UnitOfWork, principal: Principal, task: UUID) -> bool:
    case = case_of(uow, task)
    return case is not None and hubs.works_on(uow, principal, case)


def _meetings(request: Request) -> Meetings:
    found: Meetings = request.app.state.meetings
    return found
