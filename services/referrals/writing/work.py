"""One request's writes, within its transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from services.referrals import endpoints
from services.referrals.casefile import KERSEY, CaseFile, state_of
from services.referrals.desk import Desk
from services.referrals.disclosure import access_of
from services.referrals.handlers.people import follow_correction, link_to_person
from services.referrals.handlers.urgency import change_priority
from services.referrals.handlers.withdrawal import withdraw
from services.referrals.pad import Pad
from services.referrals.persons import Subject, hold_subjects
from services.referrals.readers import label_of
from services.referrals.subscriptions import registering
from services.referrals.subscriptions.masking import masked, unmasked
from services.referrals.tables import (
    Case,
    CaseDocument,
    CaseTask,
    Erasure,
    Worklist,
)
from services.referrals.tables.subscription import SubscriptionState
from services.referrals.trail import act
from services.referrals.writing.attachments import (
    Attachments,
    Document,
    patient_of,
    subject_of,
)
from services.referrals.writing.identifiers import Meaning, hold, identifiers_of, release
from services.referrals.writing.opened import Opened
from services.referrals.writing.starting import (
    changed_without_effect,
    never_starts,
    placed,
)
from services.referrals.writing.submissions import Received
from services.referrals.writing.tasks import update_task
from shared.auth import Principal
from shared.database import UnitOfWork, at_once
from shared.delivery.outgoing import OutgoingHttp
from shared.fhir.bundle import WriteEntry, WriteResult
from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.outcome import (
    Issue,
    conflict,
    forbidden,
    gone,
)
from shared.fhir.resolver import Resolver, Step
from shared.fhir.search.sql import Statement
from shared.fhir.store import Creation, Grant, Stored
from shared.fhir.writer import updated

SENDERS = frozenset({"referral-sender", "link-worker"})
"""Roles whose requests start cases; whoever else may write is a general FHIR client (care 1)."""

_STARTS = frozenset({"create", "update", "patch"})
"""What may turn a request into a referral: a draft becomes one when it is made active."""

_AUDITED = """
INSERT INTO audit_entry (made, client_id, subject, organisation, action, record, person, version)
SELECT %(audit_made)s::timestamptz, %(audit_client_id)s::text, %(audit_subject)s::text,
       %(audit_organisation)s::text, %(audit_action)s::text, %(audit_record)s::text,
       %(audit_person)s::uuid, 1"""
"""The audit row of a create, for the document's own statement."""


class Work:
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
        self._links: dict[str, Subject] = {}
        self._pad = Pad(uow, self._store)
        self._made: dict[Document, Stored] = {}
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
        if self._files:
            self._write()  # cases that go on are given what came with them
            self._join_documents(steps)
            for file in self._files.values():
                file.finish()
            self._reread(steps, results)
        for step, issue in self._remarks:
            results[id(step.entry)].issues.append(issue)
        submission = None
        if received is not None:
            self._start_referrals(steps, results, beside=_sent_beside(steps))
            submission = received.remember(self._pad, ids_of(steps), results, self._now)
        self._write()
        self._name_made(steps, results)
        self._hold_identifiers(steps, {id(entry): submission for entry in entries})
        self._uow.session.flush()
        return [results[id(entry)] for entry in entries]

    def _write(self) -> None:
        self._made |= self._pad.write()

    def _name_made(self, steps: Iterable[Step], results: dict[int, WriteResult]) -> None:
        """A document that was created has a version and a time since it was written."""
        for step in steps:
            made = self._made.get((step.entry.type, step.id))
            result = results[id(step.entry)]
            if made is not None and result.stored is None:
                result.stored = made
                result.status = 201 if step.action == "create" else 200

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
        of_tasks = select(CaseTask.case).where(col(CaseTask.id).in_(tasks))
        self._open(col(Case.service_request).in_(requests) | col(Case.id).in_(of_tasks))

    def _open(self, which: ColumnElement[bool]) -> None:
        session = self._uow.session
        concerned = select(Case).where(which, col(Case.erased).is_(None))
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
            return WriteResult(200 if step.existing else 204, step.existing)
        if step.action == "create":
            assert step.resource is not None
            self._create(step, step.resource)
            return WriteResult(201, None)
        current = self._store.lock(step.entry.type, step.id)
        self._check_erased(current)
        step.entry.check_version(current.version)
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
        return WriteResult(updated(current), self._update(step, wanted, current))

    def _create_at_once(self, step: Step) -> WriteResult:
        """A create whose one statement is the whole transaction."""
        creation = self._creation(step)
        statement = creation.statement
        (row,) = at_once(self._desk.engine, statement.text, statement.parameters)
        return WriteResult(201, creation.stored(row))

    def _creation(self, step: Step) -> Creation:
        """The statement of a create that concerns nobody here, with its audit row."""
        assert step.resource is not None
        by = act(self._principal, "create", step.reference, self._now)
        return self._store.creation(
            endpoints.without_secrets_inside(step.resource),
            id=step.id,
            owner=self._owner,
            grants={Grant(self._owner, "sender")},
            beside=Statement(_AUDITED, {f"audit_{name}": value for name, value in by.items()}),
        )

    def _create(self, step: Step, resource: dict[str, Any]) -> None:
        kind = step.entry.type
        resource = self._shown(step, resource)
        person = self._person(kind, step.id, resource)
        grants = {Grant(self._owner, "sender")}
        self._pad.draft(resource, step.id, owner=self._owner, grants=grants, person=person)
        self._audit("create", step.reference, person, 1)
        self._fresh[kind, step.id] = resource | {"id": step.id}

    def _update(self, step: Step, wanted: dict[str, Any], current: Stored) -> Stored:
        file = self._file_of_task(step.id) if step.entry.type == "Task" else None
        if file is not None:
            update_task(file, self._principal, wanted, current)
            return current  # its document is written when the case is put back
        self._check_owner(step, current)
        wanted = self._shown(step, wanted | {"id": step.id})
        if step.entry.type == "ServiceRequest":
            self._follow_request(step, wanted, current)
        if step.entry.type == "Patient":
            if self._pad.persons:
                self._write()  # one of them may be alike
            before = parse(current.body.encode()) if current.body else {}
            follow_correction(self._uow.session, before, wanted, step.id, self._now)
        method = "PATCH" if step.action == "patch" else "PUT"
        stored = self._store.update(wanted, method=method)
        self._relabel(wanted, current)
        self._fresh[step.entry.type, step.id] = wanted
        self._audit(method.lower(), stored.reference, stored.person, stored.version)
        return stored

    def _relabel(self, wanted: dict[str, Any], current: Stored) -> None:
        """What a new label says of who may read it, holds for each case that it came with."""
        before = parse(current.body.encode()) if '"security"' in current.body else {}
        if label_of(before) == label_of(wanted):
            return
        came = select(CaseDocument.case).where(
            CaseDocument.type == current.type, CaseDocument.id == current.id
        )
        self._open(col(Case.id).in_(came))
        for case in self._uow.session.exec(came):
            if case in self._files:
                self._files[case].change_audience()

    def _delete(self, step: Step, current: Stored) -> Stored:
        self._check_owner(step, current)
        if current.deleted:
            return current  # no version is made, so that there is none to tell of
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
        if step.entry.type == "Endpoint":
            endpoints.forget(self._uow.session, step.id)
        stored = self._store.delete(step.entry.type, step.id)
        self._audit("delete", stored.reference, stored.person, stored.version)
        return stored

    def _shown(self, step: Step, resource: dict[str, Any]) -> dict[str, Any]:
        """The document of a new resource or version: what it keeps secret is kept apart."""
        if step.entry.type == "Subscription":
            resource = self._subscribe(step, resource)
        if step.entry.type == "Endpoint":
            resource = endpoints.keep(self._uow.session, step.id, resource)
        return endpoints.without_secrets_inside(resource)

    def _wanted(self, step: Step, resource: dict[str, Any]) -> registering.Registration:
        known = self._uow.session.get(SubscriptionState, step.id)
        whole = unmasked(resource, known)
        return registering.read(whole, self._desk.types, self._http, self._principal)

    def _subscribe(self, step: Step, wanted: dict[str, Any]) -> dict[str, Any]:
        """The document of a new Subscription or version, which is served if it asks for that."""
        session = self._uow.session
        if not registering.asks(wanted, self._now):
            registering.end(session, step.id, wanted)
            ended = {"status": "off"} if registering.over(wanted, self._now) else {}
            return masked(wanted) | (ended if wanted.get("status") != "error" else {})
        subscription = self._wanted(step, wanted)
        registering.keep(session, step.id, self._principal, subscription, self._now)
        shown = masked(wanted) | {"status": "requested"}
        shown.pop("error", None)
        return shown

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
        if kind == "Patient":
            if self._pad.persons:
                self._write()  # this one may be the same
            person = link_to_person(
                self._uow.session, self._pad, resource, key, UUID(self._owner), self._now
            )
            self._links[key] = Subject(person, None)
            return person
        patient = patient_of(resource)
        if patient is None:
            return None
        self._learn_subjects([patient])
        if patient in self._links:
            return self._links[patient].person
        if not self._store.seen({("Patient", patient)}, self._access):
            raise gone("The person whom this is about was erased a moment ago.")
        return None

    def _learn_subjects(self, patients: Iterable[str]) -> None:
        """Whom Patients are about, held from the first time that this request asks."""
        unknown = set(patients) - self._links.keys()
        if unknown:
            self._links |= hold_subjects(self._uow.session, unknown)

    def _is_cared_for(self, patient: Stored) -> bool:
        open_cases = (
            select(Case.id)
            .join(Worklist, col(Worklist.case) == col(Case.id))
            .where(Case.person == patient.person, Case.patient == patient.id, col(Worklist.open))
        )
        return self._uow.session.exec(open_cases.limit(1)).first() is not None

    def _hold_identifiers(
        self, steps: Iterable[Step], submissions: Mapping[int, UUID | None]
    ) -> None:
        """One number, one referral: whoever creates or updates what is a referral, or may be.

        Args:
            steps: of the request.
            submissions: what a repeat is answered with, by the identity of the entry.
        """
        meanings = []
        for step in steps:
            if step.entry.type != "ServiceRequest" or step.action not in _STARTS:
                continue
            if self._sends_referrals() or self._file_of_request(step.id) is not None:
                request = self._fresh["ServiceRequest", step.id]
                found = dict(identifiers_of(request, step.entry.path or "ServiceRequest"))
                again = submissions[id(step.entry)] if step.entry.method == "POST" else None
                meanings.append(Meaning(step.id, found, again))
        hold(self._uow.session, UUID(self._owner), meanings)

    def _join_documents(self, steps: Iterable[Step]) -> None:
        """What an updated request refers to now is for its readers too, while anybody cares."""
        attachments = Attachments(self._store, self._access, self._owner, self._fresh)
        for step in steps:
            if step.entry.type != "ServiceRequest" or step.action not in _STARTS:
                continue
            file = self._file_of_request(step.id)
            if file is not None and not state_of(file.triage).ended:
                file.join(attachments.of(self._fresh["ServiceRequest", step.id], ()))

    def _audit(self, action: str, reference: str, person: UUID | None, version: int) -> None:
        self._pad.audit(
            self._principal, action, reference, self._now, person=person, version=version
        )

    def _reread(self, steps: Iterable[Step], results: dict[int, WriteResult]) -> None:
        """Task documents are written when their case is put back: name the version that is now."""
        for step in steps:
            if step.entry.type == "Task" and step.action in {"update", "patch"}:
                results[id(step.entry)].stored = self._store.lock("Task", step.id)

    # --- referrals that the request starts --------------------------------------------------------

    def _start_referrals(
        self, steps: Sequence[Step], results: dict[int, WriteResult], *, beside: set[Document]
    ) -> None:
        found = {**self._resolver.found, **_existing(steps)}
        attachments = Attachments(
            self._store, self._access, self._owner, self._fresh, found.values()
        )
        starting = [
            step
            for step in steps
            if step.entry.type == "ServiceRequest"
            and step.action in _STARTS
            and self._file_of_request(step.id) is None
        ]
        requests = {step.id: self._fresh["ServiceRequest", step.id] for step in starting}
        patients = {patient_of(each) for each in requests.values()} - {None}
        self._learn_subjects(str(each) for each in patients if ("Patient", each) in found)
        opened = Opened(self._desk, self._uow, self._store, self._pad, self._principal, self._links)
        opened.open(starting, requests, beside, attachments, results)


def ids_of(steps: Iterable[Step]) -> dict[int, str]:
    """What each entry is about, by the entry's identity."""
    return {id(step.entry): step.id for step in steps}


def _sent_beside(steps: Iterable[Step]) -> set[Document]:
    """The documents that came in one request, or that it means by its conditions."""
    sent = {
        (step.entry.type, step.id)
        for step in steps
        if step.action in {"create", "unchanged"} and step.id
    }
    return {each for each in sent if each[0] != "Subscription"}


def _existing(steps: Iterable[Step]) -> dict[Document, Stored]:
    """What conditions matched."""
    matched = (step.existing for step in steps if step.action == "unchanged")
    return {(each.type, each.id): each for each in matched if each is not None}


def _stands_alone(steps: Sequence[Step]) -> bool:
    """Whether a request is one create of what concerns nobody here and has no other rows."""
    if len(steps) != 1 or steps[0].action != "create" or steps[0].resource is None:
        return False
    kind, resource = steps[0].entry.type, steps[0].resource
    return kind not in {"Endpoint", "Patient", "Subscription"} and patient_of(resource) is None


def _people_first(steps: Iterable[Step]) -> list[Step]:
    """R4's order, with Patients first among creates: others carry the key of their person."""
    return sorted(
        steps,
        key=lambda step: 0 if step.action == "delete" else 1 if _makes_patient(step) else 2,
    )


def _makes_patient(step: Step) -> bool:
    return step.action == "create" and step.entry.type == "Patient"
