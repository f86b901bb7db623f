"""Notices over HTTP: what whoever is signed in has to see, and a stream that tells of changes."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.board import keeping
from services.notifications.board.following import Following, Full, Seen
from services.notifications.domain import TO_PROVIDERS, TO_THE_TEAM, Kind
from services.notifications.tables import BoardNotice
from services.notifications.words import WORDS, said_words
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem
from shared.short_names import reference
from shared.stopping import stopping_of, unless_stopping

router = APIRouter(prefix="/notifications/notices", tags=["notices"])

Json = dict[str, Any]
Reads = Annotated[Principal, Depends(requires("notifications.notices"))]
Latest = Annotated[str | None, Query(max_length=40, description="The id of the last event.")]

MOST = 100
MOST_POSITION = 2**62
LASTS = 55.0
"""Seconds that a stream goes on; a browser then asks again by itself, and says what it saw last."""
AGAIN = 3000
"""Milliseconds after which it does."""


class Until(BaseModel):
    """Up to which notice all are read: the newest that was on the page."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    until: int = Field(ge=0, le=MOST_POSITION)


@router.get("")
def notices(
    principal: Reads,
    request: Request,
    before: Annotated[int | None, Query(ge=0, le=MOST_POSITION)] = None,
    count: Annotated[int, Query(ge=1, le=MOST)] = 25,
) -> Json:
    """Your organisation's notices, the newest first; `before` is the last one's position."""
    with UnitOfWork(request.app.state.engine) as uow:
        reader = keeping.reader_of(uow, principal)
        found = keeping.listed(uow, reader, before=before, count=count)
        now = keeping.state(uow, reader)
    return {"unread": now.unread, "notices": [_shown(row[0], row.is_read) for row in found]}


async def place(principal: Reads, request: Request) -> AsyncIterator[Seen]:
    """A place among those who follow, for as long as the stream goes on.

    Raises:
        Problem: there are as many as may be (503).
    """
    following: Following = request.app.state.following
    try:
        with following.place(principal) as seen:
            yield seen
    except Full:
        raise Problem(
            503,
            "Too many follow",
            "As many pages follow their notices as can. Ask for them instead.",
            headers={"Retry-After": "60"},
        ) from None


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    seen: Annotated[Seen, Depends(place)],
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    after: Latest = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: how many are unread, whenever that changes.

    `Last-Event-ID`, or `after`, is what was seen last: then only what is new since is said. At most
    ten at the same time for one account, in one process.
    """
    following: Following = request.app.state.following
    told = last_event_id or after
    until = monotonic() + LASTS
    yield ServerSentEvent(retry=AGAIN)
    stopping = stopping_of(request.scope)
    while (now := await unless_stopping(following.next(seen, told, until), stopping)) is not None:
        told = now.id
        yield ServerSentEvent(event="unread", id=told, data={"unread": now.unread})


@router.post("/read", status_code=204)
def read_all(body: Until, principal: Reads, request: Request) -> None:
    """Note for yourself that all are read that were on the page."""
    with UnitOfWork(request.app.state.engine) as uow:
        keeping.read_all(uow, keeping.reader_of(uow, principal), body.until)
        uow.commit()


@router.post("/{notice}/read", status_code=204)
def read(notice: UUID, principal: Reads, request: Request) -> None:
    """Note for yourself that one is read."""
    with UnitOfWork(request.app.state.engine) as uow:
        if not keeping.read(uow, keeping.reader_of(uow, principal), notice):
            raise Problem(404, "Not found", "You have no such notice.", element="notice")
        uow.commit()


def _shown(notice: BoardNotice, is_read: bool) -> Json:
    kind = Kind(notice.kind)
    about = reference(notice.task or notice.case)
    words = WORDS[kind]
    return {
        "id": str(notice.id),
        "position": notice.position,
        "kind": kind.value,
        "to": "provider" if kind in TO_PROVIDERS else "team" if kind in TO_THE_TEAM else "hub",
        "subject": words.subject,
        "reference": about,
        "case": str(notice.case),
        "task": str(notice.task) if notice.task else None,
        "said": said_words(notice.said) if kind is Kind.PERSON_SAID else "",
        "at": notice.at,
        "read": is_read,
    }
