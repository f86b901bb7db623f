"""Creates that come together, checked by one thread and stored by one statement.

Threads that each wait for the database take turns at one interpreter: with 32 of them a create took
28 changes of context, and on a busy machine most of the time none of them ran
(docs/decisions/0024). So one thread takes all that wait. Nothing waits for others to come: what
comes while a thread is at work is what the next one takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shared.fhir.crew import Crew
from shared.fhir.store import Creation, Stored
from shared.outages import sqlstate, took_too_long

MOST_TOGETHER = 32
"""Creates by one statement, so that nobody waits for a very long one."""

WORKERS = 2
"""Threads at a time, of one connection each: one checks while the other waits for the database."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A create that came."""

    request: Request
    type_name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """A create that was checked: what stores it, and what answers it then."""

    creation: Creation
    answer: Callable[[Stored], Response]


Answer = Response | Exception | None
"""To a create; None where it is left to a thread of its own."""

_Waiting = tuple[Asked, asyncio.Future[Response | None]]


class Together:
    """Does creates that need nothing of the database but to be stored.

    Args:
        ready: checks one without the database; None where more must be done.
        store: stores all or none of several, committed before it returns.
    """

    def __init__(
        self,
        ready: Callable[[Asked], Ready | None],
        store: Callable[[Sequence[Creation]], Sequence[Stored]],
    ) -> None:
        self._ready = ready
        self._store = store
        self._waiting: list[_Waiting] = []
        self._crew = Crew(WORKERS, waits=lambda: bool(self._waiting), take=self._work)

    async def answer(self, asked: Asked) -> Response | None:
        """The answer to a create; None where it was not done and needs a thread of its own."""
        answer: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        self._crew.call()
        return await answer

    async def _work(self) -> None:
        taken, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        try:
            answers = await run_in_threadpool(self._do, [asked for asked, _ in taken])
            for (_, waiting), answer in zip(taken, answers, strict=True):
                _tell(waiting, answer)
        finally:
            for _, waiting in taken:
                waiting.cancel()  # nobody waits for an answer that cannot come

    def _do(self, asked: Sequence[Asked]) -> list[Answer]:
        answers: list[Answer] = [None] * len(asked)
        ready: dict[int, Ready] = {}
        for n, each in enumerate(asked):
            try:
                checked = self._ready(each)
            except Exception as error:  # noqa: BLE001 - it is that create's alone
                answers[n] = error
            else:
                if checked is not None:
                    ready[n] = checked
        if ready:
            for n, answer in zip(ready, self._stored(list(ready.values())), strict=True):
                answers[n] = answer
        return answers

    def _stored(self, ready: Sequence[Ready]) -> Sequence[Answer]:
        try:
            stored = self._store([each.creation for each in ready])
        except Exception as error:  # noqa: BLE001 - told to each whom it concerns
            # Of several that were refused, each tries alone: one of them may be why.
            return [None if _is_refusal(error) else error] * len(ready)
        return [each.answer(made) for each, made in zip(ready, stored, strict=True)]


def _tell(waiting: asyncio.Future[Response | None], answer: Answer) -> None:
    if waiting.done():
        return  # its client is gone
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def _is_refusal(error: Exception) -> bool:
    """Whether the database said no of what it was given, so that nothing of it was stored."""
    return (
        isinstance(error, DBAPIError)
        and not error.connection_invalidated
        and sqlstate(error) is not None
        and not took_too_long(error)
    )
