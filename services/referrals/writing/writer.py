"""The writer of the FHIR API: every create, update, patch and delete, alone or in a Bundle."""

from collections.abc import Sequence

from services.referrals.casefile import NoSuchCase
from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.writing.several import Several
from services.referrals.writing.work import SENDERS, Work
from shared.auth import Principal
from shared.database import NeedsDatabase, UnconnectedWork, UnitOfWork, at_once
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.bundle import BundleContext, WriteEntry, WriteResult
from shared.fhir.outcome import (
    FhirError,
    Issue,
    not_found,
)
from shared.fhir.store import Creation, Stored, together
from shared.repeating import repeating

STATUS = {"forbidden": 403, "conflict": 409, "business-rule": 422}
"""The HTTP status of a refusal of the domain, by its issue code."""


class ReferralWriter:
    """Writes what clients send, and what follows from it, in one transaction.

    Args:
        desk: what every use case works with.
        http: checks the endpoints of Subscriptions.
    """

    def __init__(self, desk: Desk, http: OutgoingHttp) -> None:
        self._desk = desk
        self._http = http

    @repeating
    def write(
        self,
        principal: Principal,
        entries: list[WriteEntry],
        *,
        bundle: BundleContext | None,
    ) -> list[WriteResult]:
        """Do all entries or none; see `shared.fhir.bundle.Writer`."""
        with self._desk.work() as uow:
            transaction = bundle is not None and bundle.type == "transaction"
            results = self.within(uow, principal, entries, transaction=transaction)
            uow.commit()
            return results

    def within(
        self,
        uow: UnitOfWork,
        principal: Principal,
        entries: Sequence[WriteEntry],
        *,
        transaction: bool,
    ) -> list[WriteResult]:
        """Do all entries within the caller's transaction; see `write`."""
        try:
            work = Work(self._desk, uow, principal, self._http)
            return work.do(entries, transaction=transaction)
        except Refused as refused:
            raise _fhir(refused) from refused
        except NoSuchCase as error:
            raise not_found() from error

    def takes(self, principal: Principal) -> bool:
        """See `shared.fhir.bundle.AtOnce`: what a sender creates may start a case."""
        return not SENDERS & principal.roles

    def alone(self, principal: Principal, entry: WriteEntry) -> Creation | None:
        """See `shared.fhir.bundle.AtOnce`."""
        if not self.takes(principal) or entry.if_none_exist is not None:
            return None
        with UnconnectedWork(self._desk.engine) as uow:
            try:
                return Work(self._desk, uow, principal, self._http).alone(entry)
            except NeedsDatabase:
                return None

    def gathers(self, principal: Principal, type_name: str) -> bool:
        """See `shared.fhir.bundle.Gathering`."""
        return type_name == "ServiceRequest" and not self.takes(principal)

    @repeating
    def write_each(
        self, principal: Principal, entries: Sequence[WriteEntry]
    ) -> list[WriteResult] | None:
        """See `shared.fhir.bundle.Gathering`."""
        with self._desk.work() as uow:
            try:
                work = Several(self._desk, uow, principal, self._http)
                results = work.do_each(entries)
            except Refused as refused:
                raise _fhir(refused) from refused
            if results is not None:
                uow.commit()
            return results

    def store(self, creations: Sequence[Creation]) -> list[Stored]:
        """See `shared.fhir.bundle.AtOnce`."""
        statement = together(creations)
        rows = at_once(self._desk.engine, statement.text, statement.parameters)
        self._desk.changed.set()
        made = {row[0]: row[1:] for row in rows}
        return [each.stored(made[each.id]) for each in creations]


def _fhir(refused: Refused) -> FhirError:
    issue = Issue("error", refused.code, refused.words, (refused.element,))
    return FhirError(STATUS[refused.code], [issue])
