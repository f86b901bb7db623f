"""The writer of the FHIR API: every create, update, patch and delete, alone or in a Bundle."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import col, select

from services.referrals.casefile import KERSEY, CaseFile, NoSuchCase, state_of
from services.referrals.desk import Desk
from services.referrals.disclosure import access_of
from services.referrals.domain import Refused
from services.referrals.handlers.opening import Sent, open_case
from services.referrals.handlers.people import person_of
from services.referrals.handlers.urgency import change_priority, nobody_alerted
from services.referrals.handlers.withdrawal import withdraw
from services.referrals.persons import link_of
from services.referrals.repeating import repeating
from services.referrals.subscriptions import registering
from services.referrals.tables import (
    AuditEntry,
    Case,
    CaseTask,
    Erasure,
    PatientLink,
    Worklist,
)
from services.referrals.writing.attachments import (
    Attachments,
    Document,
    patient_of,
    practices_of,
    subject_of,
)
from services.referrals.writing.identifiers import hold, identifiers_of, release
from services.referrals.writing.starting import (
    changed_without_effect,
    never_starts,
    not_started,
    placed,
)
from services.referrals.writing.submissions import Received
from services.referrals.writing.tasks import update_task
from shared.auth import Principal
from shared.database import NeedsDatabase, UnconnectedWork, UnitOfWork, at_once
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.bundle import BundleContext, WriteEntry, WriteResult
from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.outcome import (
    FhirError,
    Issue,
    conflict,
    forbidden,
    gone,
    not_found,
    precondition_failed,
)
from shared.fhir.resolver import Resolver, Step
from shared.fhir.search.sql import Statement
from shared.fhir.store import Creation, Grant, Stored, together

SENDERS = frozenset({"referral-sender", "link-worker"})
"""Roles whose requests start cases; whoever else may write is a general FHIR client (care 1)."""

_STARTS = frozenset({"create", "update", "patch"})
"""What may turn a request into a referral: a draft becomes one when it is made active."""

_AUDIT = insert(AuditEntry).inline()
"""As plain rows, in one statement: flushing one as an object was 18 % of a create
(docs/decisions/0022)."""

_AUDITED = """
INSERT INTO audit_entry (made, client_id, subject, organisation, action, record, person)
SELECT %(audit_made)s::timestamptz, %(audit_client_id)s::text, %(audit_subject)s::text,
       %(audit_organisation)s::text, %(audit_action)s::text, %(audit_record)s::text,
       %(audit_person)s::uuid"""
"""The same of a create, for the document's own statement."""

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
            work = _Work(self._desk, uow, principal, self._http)
            try:
                transaction = bundle is not None and bundle.type == "transaction"
                results = work.do(entries, transaction=transaction)
            except Refused as refused:
                raise _fhir(refused) from refused
            except NoSuchCase as error:
                raise not_found() from error
            uow.commit()
            return results

    def alone(self, principal: Principal, entry: WriteEntry) -> Creation | None:
        """See `shared.fhir.bundle.AtOnce`."""
        if SENDERS & principal.roles or entry.if_none_exist is not None:
            return None
        with UnconnectedWork(self._desk.engine) as uow:
            try:
                return _Work(self._desk, uow, principal, self._http).alone(entry)
            except NeedsDatabase:
                return None

    def store(self, creations: Sequence[Creation]) -> list[Stored]:
        """See `shared.fhir.bundle.AtOnce`."""
        statement = together(creations)
        rows = at_once(self._desk.engine, statement.text, statement.parameters)
        made = {row[0]: row[1:] for row in rows}
        return [each.stored(made[each.id]) for each in creations]


class _Work:
    """One request's writes within its transaction."""

    def __init__(
        self, desk: Desk, uow: UnitOfWork, principal: Principal, http: OutgoingHttp
    ) -> None:
        self._desk = desk
        self._uow = uow
        self._principal = principal
        self._http = http
        self._owner = principal.organisation
        self._access = access_of(principal)
        self._store = desk.store(uow)
        self._now = desk.clock()
        self._files: dict[UUID, CaseFile] = {}
        self._fresh: dict[Document, dict[str, Any]] = {}
        self._remarks: list[tuple[Step, Issue]] = []
        self._links: dict[str, PatientLink | None] = {}
        self._audited: list[dict[str, Any]] = []
        self._resolver = Resolver(
            self._store,
            access=self._access,
            owner_of=lambda _: self._owner,
            base_url=desk.base_url,
        )

    def do(self, entries: Sequence[WriteEntry], *, transaction: bool) -> list[WriteResult]:
        received = Received(UUID(self._owner), entries) if self._sends_referrals() else None
        if received is not None:
            again = received.answer_again(self._uow.session, self._store, self._access)
            if again is not None:
                return again
        steps = self._resolver.resolve(entries, transaction=transaction)
        untouched = received is None and not self._uow.session.in_transaction()
        if untouched and _stands_alone(steps):
            return [self._create_at_once(steps[0])]
        self._open_cases(steps)
        results = {id(step.entry): self._apply(step) for step in _people_first(steps)}
        self._join_documents(steps)
        for file in self._files.values():
            file.finish()
        self._reread(steps, results)
        for step, issue in self._remarks:
            results[id(step.entry)].issues.append(issue)
        if received is not None:
            self._start_referrals(steps, results)
        answered = [results[id(entry)] for entry in entries]
        submission = None
        if received is not None:
            submission = received.remember(self._uow.session, answered, self._now)
        self._hold_identifiers(steps, submission)
        self._uow.session.flush()
        if self._audited:
            self._uow.session.connection().execute(_AUDIT, self._audited)
        return answered

    def alone(self, entry: WriteEntry) -> Creation | None:
        """What stores an entry, where it is a create that nothing else is written with."""
        steps = self._resolver.resolve([entry], transaction=False)
        return self._creation(steps[0]) if _stands_alone(steps) else None

    def _sends_referrals(self) -> bool:
        return bool(SENDERS & self._principal.roles)

    # --- cases that the request touches -----------------------------------------------------------

    def _open_cases(self, steps: Iterable[Step]) -> None:
        """Lock every case concerned, in order of its key, before anything is decided.

        Two Bundles over the same cases in opposite order then wait for each other only once.
        """
        touched = [step for step in steps if step.action not in {"create", "unchanged"}]
        requests = [step.id for step in touched if step.entry.type == "ServiceRequest"]
        tasks = [step.id for step in touched if step.entry.type == "Task"]
        if not requests and not tasks:
            return
        session = self._uow.session
        of_tasks = select(CaseTask.case).where(col(CaseTask.id).in_(tasks))
        concerned = select(Case).where(
            col(Case.service_request).in_(requests) | col(Case.id).in_(of_tasks),
            col(Case.erased).is_(None),
        )
        for case in session.exec(concerned.order_by(col(Case.key)).with_for_update()):
            if case.id not in self._files:
                self._files[case.id] = CaseFile(self._desk, self._uow, case, self._principal)

    def _file_of_request(self, request: str) -> CaseFile | None:
        files = self._files.values()
        return next((file for file in files if file.case.service_request == request), None)

    def _file_of_task(self, task: str) -> CaseFile | None:
        return next((file for file in self._files.values() if task in file.tasks), None)

    # --- one step ---------------------------------------------------------------------------------

    def _apply(self, step: Step) -> WriteResult:
        if step.action == "unchanged":
            found = self._store.find(step.entry.type, step.id, self._access) if step.id else None
            return WriteResult(200 if found else 204, found)
        if step.action == "create":
            assert step.resource is not None
            return WriteResult(201, self._create(step, step.resource))
        current = self._store.lock(step.entry.type, step.id)
        self._check_erased(current)
        self._check_version(step, current)
        if step.entry.type == "ServiceRequest" and self._file_of_request(step.id) is None:
            self._open_cases([step])  # it may have been started while we waited for the document
        if step.action == "delete":
            return WriteResult(204, self._delete(step, current))
        wanted = step.resource
        if step.action == "patch":
            if step.entry.type != "Task" or self._file_of_task(step.id) is None:
                self._check_owner(step, current)  # a patch's tests would tell what it cannot read
            wanted = self._resolver.patched(step, current)
            validate(wanted, expected_type=step.entry.type)
            wanted = self._resolver.rewritten(wanted, step.entry.type, current)
        assert wanted is not None
        return WriteResult(200, self._update(step, wanted, current))

    def _create_at_once(self, step: Step) -> WriteResult:
        """A create whose one statement is the whole transaction."""
        creation = self._creation(step)
        statement = creation.statement
        (row,) = at_once(self._desk.engine, statement.text, statement.parameters)
        return WriteResult(201, creation.stored(row))

    def _creation(self, step: Step) -> Creation:
        assert step.resource is not None
        return self._store.creation(step.resource, **self._as_sent(step, None))

    def _create(self, step: Step, resource: dict[str, Any]) -> Stored:
        subscription = None
        if step.entry.type == "Subscription":
            subscription = registering.read(resource, self._desk.types, self._http, self._principal)
            resource = resource | {"status": "requested"}
        person = self._person(step.entry.type, step.id, resource)
        stored = self._store.create(resource, **self._as_sent(step, person))
        self._fresh[step.entry.type, step.id] = resource | {"id": step.id}
        if subscription is not None:
            registering.keep(self._uow.session, step.id, UUID(self._owner), subscription, self._now)
        return stored

    def _as_sent(self, step: Step, person: UUID | None) -> dict[str, Any]:
        """With what a client's document is stored."""
        act = self._act("create", step.reference, person)
        return {
            "id": step.id,
            "owner": self._owner,
            "grants": {Grant(self._owner, "sender")},
            "person": person,
            "beside": Statement(_AUDITED, {f"audit_{name}": value for name, value in act.items()}),
        }

    def _update(self, step: Step, wanted: dict[str, Any], current: Stored) -> Stored:
        file = self._file_of_task(step.id) if step.entry.type == "Task" else None
        if file is not None:
            update_task(file, self._principal, wanted, current)
            return current  # its document is written when the case is put back
        self._check_owner(step, current)
        wanted = wanted | {"id": step.id}
        if step.entry.type == "Subscription":
            wanted = self._resubscribe(step, wanted)
        if step.entry.type == "ServiceRequest":
            self._follow_request(step, wanted, current)
        method = "PATCH" if step.action == "patch" else "PUT"
        stored = self._store.update(wanted, method=method)
        self._fresh[step.entry.type, step.id] = wanted
        self._audit(method.lower(), stored, stored.person)
        return stored

    def _delete(self, step: Step, current: Stored) -> Stored:
        self._check_owner(step, current)
        if step.entry.type == "ServiceRequest" and self._file_of_request(step.id) is not None:
            words = "A case follows from this request: withdraw it with status revoked."
            raise conflict(words, step.entry.path or "ServiceRequest")
        if step.entry.type == "ServiceRequest":
            release(self._uow.session, step.id)
        if step.entry.type == "Patient" and self._is_cared_for(current):
            words = "An open case is about this Patient: withdraw its request first."
            raise conflict(words, step.entry.path or "Patient")
        if step.entry.type == "Subscription":
            registering.stop(self._uow.session, step.id)
        stored = self._store.delete(step.entry.type, step.id)
        self._audit("delete", stored, stored.person)
        return stored

    def _resubscribe(self, step: Step, wanted: dict[str, Any]) -> dict[str, Any]:
        subscription = registering.read(wanted, self._desk.types, self._http, self._principal)
        session = self._uow.session
        if wanted.get("status") == "off":
            registering.stop(session, step.id)
            return wanted
        registering.keep(session, step.id, UUID(self._owner), subscription, self._now)
        return {key: value for key, value in wanted.items() if key != "error"} | {
            "status": "requested"
        }

    def _follow_request(self, step: Step, wanted: dict[str, Any], current: Stored) -> None:
        """The sender's status is its own; what it means for the case follows (care 5)."""
        before = parse(current.body.encode())
        file = self._file_of_request(step.id)
        path = step.entry.path or "ServiceRequest"
        if file is None:
            return
        if subject_of(before) != subject_of(wanted):
            raise conflict("A referral stays about the same person.", f"{path}.subject")
        ended = {"revoked", "entered-in-error"}
        if before.get("status") in ended and wanted.get("status") not in ended:
            words = "This referral was withdrawn; send a new one, with an identifier of its own."
            raise conflict(words, f"{path}.status")
        if wanted.get("status") in ended:
            withdraw(file)
            return
        never = never_starts(wanted)
        if never is not None:
            words = "A referral was started: withdraw it with status revoked."
            raise conflict(words, f"{path}.{never[0]}")
        without_effect = changed_without_effect(before, wanted, path)
        if without_effect and not state_of(file.triage).ended:
            self._remarks += [(step, issue) for issue in without_effect]
            file.touch(file.triage)  # whoever cares for the case hears that something changed
        if wanted.get("priority", "routine") != file.case.priority:
            told = change_priority(file, str(wanted.get("priority", "routine")))
            self._remarks += [(step, placed(issue, path)) for issue in told]

    # --- checks and records -----------------------------------------------------------------------

    def _check_version(self, step: Step, current: Stored) -> None:
        expected = step.entry.if_match
        if expected is not None and expected != current.version:
            raise precondition_failed(
                f"The current version is {current.version}: read it again, then decide."
            )

    def _check_erased(self, current: Stored) -> None:
        """What was deleted may come back; what was erased may not (care 9)."""
        concerns = current.person if current.deleted else None
        if concerns is not None and self._uow.session.get(Erasure, concerns) is not None:
            raise gone("This was erased, with all that was about the same person.")

    def _check_owner(self, step: Step, current: Stored) -> None:
        if current.owner == self._owner:
            return
        path = step.entry.path or step.entry.type
        if current.owner == KERSEY:
            raise forbidden("Kersey writes this itself; it follows from the case.", path)
        raise forbidden("This belongs to another organisation.", path)

    def _person(self, kind: str, key: str, resource: dict[str, Any]) -> UUID | None:
        """The person whom a document concerns, for export and erasure (care 9)."""
        session = self._uow.session
        if kind == "Patient":
            return person_of(session, resource, key, UUID(self._owner), self._now)
        patient = patient_of(resource)
        if patient is None:
            return None
        link = self._link(patient)
        if link is None and not self._store.seen({("Patient", patient)}, self._access):
            raise gone("The person whom this is about was erased a moment ago.")
        return link.person if link else None

    def _link(self, patient: str) -> PatientLink | None:
        """Whom a Patient is about, held from the first time that this request asks."""
        if self._links.get(patient) is None:
            self._links[patient] = link_of(self._uow.session, patient)
        return self._links[patient]

    def _is_cared_for(self, patient: Stored) -> bool:
        open_cases = (
            select(Case.id)
            .join(Worklist, col(Worklist.case) == col(Case.id))
            .where(Case.person == patient.person, Case.patient == patient.id, col(Worklist.open))
        )
        return self._uow.session.exec(open_cases.limit(1)).first() is not None

    def _hold_identifiers(self, steps: Iterable[Step], submission: UUID | None) -> None:
        """One number, one referral: whoever creates or updates what is a referral, or may be."""
        for step in steps:
            if step.entry.type != "ServiceRequest" or step.action not in _STARTS:
                continue
            if self._sends_referrals() or self._file_of_request(step.id) is not None:
                request = self._fresh["ServiceRequest", step.id]
                found = dict(identifiers_of(request, step.entry.path or "ServiceRequest"))
                again = submission if step.entry.method == "POST" else None
                hold(self._uow.session, UUID(self._owner), step.id, found, again)

    def _join_documents(self, steps: Iterable[Step]) -> None:
        """What an updated request refers to now is for its readers too, while anybody cares."""
        attachments = Attachments(self._store, self._access, self._owner, self._fresh)
        for step in steps:
            if step.entry.type != "ServiceRequest" or step.action not in _STARTS:
                continue
            file = self._file_of_request(step.id)
            if file is not None and not state_of(file.triage).ended:
                file.join(attachments.of(self._fresh["ServiceRequest", step.id], ()))

    def _audit(self, action: str, stored: Stored, person: UUID | None) -> None:
        self._audited.append(self._act(action, stored.reference, person))

    def _act(self, action: str, reference: str, person: UUID | None) -> dict[str, Any]:
        by = self._principal
        return {
            "made": self._now,
            "client_id": by.client_id,
            "subject": by.subject,
            "organisation": by.organisation,
            "action": action,
            "record": reference,
            "person": person,
        }

    def _reread(self, steps: Iterable[Step], results: dict[int, WriteResult]) -> None:
        """Task documents are written when their case is put back: name the version that is now."""
        for step in steps:
            if step.entry.type == "Task" and step.action in {"update", "patch"}:
                results[id(step.entry)].stored = self._store.lock("Task", step.id)

    # --- referrals that the request starts --------------------------------------------------------

    def _start_referrals(self, steps: Sequence[Step], results: dict[int, WriteResult]) -> None:
        beside = {
            (step.entry.type, step.id)
            for step in steps
            if step.action in {"create", "unchanged"} and step.id
        }
        beside = {each for each in beside if each[0] != "Subscription"}
        attachments = Attachments(self._store, self._access, self._owner, self._fresh)
        for step in steps:
            if step.entry.type != "ServiceRequest" or step.action not in _STARTS:
                continue
            request = self._fresh[step.entry.type, step.id]
            if self._file_of_request(step.id) is None:
                result = results[id(step.entry)]
                result.issues += self._start(request, attachments, beside, step)

    def _start(
        self,
        request: dict[str, Any],
        attachments: Attachments,
        beside: set[Document],
        step: Step,
    ) -> list[Issue]:
        path = step.entry.path or "ServiceRequest"
        nothing = not_started(request, path)
        if nothing is not None:
            return [nothing, *(placed(issue, path) for issue in nobody_alerted(request))]
        documents = attachments.of(request, beside)
        link = self._subject(request)
        sent = Sent(
            request=request,
            patient=link.patient if link else None,
            person=link.person if link else None,
            documents=set(documents),
            practices=practices_of(request, documents),
        )
        _, issues = open_case(self._desk, self._uow, self._principal, sent)
        return [placed(issue, path) for issue in issues]

    def _subject(self, request: dict[str, Any]) -> PatientLink | None:
        """Whom a request is about, if that can be seen; locked, lest it is deleted meanwhile."""
        key = patient_of(request)
        if key is None or not self._store.seen({("Patient", key)}, self._access):
            return None
        if self._store.lock("Patient", key).deleted:
            return None
        return self._link(key)


def _stands_alone(steps: Sequence[Step]) -> bool:
    """Whether a request is one create of what concerns nobody here and has no other rows."""
    if len(steps) != 1 or steps[0].action != "create" or steps[0].resource is None:
        return False
    kind, resource = steps[0].entry.type, steps[0].resource
    return kind not in {"Patient", "Subscription"} and patient_of(resource) is None


def _people_first(steps: Iterable[Step]) -> list[Step]:
    """R4's order, with Patients first among creates: others carry the key of their person."""
    return sorted(
        steps,
        key=lambda step: 0 if step.action == "delete" else 1 if _makes_patient(step) else 2,
    )


def _makes_patient(step: Step) -> bool:
    return step.action == "create" and step.entry.type == "Patient"


def _fhir(refused: Refused) -> FhirError:
    issue = Issue("error", refused.code, refused.words, (refused.element,))
    return FhirError(STATUS[refused.code], [issue])
