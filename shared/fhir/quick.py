"""Reading one document by its id without a thread of its own.

Database code is synchronous here, and runs in threads; for the read that every client does most,
the way into a thread and back costs more than the read (docs/decisions/0022). It alone goes over a
few asynchronous connections, with the store's own statement. Whatever is out of the ordinary is
left to the ordinary way, which says what is wrong.
"""

from __future__ import annotations

from typing import Self

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL

from shared.fhir.store import Access, Stored, by_id, stored_in, there

log = structlog.get_logger(__name__)

CONNECTIONS = 3
"""At most, of each web process, beside the engine's; a read holds one for one statement."""

_WAIT = 1.0
"""Seconds to wait for a connection before the ordinary way is taken."""


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
                "options": "-c timezone=UTC",
            },
        )
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def read(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """The current version; None where the ordinary way must be taken.

        Raises:
            FhirError: 404 where this access sees no such document, 410 where it was deleted.
        """
        if self._pool is None:
            return None
        statement = by_id(type_name, logical_id, access)
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement.text.encode(), statement.parameters)
                row = await cursor.fetchone()
        except psycopg.Error as error:
            log.info("fhir.not_quick", error=type(error).__name__)
            return None
        return there(None if row is None else stored_in(row))
