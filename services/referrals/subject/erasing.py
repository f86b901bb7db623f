"""A person is erased: one transaction here, an event for whoever else keeps something (care 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.referrals.casefile import CaseFile, state_of
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.membership import take_out
from services.referrals.persons import Overtaken, again_if_overtaken, hold_persons
from services.referrals.subject.finding import Subject, subject_of
from services.referrals.subject.holdings import DOCUMENTS_STAY, HOLDINGS
from services.referrals.subject.operators import operator
from services.referrals.subscriptions import registering
from services.referrals.tables import (
    Erasure,
    IdentityView,
    ListedProvider,
    Person,
    Worklist,
    Worry,
)
from services.referrals.trail import note
from shared.database import UnitOfWork
from shared.holdings import Effect
from shared.holdings import erase as erase_rows
from shared.messaging.events import (
    PersonErased,
    ReferralCancelled,
    ReferralEndedEarly,
    ReferralWithdrawn,
)
from shared.repeating import repeating

ASKED_FOR = ("person-asked", "sent-by-mistake", "court-order")
"""Why somebody asks for an erasure."""
REASONS = (*ASKED_FOR, "kept-long-enough", "restored-backup")
"""Why a person is erased; codes, so that the list of erasures says nothing about anyone."""


class Held(Exception):
    """A legal hold: nothing about the person may be erased until it is lifted."""


class StillOpen(Exception):
    """The person is being cared for, or somebody is worried about them.

    Args:
        cases: how many of their cases are open.
        worries: how many worries about them are open, in whichever of their cases.
    """

    def __init__(self, cases: int, worries: int) -> None:
        super().__init__(cases, worries)
        self.cases = cases
        self.worries = worries


@dataclass(frozen=True)
class Recipient:
    """A provider that was told who the person is, and must be told of the erasure (Art. 19)."""

    provider: UUID
    name: str
    views: int


@dataclass(frozen=True)
class Erased:
    """What an erasure did.

    Attributes:
        subject: whom it concerned, ids only.
        effects: what went and what stays, with the reason.
        recipients: who had been told who the person is.
        cases: how many of their cases were open.
        worries: how many worries about them were open.
    """

    subject: Subject
    effects: Sequence[Effect]
    recipients: Sequence[Recipient]
    cases: int = 0
    worries: int = 0


@again_if_overtaken
@repeating
def erase(
    desk: Desk,
    person: UUID,
    *,
    by: str,
    reason: str,
    even_if_open: bool = False,
    even_if_held: bool = False,
    commit: bool = True,
) -> Erased:
    """Erase a person here and tell the other services.

    Open cases are ended first, as if they were withdrawn, so that nobody goes on waiting for the
    person and every message stops. A worry stays open until a person closes it (care 11), so one
    that is open stops an erasure, also where its case has ended. Erasing again finds what came
    since, and tells the others again.

    Args:
        desk: what every use case works with.
        person: their id, or that of a record merged into theirs.
        by: the operator who does it.
        reason: one of `REASONS`.
        even_if_open: also while a case or a worry is open.
        even_if_held: also under a legal hold; only for what was erased before (a restored backup).
        commit: false shows what would be done and does nothing.

    Raises:
        NoSuchPerson: there is no such record.
        Held: there is a legal hold.
        StillOpen: a case or a worry is open.
    """
    with desk.work() as uow:
        subject = _locked(uow, person)
        if _held(uow, subject) and not even_if_held:
            raise Held
        open_cases, worries = _open(uow, subject), _worries(uow, subject)
        if (open_cases or worries) and not even_if_open:
            raise StillOpen(len(open_cases), worries)
        for case in open_cases:
            _end(CaseFile.open(desk, uow, case, operator(by)))
        subject = subject_of(uow.session, subject.person)  # with what ending the cases wrote
        recipients = _recipients(uow, subject)
        for subscription in subject.subscriptions:
            registering.stop(uow.session, subscription)
        uow.session.flush()
        count = desk.store(uow).erase(subject.documents, subject.person)
        effects = [Effect("documents", count, gone=False, why=DOCUMENTS_STAY)]
        groups = take_out(desk.store(uow), uow.session, subject.patients)
        effects += [Effect("memberships of Groups", groups, gone=True)] if groups else []
        effects += erase_rows(uow.session.connection(), HOLDINGS, subject.traces)
        effects += _left_alone(subject)
        _list(uow, subject, by=by, reason=reason)
        record = f"person/{subject.person}"
        note(uow.session, operator(by), "erase", record, desk.clock(), person=subject.person)
        tell(desk, uow, subject.person, subject.cases)
        uow.session.flush()
        if commit:
            uow.commit()
        return Erased(subject, effects, recipients, len(open_cases), worries)


def _locked(uow: UnitOfWork, person: UUID) -> Subject:
    """The person with their records, cases and links locked, in the order that all keep.

    A referral that is being opened, and any document that is being sent about one of the Patients,
    holds its link: this waits for it and takes it along.

    Raises:
        Overtaken: something arrived meanwhile, or the records were merged or taken apart.
    """
    before = subject_of(uow.session, person)
    hold_persons(uow.session, before.persons)
    now = subject_of(uow.session, person)
    if set(now.persons) != set(before.persons):
        raise Overtaken
    return now


def _held(uow: UnitOfWork, subject: Subject) -> bool:
    held = select(Person.id).where(col(Person.id).in_(subject.persons), col(Person.legal_hold))
    return uow.session.exec(held.limit(1)).first() is not None


def _open(uow: UnitOfWork, subject: Subject) -> Sequence[UUID]:
    found = select(Worklist.case).where(col(Worklist.case).in_(subject.cases), col(Worklist.open))
    return uow.session.exec(found.order_by(col(Worklist.case))).all()


def _worries(uow: UnitOfWork, subject: Subject) -> int:
    """How many are open; the cases are locked, so that none is raised meanwhile."""
    found = select(func.count()).select_from(Worry)
    found = found.where(col(Worry.case).in_(subject.cases), col(Worry.closed).is_(None))
    return uow.session.exec(found).one()


def _end(file: CaseFile) -> None:
    """End a case by the steps that its own people would take, and tell everybody concerned."""
    for task in file.open_provider_tasks():
        if task.status == "in-progress":
            file.step(task, "end-early", Actor.LINK_WORKER)
            file.announce(ReferralEndedEarly(**file.about(task)))
        else:
            file.step(task, "withdraw", Actor.SENDER)
            file.announce(ReferralCancelled(**file.about(task), reason="withdrawn"))
    triage = file.triage
    if not state_of(triage).ended:
        if triage.business == "withdrawal-asked":
            file.step(triage, "person-ends", Actor.LINK_WORKER)
        else:
            started = triage.status in {"in-progress", "on-hold"}
            file.step(triage, "withdraw-started" if started else "withdraw", Actor.SENDER)
        file.announce(ReferralWithdrawn(**file.context(), by="erasure"))
    file.finish()


def _recipients(uow: UnitOfWork, subject: Subject) -> list[Recipient]:
    views = (
        select(IdentityView.provider, func.count())
        .where(col(IdentityView.task).in_(subject.tasks))
        .group_by(col(IdentityView.provider))
        .order_by(col(IdentityView.provider))
    )
    found = []
    for provider, count in uow.session.exec(views):
        listed = uow.session.get(ListedProvider, provider)
        found.append(Recipient(provider, listed.name if listed else "", count))
    return found


def _left_alone(subject: Subject) -> list[Effect]:
    left = (
        Effect(
            "documents about staff and places",
            subject.staff,
            gone=False,
            why="left as they are: they came with the referrals and concern no patient",
        ),
        Effect(
            "documents about somebody else now",
            subject.others,
            gone=False,
            why="left as they are: their sender has corrected whom they are about; ask the sender"
            " to delete what the earlier versions say",
        ),
        Effect(
            "Subscriptions by a name or a place",
            len(subject.naming_others),
            gone=False,
            why="left as they are: others have that name or live there, and a client would hear no"
            " more of them; ask each client to change its Subscription if it meant this person"
            f" (`kersey subscriptions list`): {', '.join(subject.naming_others)}",
        ),
    )
    return [each for each in left if each.rows]


def _list(uow: UnitOfWork, subject: Subject, *, by: str, reason: str) -> None:
    """Put the person on the list; who is on it already stays as first erased."""
    uow.session.connection().execute(
        insert(Erasure)
        .values(
            person=subject.person,
            persons=[str(each) for each in subject.persons],
            cases=[str(each) for each in subject.cases],
            reason=reason,
            asked_by=by,
            erased=func.now(),
            told=func.now(),
        )
        .on_conflict_do_update(
            index_elements=["person"],
            set_={
                "persons": [str(each) for each in subject.persons],
                "cases": [str(each) for each in subject.cases],
                "told": func.now(),
            },
        )
    )


def tell(desk: Desk, uow: UnitOfWork, person: UUID, cases: Sequence[UUID]) -> None:
    """Have every service that keeps something erase it, once this transaction is durable.

    The version is the time, in milliseconds: it rises over a restored backup too.
    """
    version = int(desk.clock().timestamp() * 1000)
    desk.outbox.add(uow, PersonErased(person=person, cases=tuple(cases)), version=version)
