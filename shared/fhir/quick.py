"""Reading one document by its id without a thread of its own.

Database code is synchronous here, and runs in threads; for the read that every client does most,
the way into a thread and back costs more than the read (docs/decisions/0022). It alone goes over a
few asynchronous connections. What is asked for while a connection is at work is asked together when
it is free: one statement for many reads, and none that waits for others to come.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL

from shared.fhir.crew import Crew
from shared.fhir.store import Access, Stored, by_ids, stored_in

log = structlog.get_logger(__name__)

CONNECTIONS = 2
"""At most, of each web process, beside the engine's; each answers many reads by one statement."""

MOST_TOGETHER = 64
"""Reads by one statement, so that nobody waits for a very long answer to others."""

_WAIT = 1.0
"""Seconds to wait for a connection, then for the document, before the ordinary way is taken."""

_Asked = tuple[str, str, asyncio.Future[Stored | None]]


class QuickReader:
    """Reads by id in the event loop, where that can be done at once.

    Args:
        url: of the service's own database.
        application_name: shown to the database's operator.
    """

    def __init__(self, url: URL, *, application_name: str) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._application_name = application_name
        self._pool: AsyncConnectionPool | None = None
        self._asked: dict[Access, list[_Asked]] = {}
        self._crew = Crew(CONNECTIONS, waits=lambda: bool(self._asked), take=self._answer)

    async def __aenter__(self) -> Self:
        """Begin to connect, in the event loop that will read; it may be entered again later."""
        self._pool = AsyncConnectionPool(
            self._address,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=_WAIT,
            open=False,
            kwargs={
                "autocommit": True,
                "application_name": self._application_name,
                "connect_timeout": 10,
                # What it cannot have at once, the ordinary way gets in its own time.
                "options": f"-c timezone=UTC -c statement_timeout={round(_WAIT * 1000)}",
            },
        )
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Answer what was asked, then close the connections."""
        await self._crew.finish()
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def read(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """The current version; None where there is none to be seen, or the database is away.

        Why it is None the ordinary way finds out and says.
        """
        if self._pool is None:
            return None
        answer: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(access, []).append((type_name, logical_id, answer))
        self._crew.call()
        return await answer

    async def _answer(self) -> None:
        access = next(iter(self._asked))
        waiting = self._asked.pop(access)
        asked, later = waiting[:MOST_TOGETHER], waiting[MOST_TOGETHER:]
        if later:
            self._asked[access] = later
        found: dict[tuple[str, str], Stored] = {}
        try:
            found = await self._find(access, asked)
        except psycopg.Error as error:
            log.info("fhir.not_quick", error=type(error).__name__)
        finally:
            for type_name, logical_id, answer in asked:
                if not answer.done():  # its client may be gone
                    answer.set_result(found.get((type_name, logical_id)))

    async def _find(self, access: Access, asked: list[_Asked]) -> dict[tuple[str, str], Stored]:
        pool = self._pool
        if pool is None:
            return {}
        statement = by_ids([(each[0], each[1]) for each in asked], access)
        async with pool.connection() as connection:
            cursor = await connection.execute(statement.text.encode(), statement.parameters)
            rows: list[Any] = await cursor.fetchall()
        return {(stored.type, stored.id): stored for stored in map(stored_in, rows)}
