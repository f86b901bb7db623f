"""Who saw which record of a person: noted beside the answer, written a moment after it.

A read must not wait for a row, so what was seen waits in memory and goes to the database in
batches, at the latest half a second on, and when the process ends. A process that is killed takes
with it what it noted since the last batch: the looks of half a second. That is accepted for looks
of those who may look; a provider's view of who a person is stays in the transaction that shows it
(`disclosure`, `handlers.sharing`). While the database cannot be written, readers soon wait for it
and are refused with it: nothing is shown that cannot be noted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.referrals.membership import GROUP, members_of
from shared.auth import Principal
from shared.fhir.json import parse
from shared.fhir.store import Stored

log = structlog.get_logger(__name__)

EVERY = 0.5
"""Seconds between two batches."""
BATCH = 2000
MOST = 20_000
"""Looks that wait at most; who comes after them waits for the database."""

CASE_READ = "case-read"
NOTIFIED = "notified"
"""A subscriber was sent the record itself, or it was tried."""
REFUSED = "refused-"
"""Before the interaction that a token does not reach: an act against the rules, and no look."""

_WRITE = """
INSERT INTO access_entry
  (made, client_id, subject, organisation, action, denied, record, query, holder, "case", person)
SELECT g.made, g.client_id, g.subject, g.organisation, g.action, g.denied, g.record, g.query,
       coalesce(nullif(d.owner, 'kersey'), c.organisation::text, ''), c.id,
       coalesce(d.person, c.person)
FROM ROWS FROM (json_to_recordset(%(looks)s::json) AS (
    made timestamptz, client_id text, subject text, organisation text, action text, denied boolean,
    record text, query text))
  WITH ORDINALITY AS given(made, client_id, subject, organisation, action, denied, record, query, n)
CROSS JOIN LATERAL (
  SELECT given.*, split_part(record, '/', 1) AS type, split_part(record, '/', 2) AS id
) g
LEFT JOIN document d ON d.type = g.type AND d.id = g.id
LEFT JOIN LATERAL (
  SELECT t."case" FROM case_task t WHERE g.type = 'Task' AND t.id = g.id
  UNION ALL
  SELECT t."case" FROM case_task t WHERE g.type = 'ServiceRequest' AND t.service_request = g.id
  UNION ALL
  SELECT t."case" FROM onward_request o JOIN case_task t ON t.id = o.task
  WHERE g.type = 'Patient' AND o.patient = g.id
  LIMIT 1
) own ON d.owner = 'kersey'
LEFT JOIN referral_case c
  ON c.id = CASE WHEN g.type = 'case' THEN g.id::uuid ELSE own."case" END
WHERE coalesce(d.person, c.person) IS NOT NULL
ORDER BY g.n
"""
"""Whose patient it is, is found here and not by who reads. What concerns nobody is left out, and so
is what was asked for and is not there."""

_WRITE_REFUSED = """
INSERT INTO audit_entry (made, client_id, subject, organisation, action, record)
SELECT made, client_id, subject, organisation, action, record
FROM json_to_recordset(%(looks)s::json) AS given(
  made timestamptz, client_id text, subject text, organisation text, action text, record text)
WHERE action LIKE 'refused-%%'
"""
"""It concerns nobody: no record was read."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one record, or the attempt.

    Attributes:
        made: when.
        by: who looked.
        action: a FHIR interaction by its code, `CASE_READ` or `NOTIFIED`; with `REFUSED` before it
            where the token does not reach the type.
        record: `Type/id`, or `case/<id>`; of what a token does not reach the type alone.
        query: of a search the type and the names of its parameters.
        denied: whether it was not shown.
    """

    made: datetime
    by: Principal
    action: str
    record: str
    query: str = ""
    denied: bool = False


class Accesses:
    """The looks that wait to be written. A worker of the process that serves them.

    Args:
        engine: the service's database.
    """

    name = "referrals.accesses"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[Look] = deque()
        self._writing = threading.Lock()
        self.fault: str | None = None

    @property
    def full(self) -> bool:
        """Whether so much waits that who looks must wait too."""
        return len(self._waiting) >= MOST

    def note(self, looks: Iterable[Look]) -> None:
        """Have looks written.

        Raises:
            DBAPIError: so much waits that it had to be written at once, and could not be.
        """
        self._waiting.extend(looks)
        if self.full:
            self.flush()

    def saw(self, by: Principal, action: str, documents: Iterable[Stored], query: str = "") -> None:
        """Have it written that somebody saw documents; of those that concern a person."""
        self.note(_looks(by, action, documents, query))

    def denied(self, by: Principal, action: str, record: str) -> None:
        """Have it written that somebody asked for a document and was not shown it."""
        self.note([Look(datetime.now(UTC), by, action, record, denied=True)])

    def refused(self, by: Principal, action: str, type_name: str) -> None:
        """Have it written that somebody's token did not reach a type.

        Only of which type: what was asked for is not read, and its id could be anything.
        """
        self.note([Look(datetime.now(UTC), by, f"{REFUSED}{action}", type_name, denied=True)])

    def flush(self) -> None:
        """Write all that waits now."""
        with self._writing:
            while self._waiting:
                batch = [self._waiting[n] for n in range(min(BATCH, len(self._waiting)))]
                self._write(batch)
                for _ in batch:
                    self._waiting.popleft()

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop, and then what is left; see `shared.worker.Worker`."""
        while not stop.wait(EVERY):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            self.flush()
        except DBAPIError as error:
            self.fault = "who saw what cannot be written"
            log.warning("accesses.not_written", error=type(error).__name__)
        else:
            self.fault = None

    def _write(self, looks: list[Look]) -> None:
        rows = [
            {
                "made": each.made,
                "client_id": each.by.client_id,
                "subject": each.by.subject,
                "organisation": each.by.organisation,
                "action": each.action,
                "denied": each.denied,
                "record": each.record,
                "query": each.query,
            }
            for each in looks
        ]
        given = {"looks": orjson.dumps(rows).decode()}
        with self._engine.begin() as connection:
            connection.exec_driver_sql(_WRITE, given)
            if any(each.action.startswith(REFUSED) for each in looks):
                connection.exec_driver_sql(_WRITE_REFUSED, given)


@contextmanager
def seeing(accesses: Accesses, by: Principal, case: UUID) -> Iterator[None]:
    """Note a look at a case, or at its person's record, by whether the block shows it.

    Args:
        accesses: where it is noted.
        by: who looks.
        case: the case.
    """
    record, shown = f"case/{case}", False
    try:
        yield
        shown = True
    finally:
        accesses.note([Look(datetime.now(UTC), by, CASE_READ, record, denied=not shown)])


def _looks(by: Principal, action: str, documents: Iterable[Stored], query: str) -> Iterator[Look]:
    now = datetime.now(UTC)
    for each in documents:
        if each.person is not None:
            yield Look(now, by, action, each.reference, query)
        elif each.type == GROUP and not each.deleted:
            for patient in sorted(members_of(parse(each.body.encode()))):
                yield Look(now, by, action, f"Patient/{patient}", f"{each.reference}?member")
