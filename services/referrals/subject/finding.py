"""Whom an operator means, and everything by which that person is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, literal, or_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from services.referrals.casefile import KERSEY
from services.referrals.persons import records_of, survivor_of
from services.referrals.subject.naming import subscriptions_naming
from services.referrals.tables import (
    Case,
    CaseDocument,
    CaseTask,
    GpMessage,
    PatientLink,
    Person,
    PersonMerge,
    ReferralIdentifier,
)
from services.referrals.writing.attachments import patient_of
from shared.fhir import tables as fhir
from shared.fhir.json import parse
from shared.fhir.search import terms
from shared.holdings import Traces

ABOUT_STAFF = frozenset(
    {
        "Endpoint",
        "HealthcareService",
        "Location",
        "Organization",
        "Practitioner",
        "PractitionerRole",
    }
)
"""Types about those who care and where. They came with the referral, concern no patient, and other
referrals of the same sender lead to them: an erasure leaves them and says so."""


class NoSuchPerson(Exception):
    """Nobody is known by what was given."""


class SeveralPersons(Exception):
    """More than one record fits.

    Args:
        persons: their ids; a human must choose.
    """

    def __init__(self, persons: Sequence[UUID]) -> None:
        super().__init__(persons)
        self.persons = persons


@dataclass(frozen=True)
class Subject:
    """One person with all that leads to them.

    Attributes:
        person: Kersey's id of them, which outlives an erasure.
        persons: that and the ids of the records that were merged into it.
        patients: ids of the Patients that senders sent.
        cases: ids.
        tasks: ids of the cases' Tasks.
        requests: ids of their ServiceRequests, the senders' and Kersey's own.
        communications: ids of their Communications.
        documents: the documents about the person, by pk.
        subscriptions: ids of Subscriptions whose filters name the person and nobody else.
        naming_others: ids of those with a name or a place of theirs that others may have too.
        submissions: what was sent about this person and about nobody else.
        merges: of the records, those that were undone among them.
        staff: how many documents about staff and places came with the cases.
        others: how many documents carry the person's key and are about somebody else now.
    """

    person: UUID
    persons: tuple[UUID, ...]
    patients: tuple[str, ...] = ()
    cases: tuple[UUID, ...] = ()
    tasks: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    communications: tuple[str, ...] = ()
    documents: tuple[int, ...] = ()
    subscriptions: tuple[str, ...] = ()
    naming_others: tuple[str, ...] = ()
    submissions: tuple[UUID, ...] = ()
    merges: tuple[UUID, ...] = ()
    staff: int = 0
    others: int = 0

    @property
    def traces(self) -> Traces:
        """The same, as holdings are found by it."""
        return {
            "person": self.persons,
            "case": self.cases,
            "task": self.tasks,
            "request": self.requests,
            "watched": (*self.tasks, *self.requests, *self.communications),
            "submission": self.submissions,
            "subscription": self.subscriptions,
            "merge": self.merges,
            "event-subject": [
                *(f"person/{each}" for each in self.persons),
                *(f"case/{each}" for each in self.cases),
            ],
        }


def by_nhs_number(session: Session, number: str) -> UUID:
    """The person with an NHS number.

    Raises:
        NoSuchPerson: nobody has it.
        SeveralPersons: more than one record has it; nobody has said that they are one person.
    """
    known = select(Person.id).where(Person.nhs_number == number)
    records = session.exec(known.order_by(col(Person.created))).all()
    found = list(dict.fromkeys(survivor_of(session, each) for each in records))
    if not found:
        raise NoSuchPerson
    if len(found) > 1:
        raise SeveralPersons(found)
    return found[0]


def by_patient(session: Session, patient: str) -> UUID:
    """The person whom a Patient is about, by its id.

    Raises:
        NoSuchPerson: there is no such Patient, or its person was erased.
    """
    link = session.get(PatientLink, patient)
    if link is None:
        raise NoSuchPerson
    return link.person


def by_referral(session: Session, request: str) -> UUID:
    """The person whom a referral is about, by the id of its ServiceRequest.

    For whoever was named without a Patient: only their case leads to them.

    Raises:
        NoSuchPerson: no case was started by such a request, or its person was erased.
    """
    of_case = select(Case.person).where(
        Case.service_request == request, col(Case.erased).is_(None), col(Case.person).is_not(None)
    )
    found = session.exec(of_case).one_or_none()
    if found is None:
        raise NoSuchPerson
    return found


def subject_of(session: Session, person: UUID) -> Subject:
    """A person with all that leads to them, as it is now.

    Args:
        session: of the referrals service.
        person: the id of their record, or of one that was merged into it.

    Raises:
        NoSuchPerson: there is no such record.
    """
    if session.exec(select(Person.id).where(Person.id == person)).first() is None:
        raise NoSuchPerson
    root = survivor_of(session, person)
    others_of_root = set(records_of(session, [root])) - {root}
    persons = [root, *sorted(others_of_root)]
    patients = _patients(session, persons)
    cases = session.exec(
        select(Case.id, Case.service_request)
        .where(col(Case.person).in_(persons))
        .order_by(col(Case.key))
    ).all()
    keys = [key for key, _ in cases]
    tasks = session.exec(
        select(CaseTask.id, CaseTask.service_request).where(col(CaseTask.case).in_(keys))
    ).all()
    naming = subscriptions_naming(session, persons, patients)
    documents, others = _documents(session, persons, patients, keys, naming.alone)
    requests = {request for _, request in (*cases, *tasks)}
    requests |= {key for _, kind, key in documents if kind == "ServiceRequest"}
    told = session.exec(select(GpMessage.id).where(col(GpMessage.case).in_(keys))).all()
    communications = {str(key) for key in told}
    communications |= {key for _, kind, key in documents if kind == "Communication"}
    return Subject(
        person=root,
        persons=tuple(persons),
        patients=tuple(sorted(patients)),
        cases=tuple(keys),
        tasks=tuple(sorted(key for key, _ in tasks)),
        requests=tuple(sorted(requests)),
        communications=tuple(sorted(communications)),
        documents=tuple(sorted(pk for pk, _, _ in documents)),
        subscriptions=naming.alone,
        naming_others=naming.others,
        submissions=tuple(_submissions(session, sorted(requests))),
        merges=tuple(_merges(session, persons)),
        staff=_staff(session, keys),
        others=others,
    )


def _patients(session: Session, persons: Sequence[UUID]) -> list[str]:
    """The Patients that senders sent, those among them that were erased before."""
    document = fhir.document.c
    linked = select(PatientLink.patient).where(col(PatientLink.person).in_(persons))
    keyed = sql_select(document.id).where(
        document.type == "Patient", document.person.in_(persons), document.owner != KERSEY
    )
    return sorted({*session.exec(linked), *session.connection().execute(keyed).scalars()})


def _documents(
    session: Session,
    persons: Sequence[UUID],
    patients: Sequence[str],
    cases: Sequence[UUID],
    subscriptions: Sequence[str],
) -> tuple[set[tuple[int, str, str]], int]:
    """All documents about the person, as (pk, type, id), and how many are about others by now.

    Those that carry the person's key in any version; Kersey's own of the cases; what came with the
    cases, is about nobody and came with nobody else's; and what is said of one of the Patients by a
    sender who changed whom an older document is about.
    """
    document, version = fhir.document.c, fhir.document_version.c
    columns = (document.pk, document.type, document.id, document.body)
    keyed = sql_select(version.pk).where(version.person.in_(persons))
    own = sql_select(col(CaseTask.id)).where(col(CaseTask.case).in_(cases))
    asked = sql_select(col(CaseTask.service_request)).where(col(CaseTask.case).in_(cases))
    targets = [terms.document_key("Patient", key) for key in patients]
    referring = sql_select(fhir.document_link.c.pk).where(fhir.document_link.c.target.in_(targets))
    certain = or_(
        (document.type == "Task") & document.id.in_(own),
        (document.type == "ServiceRequest") & document.id.in_(asked),
        (document.type == "Subscription") & document.id.in_(subscriptions),
        document.pk.in_(_brought_by(cases)),
    )
    carries = or_(document.person.in_(persons), document.pk.in_(keyed))
    likely = or_(carries, document.pk.in_(referring))
    connection = session.connection()
    found = {
        (pk, kind, key)
        for pk, kind, key, _ in connection.execute(sql_select(*columns).where(certain))
    }
    others = 0
    for pk, kind, key, body, mine in connection.execute(
        sql_select(*columns, carries).where(likely)
    ):
        about = patient_of(parse(body.encode())) if body else None
        if about in patients or (mine and not _is_anothers(session, about)):
            found.add((pk, kind, key))
        elif mine:
            others += 1
    return found, others


def _is_anothers(session: Session, patient: str | None) -> bool:
    """Whether a Patient that is not one of the person's is known to be about somebody."""
    return patient is not None and session.get(PatientLink, patient) is not None


def _brought_by(cases: Sequence[UUID]) -> Select[tuple[int]]:
    """Documents without a person that came with these cases and with no other."""
    document = fhir.document.c
    of_case = (col(CaseDocument.type) == document.type) & (col(CaseDocument.id) == document.id)
    here = sql_select(literal(1)).where(of_case, col(CaseDocument.case).in_(cases))
    elsewhere = sql_select(literal(1)).where(of_case, col(CaseDocument.case).not_in(cases))
    return sql_select(document.pk).where(
        document.person.is_(None),
        document.type.not_in(ABOUT_STAFF),
        here.exists(),
        ~elsewhere.exists(),
    )


def _merges(session: Session, persons: Sequence[UUID]) -> Sequence[UUID]:
    of_two = or_(col(PersonMerge.survivor).in_(persons), col(PersonMerge.merged).in_(persons))
    return session.exec(select(PersonMerge.id).where(of_two).order_by(col(PersonMerge.id))).all()


def _staff(session: Session, cases: Sequence[UUID]) -> int:
    came = select(CaseDocument.type, CaseDocument.id).where(
        col(CaseDocument.case).in_(cases), col(CaseDocument.type).in_(ABOUT_STAFF)
    )
    return len(session.exec(came.distinct()).all())


def _submissions(session: Session, requests: Sequence[str]) -> list[UUID]:
    """What was sent about this person and about nobody else."""
    mine = col(ReferralIdentifier.service_request).in_(requests)
    sent = select(ReferralIdentifier.submission).where(mine)
    others = select(ReferralIdentifier.submission).where(
        ~mine, col(ReferralIdentifier.submission).is_not(None)
    )
    found = sent.where(
        col(ReferralIdentifier.submission).is_not(None),
        col(ReferralIdentifier.submission).not_in(others),
    )
    return [each for each in session.exec(found.distinct()) if each is not None]
