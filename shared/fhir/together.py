"""Creates that come together, checked by one thread and stored by one statement.

Threads that each wait for the database take turns at one interpreter: with 32 of them a create took
28 changes of context, and on a busy machine most of the time none of them ran
(docs/decisions/0024). So one thread takes all that wait. Nothing waits for others to come: what
comes while a thread is at work is what the next one takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shared.fhir.crew import Crew
from shared.fhir.outcome import FhirError
from shared.outages import sqlstate, took_too_long

_What = TypeVar("_What")
_Made = TypeVar("_Made")

MOST_TOGETHER = 32
"""Creates by one statement, so that nobody waits for a very long one."""

WORKERS = 2
"""Threads at a time, of one connection each: one checks while the other waits for the database."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A create that came, with the context of its request: what is done for it is of its trace."""

    request: Request
    type_name: str
    body: bytes
    context: Context = field(default_factory=copy_context)


@dataclass(frozen=True, slots=True)
class Ready(Generic[_What, _Made]):
    """A create that was checked: what is to be stored, and what answers it then."""

    what: _What
    answer: Callable[[_Made], Response]


class Apart(Exception):
    """Nothing of several was stored: each is to be tried by itself."""


Answer = Response | Exception | None
"""To a create; None where it is left to a thread of its own."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: Asked
    whose: Hashable
    answer: asyncio.Future[Response | None]


class Together(Generic[_What, _Made]):
    """Does creates that come at the same time.

    Args:
        ready: checks one without the database; None where it cannot be done with others.
        store: stores all or none of several, committed before it returns.
        most: how many at a time.
    """

    def __init__(
        self,
        ready: Callable[[Asked], Ready[_What, _Made] | None],
        store: Callable[[Sequence[_What]], Sequence[_Made]],
        *,
        most: int = MOST_TOGETHER,
    ) -> None:
        self._ready = ready
        self._store = store
        self._most = most
        self._waiting: list[_Waiting] = []
        self._crew = Crew(WORKERS, waits=lambda: bool(self._waiting), take=self._work)

    async def answer(self, asked: Asked, whose: Hashable = None) -> Response | None:
        """The answer to a create; None where it was not done and needs a thread of its own.

        Args:
            asked: the create.
            whose: it is done with others of the same only.
        """
        answer: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(asked, whose, answer))
        self._crew.call()
        return await answer

    def _taken(self) -> list[_Waiting]:
        """Those who came with the first who waits; they wait no more."""
        whose = self._waiting[0].whose  # mostly the very same object, and quicker compared as one
        own = (each for each in self._waiting if each.whose is whose or each.whose == whose)
        taken = list(islice(own, self._most))
        gone = {id(each) for each in taken}
        self._waiting = [each for each in self._waiting if id(each) not in gone]
        return taken

    async def _work(self) -> None:
        taken = self._taken()
        try:
            answers = await run_in_threadpool(self._do, [each.asked for each in taken])
            for each, answer in zip(taken, answers, strict=True):
                _tell(each.answer, answer)
        finally:
            for each in taken:
                each.answer.cancel()  # nobody waits for an answer that cannot come

    def _do(self, asked: Sequence[Asked]) -> list[Answer]:
        answers: list[Answer] = [None] * len(asked)
        ready: dict[int, Ready[_What, _Made]] = {}
        for n, each in enumerate(asked):
            try:
                checked = each.context.run(self._ready, each)
            except Exception as error:  # noqa: BLE001 - it is that create's alone
                answers[n] = error
            else:
                if checked is not None:
                    ready[n] = checked
        if ready:
            for n, answer in zip(ready, self._stored(list(ready.values())), strict=True):
                answers[n] = answer
        return answers

    def _stored(self, ready: Sequence[Ready[_What, _Made]]) -> Sequence[Answer]:
        try:
            stored = self._store([each.what for each in ready])
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
    """Whether somebody said no of what was given, so that nothing of it was stored."""
    return isinstance(error, Apart | FhirError) or (
        isinstance(error, DBAPIError)
        and not error.connection_invalidated
        and sqlstate(error) is not None
        and not took_too_long(error)
    )
