"""What all parts of the store stand on: the caller's session, the served types, the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from shared.fhir.outcome import not_found, precondition_failed
from shared.fhir.search.extract import Extractor
from shared.fhir.search.parameters import Types
from shared.fhir.search.sql import Statement
from shared.fhir.store.held import Held, held_in
from shared.fhir.store.statements import LOCK, LOCK_NAMED
from shared.fhir.store.stored import Stored, stored_in


class InSession:
    """The documents of one service, within one session.

    Args:
        session: the caller's; it commits or rolls back.
        types: the served types; only their documents can be written or searched.
        base_url: the server's own FHIR address; references below it are local ones.
        zone: what a date without zone means.
        clock: for tests and demo data; by default the database's own clock, which every replica
            shares and on which the safe time for pollers rests.
    """

    def __init__(
        self,
        session: Session,
        types: Types,
        *,
        base_url: str = "",
        zone: str = "Europe/London",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._session = session
        self._types = types
        self._base_url = base_url
        self._zone = ZoneInfo(zone)
        self._clock = clock
        self._extractor = Extractor(base_url=base_url, zone=self._zone, types=types)

    def lock(self, type_name: str, logical_id: str) -> Stored:
        """The current version, locked until the transaction ends. No access check: for handlers.

        Raises:
            FhirError: 404 where there is no such document.
        """
        return self._locked(type_name, logical_id, None)

    def lock_all(self, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
        """The current versions of several, by (type, id), locked until the transaction ends.

        In one order for everybody, by type and id. No access check: for handlers.

        Raises:
            FhirError: 404 where there is no document of one of the names.
        """
        wanted = [each for each in named if each not in self._held]
        if wanted:
            parameters = {"types": [kind for kind, _ in wanted], "ids": [key for _, key in wanted]}
            self._hold(map(stored_in, self._run(Statement(LOCK_NAMED, parameters))))
        try:
            return {each: self._held[each] for each in named}
        except KeyError:
            raise not_found() from None

    def safe_time(self) -> datetime:
        """The instant before which no running write can still put a document.

        Every write takes its time from the database's clock after it has a transaction id. So a
        transaction that is not yet known to be writing will take a later time than now, and one
        that is writing took none before it began. Reads that come after this call see everything
        before the instant returned. It is a call of its own because a statement's snapshot is
        older than what the statement then reads from pg_stat_activity.

        It sees writers under the same database role (or all, as pg_read_all_stats): a service
        writes under one role.
        """
        text = (
            "SELECT least(clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_xid IS NOT NULL"
            " AND pid <> pg_backend_pid()))"
        )
        moment: datetime = self._run(Statement(text)).scalar_one()
        return moment

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Undo at its end what the block wrote; nobody else ever sees it."""
        self._run(Statement("SAVEPOINT undone"))
        before = dict(self._held)
        try:
            yield
        finally:
            self._held.clear()
            self._held.update(before)
            self._run(Statement("ROLLBACK TO SAVEPOINT undone"))
            self._run(Statement("RELEASE SAVEPOINT undone"))

    def _run(self, statement: Statement) -> Any:
        return self._session.connection().exec_driver_sql(statement.text, statement.parameters)

    @property
    def _held(self) -> Held:
        return held_in(self._session)

    def _hold(self, documents: Iterable[Stored]) -> None:
        self._held.update({(each.type, each.id): each for each in documents})

    def _now(self) -> datetime | None:
        return None if self._clock is None else self._clock()

    def _locked(self, type_name: str, logical_id: str, expected_version: int | None) -> Stored:
        current = self._held.get((type_name, logical_id))
        if current is None:
            row = self._run(Statement(LOCK, {"type": type_name, "id": logical_id})).one_or_none()
            if row is None:
                raise not_found()
            current = stored_in(row)
            self._hold([current])
        if expected_version is not None and expected_version != current.version:
            raise precondition_failed(
                f"The current version is {current.version}, not {expected_version}: "
                "read it and decide again."
            )
        return current
