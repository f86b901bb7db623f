"""Two records of persons become one, decided by humans, and can be taken apart again.

A merge moves what says *whose* something is: links of Patients, cases, agreements, documents' keys.
What was *told* of a person (contacts, needs, equality, consents) stays where it was recorded and is
read together, so that an undoing loses none of it. Neither changes who may read any document: a
Patient stays its sender's, and a provider learns nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from services.referrals.casefile import CaseFile, NoSuchCase, refuse_unless
from services.referrals.desk import Desk
from services.referrals.handlers.proposing import Proposed, proposal_for
from services.referrals.handlers.sharing import show_agreed_again
from services.referrals.handlers.stopping import tell
from services.referrals.persons import (
    Held,
    Overtaken,
    again_if_overtaken,
    cared_for_by,
    hold_persons,
)
from services.referrals.record import FLAGS, Stop, stops_of
from services.referrals.tables import (
    Agreement,
    Case,
    CaseDocument,
    CaseTask,
    LinkProposal,
    MergeMoved,
    OnwardRequest,
    PatientLink,
    Person,
    PersonChange,
    PersonMerge,
)
from services.referrals.trail import note
from services.referrals.writing.attachments import patient_of
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.json import parse
from shared.messaging.events import PersonMerged, PersonUnmerged
from shared.repeating import repeating

SIDES = ("person_agreed_by", "candidate_agreed_by")
"""The columns of a proposal that say who agreed for which side."""


@again_if_overtaken
@repeating
def accept(desk: Desk, principal: Principal, key: UUID) -> None:
    """Agree that two records are one person; they are merged when both sides agreed.

    Args:
        desk: what every use case works with.
        principal: who stands for one of the records, or for both.
        key: the proposal's.

    Raises:
        NoSuchCase: no proposal that the asker has a part in.
        Refused: it was decided before; both records have an NHS number that was verified, and not
            the same.
    """
    with desk.work() as uow:
        session, now = uow.session, desk.clock()
        seen = _open(session, principal, key)
        _refuse_two_numbers(seen)
        proposal = seen.proposal
        for column, side in zip(SIDES, seen.sides, strict=True):
            if side.yours and getattr(proposal, column) is None:
                setattr(proposal, column, principal.subject)
        session.add(proposal)
        note(session, principal, "merge-agreed", f"proposal/{key}", now)
        missing = [
            column
            for column, side in zip(SIDES, seen.sides, strict=True)
            if side.others and getattr(proposal, column) is None
        ]
        if not missing:
            _merge(desk, uow, principal, seen, now)
            _decide(proposal, "accepted", principal, now)
        uow.commit()


@repeating
def reject(desk: Desk, principal: Principal, key: UUID) -> None:
    """Find that two records are two persons; either side may say so, and that ends it.

    Raises:
        NoSuchCase: no proposal that the asker has a part in.
        Refused: it was decided before.
    """
    with desk.work() as uow:
        session, now = uow.session, desk.clock()
        seen = _open(session, principal, key)
        _decide(seen.proposal, "rejected", principal, now)
        session.add(seen.proposal)
        note(session, principal, "merge-rejected", f"proposal/{key}", now)
        uow.commit()


@again_if_overtaken
@repeating
def undo(desk: Desk, principal: Principal, key: UUID) -> None:
    """Take two records apart again: what was moved goes back, and what came since with it.

    A Patient's later referrals follow their Patient. What stops messages stays with both where it
    was said while they were one; before that, each has again what was said of it alone.

    Args:
        desk: what every use case works with.
        principal: who stands for a case of the person.
        key: the merge's.

    Raises:
        NoSuchCase: no merge of a person for whom the asker stands.
        Refused: it was undone before, or the person was merged on with another since.
    """
    with desk.work() as uow:
        session, now = uow.session, desk.clock()
        locked = select(PersonMerge).where(PersonMerge.id == key).with_for_update()
        merge = session.exec(locked).one_or_none()
        if merge is None or not _stands_for(session, principal, merge):
            raise NoSuchCase
        refuse_unless(merge.undone is None, "conflict", "This merge was undone before.", "merge")
        held = hold_persons(session, [merge.survivor, merge.merged])
        survivor, merged = held.persons[merge.survivor], held.persons[merge.merged]
        refuse_unless(
            survivor.merged_into is None,
            "conflict",
            "The person was merged with another since; undo that first.",
            "merge",
        )
        before = {case.id: stops_of(survivor) for case in held.cases}
        merged.merged_into = None
        _move_back(desk, uow, merge, held)
        _part_stops(session, merge, survivor, merged)
        merge.undone, merge.undone_by = now, principal.subject
        _decide(session.get_one(LinkProposal, merge.proposal), "undone", principal, now)
        session.flush()
        _settle(desk, uow, principal, held, before)
        ends = {"from_person": merged.id, "to_person": survivor.id}
        for person in (survivor, merged):
            _raise_version(person, now)
            event = PersonUnmerged(person=person.id, **ends)
            desk.outbox.add(uow, event, version=person.version)
            note(session, principal, "unmerged", f"merge/{key}", now, person=person.id)
        uow.commit()


def _open(session: Session, principal: Principal, key: UUID) -> Proposed:
    seen = proposal_for(session, principal, key)
    undecided = seen.proposal.decision is None and not seen.settled
    refuse_unless(undecided, "conflict", "This was decided before.", "proposal")
    return seen


def _decide(proposal: LinkProposal, decision: str, by: Principal, now: datetime) -> None:
    proposal.decision, proposal.decided_by, proposal.decided = decision, by.subject, now


def _refuse_two_numbers(seen: Proposed) -> None:
    one, other = (side.person for side in seen.sides)
    both = one.nhs_verified and other.nhs_verified
    refuse_unless(
        not both or one.nhs_number == other.nhs_number,
        "business-rule",
        "Both records have an NHS number that was verified, and not the same: have them traced.",
        "proposal",
    )


def _merge(
    desk: Desk, uow: UnitOfWork, principal: Principal, seen: Proposed, now: datetime
) -> None:
    session = uow.session
    held = hold_persons(session, [side.person.id for side in seen.sides])
    if any(person.merged_into for person in held.persons.values()):
        raise Overtaken
    survivor, merged = sorted(
        held.persons.values(), key=lambda each: (not each.nhs_verified, each.created, each.id)
    )
    before = {case.id: stops_of(held.persons[case.person]) for case in held.cases if case.person}
    merge = PersonMerge(
        survivor=survivor.id,
        merged=merged.id,
        proposal=seen.proposal.id,
        survivor_version=survivor.version + 1,
        survivor_stops=[flag for flag in FLAGS if getattr(survivor, flag)],
        made=now,
        made_by=principal.subject,
    )
    session.add(merge)
    session.flush()
    merged.merged_into = survivor.id
    for flag in FLAGS:  # the stricter of the two counts (care 12)
        setattr(survivor, flag, getattr(survivor, flag) or getattr(merged, flag))
    _move(desk, uow, merge, held)
    _settle(desk, uow, principal, held, before)
    ends = {"from_person": merged.id, "to_person": survivor.id}
    for person in (survivor, merged):
        _raise_version(person, now)
        desk.outbox.add(uow, PersonMerged(person=person.id, **ends), version=person.version)
        note(session, principal, "merged", f"merge/{merge.id}", now, person=person.id)


def _raise_version(person: Person, now: datetime) -> None:
    person.version += 1
    person.updated = now


def _move(desk: Desk, uow: UnitOfWork, merge: PersonMerge, held: Held) -> None:
    """Move everything to the survivor, and write down each thing that was moved."""
    session = uow.session
    moved: list[tuple[str, str]] = []
    for case in held.cases:
        if case.person == merge.merged:
            case.person = merge.survivor
            moved.append(("case", str(case.id)))
    session.flush()
    links = update(PatientLink).where(col(PatientLink.person) == merge.merged)
    links = links.values(person=merge.survivor)
    agreements = update(Agreement).where(col(Agreement.person) == merge.merged)
    agreements = agreements.values(person=merge.survivor)
    connection = session.connection()
    patients = connection.execute(links.returning(col(PatientLink.patient))).scalars()
    moved += [("patient", patient) for patient in patients]
    agreed = connection.execute(agreements.returning(col(Agreement.id))).scalars()
    moved += [("agreement", str(agreement)) for agreement in agreed]
    documents = desk.store(uow).documents_of(merge.merged)
    desk.store(uow).move_documents(documents, merge.survivor)
    moved += [("document", str(pk)) for pk in documents]
    session.add_all(MergeMoved(merge=merge.id, kind=kind, key=key) for kind, key in moved)
    session.flush()


def _move_back(desk: Desk, uow: UnitOfWork, merge: PersonMerge, held: Held) -> None:
    """Move back what was moved, and what came since about a Patient that goes back."""
    session, connection = uow.session, uow.session.connection()
    rows = session.exec(select(MergeMoved).where(MergeMoved.merge == merge.id)).all()
    moved: dict[str, set[str]] = {}
    for row in rows:
        moved.setdefault(row.kind, set()).add(row.key)
    patients = moved.get("patient", set())
    connection.execute(
        update(PatientLink)
        .where(col(PatientLink.patient).in_(patients), col(PatientLink.person) == merge.survivor)
        .values(person=merge.merged)
    )
    cases = []
    for case in held.cases:
        if str(case.id) in moved.get("case", set()) or case.patient in patients:
            case.person = merge.merged
            cases.append(case.id)
    session.flush()
    tasks = select(CaseTask.id).where(col(CaseTask.case).in_(cases))
    connection.execute(
        update(Agreement)
        .where(
            col(Agreement.person) == merge.survivor,
            col(Agreement.task).in_(tasks)
            | col(Agreement.id).in_([UUID(each) for each in moved.get("agreement", ())]),
        )
        .values(person=merge.merged)
    )
    documents = {int(pk) for pk in moved.get("document", ())}
    going = _documents_going(desk, uow, merge, cases, patients, documents)
    desk.store(uow).move_documents(going, merge.merged)


def _documents_going(
    desk: Desk,
    uow: UnitOfWork,
    merge: PersonMerge,
    cases: Iterable[UUID],
    patients: set[str],
    moved: set[int],
) -> list[int]:
    """Those that were moved; of those that came since, the ones of these cases and Patients."""
    session, cases = uow.session, list(cases)
    theirs = {("Patient", patient) for patient in patients}
    theirs |= set(
        session.exec(
            select(CaseDocument.type, CaseDocument.id).where(col(CaseDocument.case).in_(cases))
        )
    )
    asked = select(CaseTask.id, CaseTask.service_request, OnwardRequest.patient)
    asked = asked.join(OnwardRequest, isouter=True).where(col(CaseTask.case).in_(cases))
    for task, request, patient in session.exec(asked):
        theirs |= {("Task", task), ("ServiceRequest", request), ("Patient", patient)}
    store = desk.store(uow)
    going = []
    for pk, stored in store.documents_of(merge.survivor).items():
        about = patient_of(parse(stored.body.encode())) if stored.body else None
        if pk in moved or (stored.type, stored.id) in theirs or about in patients:
            going.append(pk)
    return going


def _part_stops(session: Session, merge: PersonMerge, survivor: Person, merged: Person) -> None:
    """Give each record again what was said of it alone; what was said since stays with both.

    A lift while they were one does not reach back: the stricter counts until a human says it again.
    """
    changes = session.exec(
        select(PersonChange.about, PersonChange.content).where(
            PersonChange.person == survivor.id, PersonChange.version > merge.survivor_version
        )
    ).all()
    said = {about for about, content in changes if content.get("stands")}
    for flag in FLAGS:
        own, other = flag in merge.survivor_stops, getattr(merged, flag)
        since = f"stop/{flag.replace('_', '-')}" in said
        since = since or (getattr(survivor, flag) and not own and not other)
        setattr(survivor, flag, own or since)
        setattr(merged, flag, other or since)


def _settle(
    desk: Desk,
    uow: UnitOfWork,
    principal: Principal,
    held: Held,
    before: Mapping[UUID, list[Stop]],
) -> None:
    """Have every case heed what is now said of its person, and of the ways to them."""
    for case in held.cases:
        assert case.person is not None
        now, was = set(stops_of(held.persons[case.person])), set(before[case.id])
        file = CaseFile(desk, uow, case, principal)
        if now != was:
            tell(file, case.person, said=now - was, lifted=was - now)
            file.finish()
        else:  # what the other record says of a way to the person counts here too, or no more
            show_agreed_again(file)


def _stands_for(session: Session, principal: Principal, merge: PersonMerge) -> bool:
    about = (
        select(func.count())
        .select_from(Case)
        .where(col(Case.person).in_([merge.survivor, merge.merged]), cared_for_by(principal))
    )
    return session.exec(about).one() > 0
