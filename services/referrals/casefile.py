"""A case opened for writing: locked, read, changed, and put back as one.

Every workflow write goes through here, so that the order is always the same: lock the case row,
read its Tasks, decide by the table in `domain`, then write rows, documents, readers, worklist,
audit and events in the one transaction. `If-Match` on a Task alone could not see a cancellation
beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from services.referrals import codes, domain, resources, visits
from services.referrals.bars.telling import tell_sender
from services.referrals.desk import Desk
from services.referrals.domain import Actor, Kind, Refused, State, Transition
from services.referrals.gp import occasions
from services.referrals.gp.readers import regrant
from services.referrals.pad import Pad
from services.referrals.plan import documents as plan
from services.referrals.readers import (
    Label,
    Readers,
    is_apart,
    label_in,
    label_of,
    readers_of,
    readers_of_labelled,
    readers_of_sent,
)
from services.referrals.tables import (
    Activity,
    Agreement,
    Case,
    CaseDocument,
    CaseTask,
    CodeReturned,
    FirstVisit,
    OnwardRequest,
    Person,
    PlaceHub,
    Worklist,
)
from services.referrals.trail import note
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.json import parse
from shared.fhir.store import Stored
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
    """

    def __init__(
        self,
        desk: Desk,
        uow: UnitOfWork,
        case: Case,
        by: Principal | None,
    ) -> None:
        self.desk = desk
        self.uow = uow
        self.case = case
        self.by = by
        self.now: datetime = desk.clock()
        self.store = desk.store(uow)
        self.pad = Pad(uow, self.store)
        self.tasks: dict[str, CaseTask] = {}
        self.onward: dict[str, OnwardRequest] = {}
        self.agreements: dict[str, Agreement] = {}
        self.visits: dict[str, FirstVisit] = {}
        self._changed: dict[str, CaseTask] = {}
        self._created: set[str] = set()
        self._documents: list[resources.Resource] = []
        self._events: list[CaseEvent] = []
        self._audience_changed = False
        self._of_case: list[Any] = []
        self.for_practice: Mapping[str, Any] = {}
        """What the link worker wrote for the practice, when the case is closed."""
        self._read()

    @classmethod
    def open(cls, desk: Desk, uow: UnitOfWork, case: UUID, by: Principal | None) -> "CaseFile":
        """Lock a case and read it.

        Raises:
            NoSuchCase: there is none with this id, or its person was erased.
        """
        return cls._locked(desk, uow, col(Case.id) == case, by)

    @classmethod
    def _locked(
        cls, desk: Desk, uow: UnitOfWork, which: ColumnElement[bool], by: Principal | None
    ) -> "CaseFile":
        locked = select(Case).where(which, col(Case.erased).is_(None)).with_for_update()
        row = uow.session.exec(locked).one_or_none()
        if row is None:
            raise NoSuchCase
        return cls(desk, uow, row, by)

    @classmethod
    def peek(cls, desk: Desk, uow: UnitOfWork, task: str, by: Principal | None) -> "CaseFile":
        """Read the case that a Task belongs to without locking it; nothing may be changed."""
        found = select(Case).where(_of_task(task), col(Case.erased).is_(None))
        row = uow.session.exec(found).one_or_none()
        if row is None:
            raise NoSuchCase
        return cls(desk, uow, row, by)

    @classmethod
    def of_task(cls, desk: Desk, uow: UnitOfWork, task: str, by: Principal | None) -> "CaseFile":
        """Lock the case that a Task belongs to and read it; see `open`."""
        return cls._locked(desk, uow, _of_task(task), by)

    def _read(self) -> None:
        """Read what nearly every step needs, by one statement, after the lock: what was read with
        the lock is from before the wait for it. The session then knows the worklist's row, the hub
        and the person by their keys, as long as somebody holds them: `_of_case` does.
        """
        rows = self.uow.session.execute(_OF_CASE.where(col(CaseTask.case) == self.case.id)).all()
        for task, asked, agreement, visit, *of_case in rows:
            self._of_case = of_case
            self.tasks[task.id] = task
            if asked is not None:
                self.onward[task.id] = asked
            if agreement is not None:
                self.agreements[task.id] = agreement
            if visit is not None:
                self.visits[task.id] = visit

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
        return self.agreements.get(task)

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

    def update_document(self, body: resources.Resource) -> None:
        """Give a document of Kersey's own a new version that the same readers read."""
        kind, key = body["resourceType"], body["id"]
        if content_of(self.store.lock(kind, key)) != body:
            stored = self.store.update(body)
            self.audit("update", f"{kind}/{key}", stored.version)

    def update_visit(self, visit: FirstVisit, task: CaseTask) -> None:
        """Have the Appointment of a first visit follow it; when it was made stays as it was."""
        body = visits.appointment(visit, task, self.case, self.onward[task.id])
        made = content_of(self.store.lock("Appointment", visit.appointment))["created"]
        self.update_document(body | {"created": made})

    def rewrite(self, body: resources.Resource) -> None:
        """Give a document of Kersey's own a new version, if it says something new.

        Its readers' view of earlier versions ends with it: what was shared once must not stay
        readable in the history after an agreement ended.
        """
        kind, key = body["resourceType"], body["id"]
        before = content_of(self.store.lock(kind, key))
        if before != body:
            of_tasks = self._readers_of_tasks()  # asks nothing, and has most of what is rewritten
            readers = of_tasks.get((kind, key)) or self._readers_of_own()[kind, key]
            self.store.regrant(kind, key, ())
            stored = self.store.update(body, grants=readers)
            self.audit("update", f"{kind}/{key}", stored.version)

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
        """Have an event published once this transaction is durable.

        Of a case that stays with its provider nobody else hears anything.
        """
        if not self.apart:
            self._events.append(event)

    @property
    def apart(self) -> bool:
        """Whether no link worker and no hub hears of the case; see `domain.WITH_PROVIDER`."""
        return is_apart(self.triage)

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

    def audit(self, action: str, record: str, version: int | None = None) -> None:
        """Write who did this into the audit trail, and which version of a document it made."""
        case, session = self.case, self.uow.session
        concerns: dict[str, Any] = {"person": case.person, "case": case.id, "version": version}
        note(session, self.by, action, record, self.now, **concerns)

    # --- putting it back --------------------------------------------------------------------------

    def change_audience(self) -> None:
        """Have the readers of every document rewritten at the end: another team cares now."""
        self._audience_changed = True

    def finish(self) -> None:
        """Write everything that follows from the steps; the caller commits."""
        self.case.version += 1
        self.case.updated = self.now
        session = self.uow.session
        session.add(self.case)
        session.flush()
        written = self._created or self._documents
        readers = self._readers() if self._audience_changed or written else {}
        self.draft(readers)
        self._write_tasks()
        self._write_visits()
        self.store.regrant_all(
            {each: grants for each, grants in readers.items() if each not in self.pad.documents}
        )
        if self._audience_changed:
            regrant(session, self.store, self.case)
        session.add(self.worklist(session.get(Worklist, self.case.id)))
        session.flush()
        self._tell_others()
        self.pad.write()

    def _tell_others(self) -> None:
        """Have the practice and the sender told by messages, as what is announced has it."""
        by = self.by.subject if self.by else "clock"
        session, case = self.uow.session, self.case
        if occasions.heed(
            session, case, self._events, by=by, now=self.now, words=self.for_practice
        ):
            self.uow.on_commit(self.desk.posting.set)
        if tell_sender(session, self.store, case, self.tasks, self._events):
            self.uow.on_commit(self.desk.answering.set)
        session.flush()

    def draft(self, readers: Readers) -> None:
        """Note the new documents of Kersey's own and the events, for the pad to write.

        Args:
            readers: of each document.
        """
        new = [self.task_body(self.tasks[key]) for key in self._changed if key in self._created]
        for body in (*self._documents, *new):
            kind, key = body["resourceType"], body["id"]
            grants, person = readers[kind, key], self.case.person
            self.pad.draft(body, key, owner=KERSEY, grants=grants, person=person)
            self.audit("create", f"{kind}/{key}", 1)
        for n, event in enumerate(self._events):
            self.pad.tell(self.desk.outbox, event, version=self.case.version, n=n)

    def task_body(
        self, task: CaseTask, returned: Iterable[CodeReturned] = ()
    ) -> resources.Resource:
        """A Task of the case as its readers see it."""
        return resources.task(task, self.case, self.onward.get(task.id), returned)

    def _write_tasks(self) -> None:
        session = self.uow.session
        moved = [each for each in self._changed.values() if each.id not in self._created]
        asked = [each for each in moved if each.kind == Kind.PROVIDER]
        self.store.lock_all(
            [("Task", each.id) for each in moved]
            + [("ServiceRequest", each.service_request) for each in asked]
        )
        for task in self._changed.values():
            session.add(task)
            if task.id in self._created:
                continue
            returned: Iterable[CodeReturned] = ()
            if task.kind == Kind.TRIAGE:
                of_case = select(CodeReturned).where(CodeReturned.case == self.case.id)
                returned = session.exec(of_case).all()
            stored = self.store.update(self.task_body(task, returned))
            self.audit(task.business, stored.reference, stored.version)
            if task.kind == Kind.PROVIDER:
                self._write_onward_standing(task)

    def _write_visits(self) -> None:
        """Have the first visits of Tasks that moved on follow them."""
        moved = [each for each in self._changed.values() if each.kind == Kind.PROVIDER]
        for task in moved if any(each.id not in self._created for each in moved) else ():
            visit = self.visits.get(task.id)
            if visit is None:
                continue
            status = visits.status_of(state_of(task), ahead=visit.starts > self.now)
            # What was called off stays so, whatever comes of the place.
            if visit.status not in (status, visits.CANCELLED):
                visit.status = status
                visit.changed = self.now
                self.uow.session.add(visit)
                self.update_visit(visit, task)

    def _write_onward_standing(self, task: CaseTask) -> None:
        before = content_of(self.store.lock("ServiceRequest", task.service_request))
        after = resources.with_standing(before, state_of(task), self.case.priority)
        if after != before:
            stored = self.store.update(after)
            self.audit(task.business, stored.reference, stored.version)

    def _readers(self) -> Readers:
        session = self.uow.session
        documents = session.exec(
            select(CaseDocument.type, CaseDocument.id)
            .where(CaseDocument.case == self.case.id)
            .order_by(col(CaseDocument.type), col(CaseDocument.id))
        ).all()
        # Cases that share one take turns: each must see who reads it for the other's sake.
        held = self.store.lock_all(documents)
        labels = {document: self._label(held[document]) for document in documents}
        readers = self._readers_of_own(labels)
        for document, grants in self._of_other_cases(labels).items():
            readers[document] |= grants
        return readers

    def _label(self, sent: Stored) -> Label:
        """How confidential a document is that came with the referral."""
        label = label_of(parse(sent.body.encode())) if '"security"' in sent.body else ""
        person = self.uow.session.get(Person, self.case.person) if self.case.person else None
        restricted = person is not None and person.restricted
        return label_in(self.case, (sent.type, sent.id), label, restricted=restricted)

    def _readers_of_own(self, sent: Mapping[tuple[str, str], Label] | None = None) -> Readers:
        """Readers of what Kersey wrote for this case, and of `sent` for its sake alone."""
        readers = self._readers_of_tasks(sent)
        _, caring = readers_of_sent(self.case.organisation, self.case.team, self._hub)
        for document in plan.of_case(self.uow.session, self.case.id):
            readers[document] = {caring}
        for visit in self.visits.values():
            readers["Appointment", visit.appointment] = readers["Task", visit.task]
        for body in self._documents:
            readers.setdefault((body["resourceType"], body["id"]), {caring})
        return readers

    def _readers_of_tasks(self, sent: Mapping[tuple[str, str], Label] | None = None) -> Readers:
        """Readers of the Tasks, of what providers are asked, and of `sent`."""
        asked = self.onward.values()
        return readers_of(self.case, self.tasks.values(), asked, sent or {}, self._hub)

    @property
    def _hub(self) -> UUID:
        """The organisation of the case's hub."""
        return self.uow.session.get_one(PlaceHub, self.case.hub).organisation

    def _of_other_cases(self, documents: Mapping[tuple[str, str], Label]) -> Readers:
        """Who cares for another case that the same document came with: a second referral."""
        found: Readers = {}
        columns = (col(CaseDocument.type), col(CaseDocument.id))
        rows = self.uow.session.execute(
            sql_select(*columns, col(Case.organisation), col(Case.team), col(PlaceHub.organisation))
            .where(tuple_(*columns).in_(list(documents)), col(CaseDocument.case) != self.case.id)
            .join(Case, col(Case.id) == col(CaseDocument.case))
            .join(PlaceHub, col(PlaceHub.code) == col(Case.hub))
            .distinct()
        )
        for kind, key, organisation, team, hub in rows:
            readers = readers_of_labelled(organisation, team, hub, documents[kind, key])
            found.setdefault((kind, key), set()).update(readers)
        return found

    def worklist(self, row: Worklist | None) -> Worklist:
        """The case's row for lists as it is from now on.

        Args:
            row: as it was; None where there is none.
        """
        row = row or Worklist(
            case=self.case.id,
            hub=self.case.hub,
            state="",
            since=self.now,
            updated=self.now,
        )
        triage = self.triage
        providers = self.provider_tasks()
        # A case that stays with its provider is on nobody's list.
        row.team, row.hub = self.case.team, "" if self.apart else self.case.hub
        row.allocated_to = self.case.allocated_to
        row.state = triage.business
        row.unrouted = triage.business == domain.UNROUTED.business
        row.open = not state_of(triage).ended and not self.apart
        row.provider_state = providers[-1].business if providers else None
        row.urgent = self.case.priority in domain.URGENT
        row.updated = self.now
        if triage.id in self._changed:
            row.left_lying = False
        waiting = [each for each in providers if state_of(each) == domain.AWAITING_ANSWER]
        row.closes = min((each.closes for each in waiting if each.closes), default=None)
        row.silent_from = min(
            (each.silent_from for each in waiting if each.silent_from), default=None
        )
        row.agreement_ends = self._agreement_ends() if providers else None
        row.delivery_state = _heard(waiting or providers[-1:])
        return row

    def _agreement_ends(self) -> datetime | None:
        """When the first agreement ends that may still share something; what was shared before its
        end stays shared (care 7b)."""
        open_to = (self.agreement(each.id) for each in self.open_provider_tasks())
        unused = [each for each in open_to if each and each.items and not each.used]
        ends = (each.expires for each in unused if each.expires and not each.withdrawn)
        return min(ends, default=None)


def _heard(asked: Sequence[CaseTask]) -> str | None:
    """Whether providers heard that they are asked: the one that did not is what matters."""
    heard = {each.delivery_state for each in asked}
    return next((state for state in ("failed", None, "delivered") if state in heard), None)


_OF_CASE = (
    sql_select(CaseTask, OnwardRequest, Agreement, FirstVisit, Worklist, PlaceHub, Person)
    .select_from(CaseTask)
    .join(Case, col(Case.id) == col(CaseTask.case))
    .outerjoin(OnwardRequest, col(OnwardRequest.task) == col(CaseTask.id))
    .outerjoin(Agreement, col(Agreement.task) == col(CaseTask.id))
    .outerjoin(FirstVisit, col(FirstVisit.task) == col(CaseTask.id))
    .outerjoin(Worklist, col(Worklist.case) == col(Case.id))
    .outerjoin(PlaceHub, col(PlaceHub.code) == col(Case.hub))
    .outerjoin(Person, col(Person.id) == col(Case.person))
    .order_by(col(CaseTask.created), col(CaseTask.id))
)
"""The Tasks of a case, each with what belongs to it, and what there is of the case itself."""


def _of_task(task: str) -> ColumnElement[bool]:
    """Says of a case that a Task is one of its own."""
    belongs = sql_select(col(CaseTask.case)).where(col(CaseTask.id) == task)
    return col(Case.id) == belongs.scalar_subquery()


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
