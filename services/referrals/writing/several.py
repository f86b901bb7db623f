"""Referrals of one sender that came at the same time, each by itself, in one transaction.

What is asked and written for one is asked and written for all by the same statement; nothing of
what one sends is known to another (docs/decisions/0052).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.referrals.writing.attachments import patient_of
from services.referrals.writing.submissions import Received, all_new
from services.referrals.writing.work import Work, ids_of
from shared.fhir.bundle import WriteEntry, WriteResult

PATIENCE = 250
"""Milliseconds for which all wait for a lock that one of them needs."""


class Several(Work):
    """Creates that have nothing to do with each other, within one transaction."""

    def do_each(self, entries: Sequence[WriteEntry]) -> list[WriteResult] | None:
        """What became of each; None where one was received before, and nothing was written.

        Raises:
            FhirError: one is refused, and nothing was written.
            OperationalError: one meets a lock that somebody holds for long.
        """
        session = self._uow.session
        session.connection().exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE}")
        received = [Received(UUID(self._owner), [entry]) for entry in entries]
        if not all_new(received, session, self._store):
            return None
        steps = self._resolver.resolve(entries, transaction=False)
        patients = (patient_of(step.resource or {}) for step in steps)
        self._learn_subjects(patient for patient in patients if patient is not None)
        results = {id(step.entry): step.entry.within(self._apply, step) for step in steps}
        self._start_referrals(steps, results, beside=set())
        submissions = self._remember(received, ids_of(steps), results)
        self._write()
        self._name_made(steps, results)
        self._hold_identifiers(steps, submissions)
        session.flush()
        return [results[id(entry)] for entry in entries]

    def _remember(
        self,
        received: Sequence[Received],
        ids: Mapping[int, str],
        results: Mapping[int, WriteResult],
    ) -> dict[int, UUID | None]:
        return {
            id(entry): each.remember(self._pad, ids, results, self._now)
            for each in received
            for entry in each.entries
        }
