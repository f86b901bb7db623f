"""Following how many notices are unread: one look at the database for all who do in a process.

However many tabs are open, one statement every two seconds asks for all of their readers, and none
is asked where nobody follows. It is a look and no LISTEN: that halves the rate of commits, and does
not work through a pooler of connections by transaction (0007).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Self

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.notifications.board import keeping
from services.notifications.board.keeping import State
from shared.auth import Principal
from shared.database import UnitOfWork

EVERY = 2.0
"""Seconds from one look to the next."""
SOONER = 0.1
"""Seconds that somebody new waits for theirs at most: those who come together are asked for
together."""
MOST = 1000
"""Streams of one process. Without one a page has its link to look again."""
MOST_OF_ONE = 10
"""Streams of one account in one process: a browser has one for the tab that is looked at."""

Look = Callable[[Sequence[Principal]], Sequence[State]]

log = structlog.get_logger(__name__)


class Full(Exception):
    """There are as many streams as may be."""


@dataclass
class Seen:
    """What one reader's board looked like at the last look, for all streams of theirs.

    Only the last is kept: whoever reads slowly hears of fewer changes, and nothing heaps up.
    """

    state: State | None = None
    streams: int = 0
    changed: anyio.Event = field(default_factory=anyio.Event)

    def show(self, state: State | None) -> None:
        """Have all streams go on that wait for a change."""
        self.state = state
        self.changed.set()
        self.changed = anyio.Event()


class Following:
    """Looks at the board for all who follow it. Entered in the event loop, for as long as it runs.

    Args:
        look: asks the database, in a thread: what each of several readers' boards look like.
        every: seconds from one look to the next.
        most: streams at the same time.
        most_of_one: of one reader.
    """

    def __init__(
        self,
        look: Look,
        *,
        every: float = EVERY,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
    ) -> None:
        self._look = look
        self._every = every
        self._most = most
        self._most_of_one = most_of_one
        self._seen: dict[Principal, Seen] = {}
        self._streams = 0
        self._came = anyio.Event()
        self._over = False

    async def __aenter__(self) -> Self:
        self._over = False
        self._tasks: TaskGroup = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._look_on)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self.end()
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    def end(self) -> None:
        """Have every stream end, because the process does."""
        self._over = True
        for seen in self._seen.values():
            seen.show(seen.state)

    @contextmanager
    def place(self, reader: Principal) -> Iterator[Seen]:
        """A stream's place among those who follow.

        Args:
            reader: whose board; two streams of one reader are looked at once.

        Raises:
            Full: there are as many as may be.
        """
        seen = self._seen.get(reader) or Seen()
        if self._streams >= self._most or seen.streams >= self._most_of_one:
            raise Full
        self._seen[reader] = seen
        seen.streams += 1
        self._streams += 1
        seen.state = None  # the page was loaded after the last look
        self._came.set()
        try:
            yield seen
        finally:
            seen.streams -= 1
            self._streams -= 1
            if not seen.streams:
                del self._seen[reader]

    async def next(self, seen: Seen, told: str | None, until: float) -> State | None:
        """What a board looks like, once that is something else than what was told last.

        Args:
            seen: the place of a stream.
            told: the id of the state that was told last.
            until: at which moment (`time.monotonic`) the stream ends.

        Returns:
            None where it is time to end.
        """
        while not self._over:
            if seen.state is not None and seen.state.id != told:
                return seen.state
            with anyio.move_on_after(until - monotonic()) as waiting:
                await seen.changed.wait()
            if waiting.cancelled_caught:
                break
        return None

    async def _look_on(self) -> None:
        whole = 0.0
        while True:
            self._came = anyio.Event()
            due = monotonic() >= whole
            wanted = [who for who, seen in self._seen.items() if due or seen.state is None]
            if wanted:
                await self._look_at(wanted)
            if due:
                whole = monotonic() + self._every
            await anyio.sleep(min(SOONER, self._every))
            if self._seen:
                with anyio.move_on_after(whole - monotonic()):
                    await self._came.wait()
            else:
                await self._came.wait()

    async def _look_at(self, wanted: Sequence[Principal]) -> None:
        try:
            states = await run_sync(self._look, wanted)
        except SQLAlchemyError as error:
            log.warning("notices.not_looked_at", error=type(error).__name__)
            return  # a page keeps what it shows, until the database is there again
        for who, state in zip(wanted, states, strict=True):
            seen = self._seen.get(who)
            if seen is not None and seen.state != state:
                seen.show(state)


def looking_in(engine: Engine) -> Look:
    """Asks a database; who may see what is asked anew at each look.

    Args:
        engine: the service's.
    """

    def look(readers: Sequence[Principal]) -> Sequence[State]:
        with UnitOfWork(engine) as uow:
            return keeping.states(uow, keeping.readers_of(uow, readers))

    return look
