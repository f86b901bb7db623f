"""A case opened for writing: locked, read, changed, and put back as one.

Every workflow write goes through here, so that the order is always the same: lock the case row,
read its Tasks, decide by the table in `domain`, then write rows, documents, readers, worklist,
audit and events in the one transaction. `If-Match` on a Task alone could not see a cancellation
beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select as sql_select
from sqlalchemy import tuple_
from sqlmodel import col, select

from services.referrals import codes, domain, resources
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Kind, Refused, State, Transition
from services.referrals.readers import Readers, readers_of, readers_of_sent
from services.referrals.tables import (
    Activity,
    Agreement,
    Case,
    CaseDocument,
    CaseTask,
    CodeReturned,
    OnwardRequest,
    PlaceHub,
    Worklist,
)
from services.referrals.trail import note
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.json import parse
from shared.fhir.store import Grant, Stored
from shared.messaging.events import CaseEvent


class NoSuchCase(Exception):
    """There is no such case or Task."""


class CaseFile:
    """One locked case within a transaction.

    Args:
        desk: what every use case works with.
        uow: the transaction; the caller commits it.
        case: the case's row, already locked or not yet visible to anyone else.
        by: who does this; None for the clock.
        new: whether the case is being opened in this very transaction.
    """

    def __init__(
        self,
        desk: Desk,
        uow: UnitOfWork,
        case: Case,
        by: Principal | None,
        *,
        new: bool = False,
    ) -> None:
        self.desk = desk
        self.uow = uow
        self.case = case
        self.by = by
        self.now: datetime = desk.clock()
        self.store = desk.store(uow)
        self.tasks: dict[str, CaseTask] = {}
        self.onward: dict[str, OnwardRequest] = {}
        self._changed: dict[str, CaseTask] = {}
        self._created: set[str] = set()
        self._documents: list[resources.Resource] = []
        self._events: list[CaseEvent] = []
        self._new = new
        self._audience_changed = False
        self._read()

    @classmethod
    def open(cls, desk: Desk, uow: UnitOfWork, case: UUID, by: Principal | None) -> "CaseFile":
        """Lock a case and read it.

        Raises:
            NoSuchCase: there is none with this id, or its person was erased.
        """
        locked = select(Case).where(Case.id == case, col(Case.erased).is_(None)).with_for_update()
        row = uow.session.exec(locked).one_or_none()
        if row is None:
            raise NoSuchCase
        return cls(desk, uow, row, by)

    @classmethod
    def peek(cls, desk: Desk, uow: UnitOfWork, task: str, by: Principal | None) -> "CaseFile":
        """Read the case that a Task belongs to without locking it; nothing may be changed."""
        of_task = select(Case).join(CaseTask, col(CaseTask.case) == col(Case.id))
        of_task = of_task.where(col(Case.erased).is_(None))
        row = uow.session.exec(of_task.where(CaseTask.id == task)).one_or_none()
        if row is None:
            raise NoSuchCase
        return cls(desk, uow, row, by)

    @classmethod
    def of_task(cls, desk: Desk, uow: UnitOfWork, task: str, by: Principal | None) -> "CaseFile":
        """Lock the case that a Task belongs to and read it; see `open`."""
        case = uow.session.exec(select(CaseTask.case).where(CaseTask.id == task)).one_or_none()
        if case is None:
            raise NoSuchCase
        return cls.open(desk, uow, case, by)

    def _read(self) -> None:
        session = self.uow.session
        rows = select(CaseTask).where(CaseTask.case == self.case.id)
        rows = rows.order_by(col(CaseTask.created), col(CaseTask.id))
        self.tasks = {task.id: task for task in session.exec(rows)}
        asked = select(OnwardRequest).where(col(OnwardRequest.task).in_(self.tasks))
        self.onward = {request.task: request for request in session.exec(asked)}

    # --- what the case is now ---------------------------------------------------------------------

    @property
    def triage(self) -> CaseTask:
        """The Task of the link-worker service."""
        return next(task for task in self.tasks.values() if task.kind == Kind.TRIAGE)

    def provider_tasks(self) -> list[CaseTask]:
        """The Tasks that asked a provider, oldest first."""
        return [task for task in self.tasks.values() if task.kind == Kind.PROVIDER]

    def open_provider_tasks(self) -> list[CaseTask]:
        """Those in which something may still happen."""
        return [task for task in self.provider_tasks() if not state_of(task).ended]

    def task(self, key: str) -> CaseTask:
        """One of its Tasks.

        Raises:
            NoSuchCase: it is not one of this case.
        """
        try:
            return self.tasks[key]
        except KeyError:
            raise NoSuchCase from None

    def provider_task(self, key: str) -> CaseTask:
        """One of its Tasks that ask a provider.

        Raises:
            NoSuchCase: it is none.
        """
        task = self.task(key)
        if task.kind != Kind.PROVIDER:
            raise NoSuchCase
        return task

    def agreement(self, task: str) -> Agreement | None:
        """The person's agreement to share with this Task's provider."""
        return self.uow.session.exec(select(Agreement).where(Agreement.task == task)).one_or_none()

    def began(self, task: str) -> date | None:
        """The first day that was recorded of this Task's activity."""
        recorded = select(Activity).where(Activity.task == task).order_by(col(Activity.day))
        first = self.uow.session.exec(recorded.limit(1)).first()
        return first.day if first else None

    # --- changing it ------------------------------------------------------------------------------

    def step(
        self, task: CaseTask, action: str, actor: Actor, reason: str | None = None
    ) -> Transition:
        """Move one Task.

        Raises:
            Refused: the table does not allow it; nothing was changed.
        """
        before = state_of(task)
        transition = domain.decide(Kind(task.kind), before, action, actor, reason)
        after = transition.after(before)
        task.status, task.business = after.status, after.business
        task.reason = reason
        self.touch(task)
        return transition

    def touch(self, task: CaseTask) -> None:
        """Have a Task's row and document written at the end, with a new version."""
        task.updated = self.now
        self._changed[task.id] = task

    def add_task(self, task: CaseTask) -> None:
        """Put a new Task in the case."""
        self.tasks[task.id] = task
        self._created.add(task.id)
        self.uow.session.add(task)
        self.uow.session.flush()
        self._changed[task.id] = task

    def add_document(self, body: resources.Resource) -> None:
        """Have a document of Kersey's own created at the end, readable as `readers_of` says."""
        self._documents.append(body)

    def rewrite(self, body: resources.Resource) -> None:
        """Give a document of Kersey's own a new version, if it says something new.

        Its readers' view of earlier versions ends with it: what was shared once must not stay
        readable in the history after an agreement ended.
        """
        kind, key = body["resourceType"], body["id"]
        before = content_of(self.store.lock(kind, key))
        if before != body:
            readers = self._readers_of_own()[kind, key]
            self.store.regrant(kind, key, ())
            self.store.update(body, grants=readers)
            self.audit("update", f"{kind}/{key}")

    def join(self, documents: Iterable[tuple[str, str]]) -> None:
        """Have documents that the sender's request now refers to belong to the case."""
        session = self.uow.session
        known = session.exec(
            select(CaseDocument.type, CaseDocument.id).where(CaseDocument.case == self.case.id)
        ).all()
        more = sorted(set(documents) - set(known))
        if more:
            session.add_all(CaseDocument(case=self.case.id, type=t, id=key) for t, key in more)
            self.change_audience()

    def announce(self, event: CaseEvent) -> None:
        """Have an event published once this transaction is durable."""
        self._events.append(event)

    def context(self) -> dict[str, Any]:
        """The fields that every referral event carries."""
        return {"case": self.case.id, "team": self.case.team, "priority": self.case.priority}

    def about(self, task: CaseTask) -> dict[str, Any]:
        """The fields of an event about a provider's Task."""
        return self.context() | {
            "task": UUID(task.id),
            "service": task.service,
            "provider": task.owner,
        }

    def return_code(self, code: str) -> None:
        """Have a national code go back to the GP, once however often this is called (care 21)."""
        session = self.uow.session
        if session.get(CodeReturned, (self.case.id, code)) is None:
            already = self.case.coded_by_sender and code == codes.REFERRED
            session.add(
                CodeReturned(case=self.case.id, code=code, already_coded=already, returned=self.now)
            )
            self.touch(self.triage)

    def audit(self, action: str, record: str) -> None:
        """Write who did this into the audit trail."""
        case = self.case
        note(self.uow.session, self.by, action, record, self.now, person=case.person, case=case.id)

    # --- putting it back --------------------------------------------------------------------------

    def change_audience(self) -> None:
        """Have the readers of every document rewritten at the end: another team cares now."""
        self._audience_changed = True

    def finish(self) -> None:
        """Write everything that follows from the steps; the caller commits."""
        if not self._new:
            self.case.version += 1
        self.case.updated = self.now
        self.uow.session.add(self.case)
        self.uow.session.flush()
        grants = self._readers() if self._audience_changed or self._created else {}
        for body in self._documents:
            readers = grants[body["resourceType"], body["id"]]
            self._create(body, readers)
        self._write_tasks(grants)
        for (kind, key), readers in grants.items():
            self.store.regrant(kind, key, readers)
        self._write_worklist()
        for n, event in enumerate(self._events):
            self.desk.outbox.add(self.uow, event, version=self.case.version, n=n)
        self.uow.session.flush()

    def _write_tasks(self, grants: Readers) -> None:
        session = self.uow.session
        returned = session.exec(select(CodeReturned).where(CodeReturned.case == self.case.id)).all()
        for task in self._changed.values():
            session.add(task)
            body = resources.task(
                task,
                self.case,
                self.onward.get(task.id),
                returned if task.kind == Kind.TRIAGE else (),
            )
            if task.id in self._created:
                self._create(body, grants["Task", task.id])
                continue
            self.store.update(body)
            self.audit(task.business, f"Task/{task.id}")
            if task.kind == Kind.PROVIDER:
                self._write_onward_status(task)

    def _create(self, body: resources.Resource, readers: set[Grant]) -> None:
        person = self.case.person
        self.store.create(body, id=body["id"], owner=KERSEY, grants=readers, person=person)
        self.audit("create", f"{body['resourceType']}/{body['id']}")

    def _write_onward_status(self, task: CaseTask) -> None:
        before = content_of(self.store.lock("ServiceRequest", task.service_request))
        after = resources.with_request_status(before, state_of(task))
        if after != before:
            self.store.update(after)

    def _readers(self) -> Readers:
        session = self.uow.session
        documents = session.exec(
            select(CaseDocument.type, CaseDocument.id)
            .where(CaseDocument.case == self.case.id)
            .order_by(col(CaseDocument.type), col(CaseDocument.id))
        ).all()
        for document in documents:
            # Cases that share one take turns: each must see who reads it for the other's sake.
            self.store.lock(*document)
        readers = self._readers_of_own(documents)
        for document, grants in self._of_other_cases(documents).items():
            readers[document] |= grants
        return readers

    def _readers_of_own(self, sent: Sequence[tuple[str, str]] = ()) -> Readers:
        """Readers of what Kersey wrote for this case, and of `sent` for its sake alone."""
        hub = self.uow.session.get_one(PlaceHub, self.case.hub).organisation
        return readers_of(self.case, self.tasks.values(), self.onward.values(), sent, hub)

    def _of_other_cases(self, documents: Sequence[tuple[str, str]]) -> Readers:
        """Who cares for another case that the same document came with: a second referral."""
        found: Readers = {}
        columns = (col(CaseDocument.type), col(CaseDocument.id))
        rows = self.uow.session.execute(
            sql_select(*columns, col(Case.organisation), col(Case.team), col(PlaceHub.organisation))
            .where(tuple_(*columns).in_(documents), col(CaseDocument.case) != self.case.id)
            .join(Case, col(Case.id) == col(CaseDocument.case))
            .join(PlaceHub, col(PlaceHub.code) == col(Case.hub))
            .distinct()
        )
        for kind, key, organisation, team, hub in rows:
            readers = readers_of_sent(organisation, team, hub)
            found.setdefault((kind, key), set()).update(readers)
        return found

    def _write_worklist(self) -> None:
        session = self.uow.session
        row = session.get(Worklist, self.case.id) or Worklist(
            case=self.case.id,
            hub=self.case.hub,
            state="",
            since=self.now,
            updated=self.now,
        )
        triage = self.triage
        providers = self.provider_tasks()
        row.team, row.hub = self.case.team, self.case.hub
        row.state = triage.business
        row.unrouted = triage.business == domain.UNROUTED.business
        row.open = not state_of(triage).ended
        row.provider_state = providers[-1].business if providers else None
        row.urgent = self.case.priority in domain.URGENT
        row.updated = self.now
        session.add(row)


@contextmanager
def working_on(
    desk: Desk, by: Principal | None, *, case: UUID | None = None, task: str | None = None
) -> Iterator[CaseFile]:
    """One transaction on one case, named by itself or by one of its Tasks.

    What the block did is written and committed when it ends, and not at all when it raises.

    Raises:
        NoSuchCase: there is none.
    """
    with desk.work() as uow:
        if task is not None:
            file = CaseFile.of_task(desk, uow, task, by)
        elif case is not None:
            file = CaseFile.open(desk, uow, case, by)
        else:
            raise NoSuchCase
        yield file
        file.finish()
        uow.commit()


KERSEY = "kersey"
"""The owner of documents that Kersey writes itself; no client may change them as documents."""


def content_of(stored: Stored) -> resources.Resource:
    """A stored document as it was written: without what the store itself puts into `meta`."""
    content = parse(stored.body.encode())
    kept = {"versionId", "lastUpdated"}
    meta = {key: value for key, value in content.pop("meta", {}).items() if key not in kept}
    return content | ({"meta": meta} if meta else {})


def state_of(task: CaseTask) -> State:
    """The state that decisions are made on."""
    return State(task.status, task.business)


def refuse_unless(condition: bool, code: str, words: str, element: str) -> None:
    """Raise `Refused` where a rule beside the table does not hold."""
    if not condition:
        raise Refused(code, words, element)
