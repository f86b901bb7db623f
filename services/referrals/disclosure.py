"""Reading through FHIR what concerns a person: recorded, and who it is only for those chosen.

Whoever is shown a record of a person, or asks for one by its id in vain, is noted (`accesses`).

The provider's own Patient holds what the person agreed to share (care 6). Whichever interaction
returns it, read, version, history, search or include, the view is written down before the answer
leaves, exactly as when the provider asks the case API.

A search tells more than it returns: how many Tasks have a person of some name says who it is, and
shows nothing that could be recorded. So a provider searches by what its requests say, not by what
a Patient says.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sqlmodel import select

from services.referrals import codes
from services.referrals.accesses import Accesses
from services.referrals.audit_events import AuditEvents
from services.referrals.casefile import KERSEY, content_of
from services.referrals.desk import Desk
from services.referrals.provenance import Provenances
from services.referrals.scopes import AUDITS
from services.referrals.tables import CaseTask, IdentityView, OnwardRequest
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.derived import DerivingStore
from shared.fhir.outcome import FhirError, forbidden
from shared.fhir.quick import QuickReader
from shared.fhir.search.around import Around
from shared.fhir.search.parameters import SearchParam
from shared.fhir.search.request import Chain, Condition, Either, Filter, Has, SearchRequest
from shared.fhir.store import Access, HistoryPage, SearchResult, Stored

DERIVED = (AuditEvents(), Provenances())
"""The types that are composed of the trail."""

ANONYMOUS = frozenset({"resourceType", "id", "meta", "active"})
"""Elements of a provider's Patient that tell nobody who it is."""

IMPERSONAL = frozenset({"_id", "_lastUpdated"})
"""Search parameters of Patient that ask nothing of who it is."""


@dataclass(frozen=True)
class Asking(Access):
    """The access of a request's principal, which knows who it is."""

    principal: Principal | None = None


def access_of(principal: Principal) -> Access:
    """Whose reader rows count for a principal."""
    parties = {principal.organisation, codes.EVERYONE}
    if AUDITS in principal.scopes:
        parties.add(codes.AUDITORS)
    return Asking(frozenset(parties), principal=principal)


@contextmanager
def reading(desk: Desk) -> "Iterator[WatchedStore]":
    """The documents for one reading request; what it disclosed is recorded when it ends."""
    with desk.look() as uow:
        store = WatchedStore(desk, uow)
        yield store
    if store.disclosed:
        with desk.work() as uow:
            uow.session.add_all(store.disclosed)
            uow.session.flush()
            uow.commit()


class WatchedStore(DerivingStore):
    """Documents whose reading is recorded, and Provenance and AuditEvent, made of the trail.

    Args:
        desk: what every use case works with.
        uow: the transaction of the request.
    """

    def __init__(self, desk: Desk, uow: UnitOfWork) -> None:
        super().__init__(
            uow.session,
            desk.types,
            base_url=desk.base_url,
            zone=desk.settings.timezone,
            derived=DERIVED,
        )
        self.disclosed: list[IdentityView] = []
        self._uow = uow
        self._desk = desk

    def find(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """See `FhirStore.find`; a scope lets a provider guess a person no more than a search."""
        _refuse_guessing_by_scope(access)
        return super().find(type_name, logical_id, access)

    def read(self, type: str, id: str, access: Access) -> Stored:  # noqa: A002
        """See `FhirStore.read`."""
        with self._refusing(access, "read", type, id):
            found = super().read(type, id, access)
        self._note([found], access, "read")
        return found

    def read_all(
        self, named: Collection[tuple[str, str]], access: Access
    ) -> dict[tuple[str, str], Stored]:
        """See `FhirStore.find_all`; each is a read, and noted as one."""
        _refuse_guessing_by_scope(access)
        found = self.find_all(named, access)
        self._note(list(found.values()), access, "read")
        if isinstance(access, Asking) and access.principal is not None:
            for type_name, key in sorted(set(named) - found.keys()):
                self._desk.accesses.denied(access.principal, "read", f"{type_name}/{key}")
        return found

    def vread(self, type: str, id: str, version: int, access: Access) -> Stored:  # noqa: A002
        """See `FhirStore.vread`."""
        with self._refusing(access, "vread", type, id):
            found = super().vread(type, id, version, access)
        self._note([found], access, "vread")
        return found

    def history(
        self, type_name: str | None, logical_id: str | None, access: Access, **how: Any
    ) -> HistoryPage:
        """See `FhirStore.history`."""
        self._settle(type_name)
        scope = "instance" if logical_id else "type" if type_name else "system"
        action = f"history-{scope}"
        with self._refusing(access, action, type_name or "", logical_id or ""):
            page = super().history(type_name, logical_id, access, **how)
        self._note(page.versions, access, action)
        return page

    def search(self, request: SearchRequest, access: Access) -> SearchResult:
        """See `FhirStore.search`; refused where it would let a provider guess a person."""
        if isinstance(access, Asking) and access.principal is not None:
            refuse_guessing(request, access.principal)
        _refuse_guessing_by_scope(access)
        self._settle(request.type, *(each.source for each in request.revincludes))
        result = super().search(request, access)
        query = "&".join([name for name, _ in request.applied])
        seen = [*result.matches, *result.included]
        self._note(seen, access, "search-type", f"{request.type}?{query}")
        return result

    def around(self, asked: Around, access: Access) -> SearchResult:
        """See `FhirStore.around`."""
        with self._refusing(access, "operation", asked.type, asked.id or ""):
            result = super().around(asked, access)
        self._note([*result.matches, *result.included], access, "operation")
        return result

    @contextmanager
    def _refusing(self, access: Access, action: str, type_name: str, key: str) -> Iterator[None]:
        """Note whoever asks for what is not theirs to see; whether it is there, the trail finds."""
        try:
            yield
        except FhirError as error:
            by = access.principal if isinstance(access, Asking) else None
            if by is not None and error.status == HTTPStatus.NOT_FOUND:
                self._desk.accesses.denied(by, action, f"{type_name}/{key}")
            raise

    def _settle(self, *types: str | None) -> None:
        """Have it written what this process noted, for whoever asks who saw what."""
        if AuditEvents.name in types:
            self._desk.accesses.flush()

    def _note(
        self, documents: Sequence[Stored], access: Access, action: str, query: str = ""
    ) -> None:
        if isinstance(access, Asking) and access.principal is not None:
            self._desk.accesses.saw(access.principal, action, documents, query)
        principal = _watched(access)
        if principal is None:
            return
        for document in documents:
            if document.type == "Patient" and document.owner == KERSEY and _identifies(document):
                self._record(document.id, principal)

    def _record(self, patient: str, principal: Principal) -> None:
        session = self._uow.session
        of_patient = (
            select(CaseTask)
            .join(OnwardRequest, OnwardRequest.task == CaseTask.id)  # type: ignore[arg-type]
            .where(OnwardRequest.patient == patient)
        )
        task = session.exec(of_patient).one()
        assert task.owner is not None
        self.disclosed.append(
            IdentityView(
                task=task.id,
                case=task.case,
                provider=task.owner,
                viewer=principal.subject,
                step="account",
                viewed=self._desk.clock(),
            )
        )


class NotingReader(QuickReader):
    """Reads by id without a thread what need not be recorded before it is shown.

    Args:
        accesses: where it is noted beside.
        how: see `QuickReader`.
    """

    def __init__(self, accesses: Accesses, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._accesses = accesses

    async def read(self, type_name: str, logical_id: str, access: Access) -> Stored | None:
        """See `QuickReader.read`; a Patient whose view is recorded is left to `WatchedStore`."""
        if type_name == "Patient" and _watched(access) is not None:
            return None
        if self._accesses.full:
            return None  # who looks must wait for the database, which is for a thread
        found = await super().read(type_name, logical_id, access)
        if found is not None and isinstance(access, Asking) and access.principal is not None:
            self._accesses.saw(access.principal, "read", [found])
        return found


def _watched(access: Access) -> Principal | None:
    """The principal whose views of who a person is are recorded."""
    principal = access.principal if isinstance(access, Asking) else None
    return principal if principal is not None and "provider" in principal.roles else None


def refuse_guessing(request: SearchRequest, principal: Principal) -> None:
    """Refuse a provider's search by what a Patient says, through chains and `_has`, and its order.

    Care 6: what it reads of a person is recorded, and what it could infer would not be.

    Args:
        request: the search, or the filter of a Subscription.
        principal: who asks; only providers are refused.

    Raises:
        FhirError: 403 naming the parameter.
    """
    if "provider" not in principal.roles:
        return
    for _, conditions in request.each_type:
        for n, condition in enumerate(conditions):
            # Conditions are first among what was applied; that of a compartment is in the address.
            name = request.applied[n][0] if n < len(request.applied) else "path"
            if _asks_who(condition):
                raise forbidden(
                    "A provider cannot search by what a Patient says: read the Patient that its "
                    "Task names, which is recorded as a view of who the person is.",
                    f"http.{name}",
                )
    for rule in request.sort:
        if _is_personal(rule.param):
            raise forbidden(
                "A provider cannot sort by what a Patient says: the order would tell of Patients "
                "that it did not look at.",
                "http._sort",
            )


def _refuse_guessing_by_scope(access: Access) -> None:
    """A client may narrow its own token: what is then missing would tell what a search would."""
    if _watched(access) is None:
        return
    for _, ways in access.narrowing:
        if any(_asks_who(each) for way in ways for each in way):
            raise forbidden("A provider's scope is not narrowed by what a Patient says.")


def _asks_who(condition: Condition) -> bool:
    match condition:
        case Filter(param=param):
            return _is_personal(param)
        case Chain(inner=ways):
            return any(_asks_who(inner) for _, inner in ways)
        case Has(inner=inner):
            return _asks_who(inner)
        case Either(filters=filters):
            return any(_asks_who(each) for each in filters)


def _is_personal(param: SearchParam) -> bool:
    return param.resource == "Patient" and param.code not in IMPERSONAL


def _identifies(document: Stored) -> bool:
    return not document.deleted and not ANONYMOUS.issuperset(content_of(document))
