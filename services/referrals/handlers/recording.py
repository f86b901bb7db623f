"""What a link worker records of a person: safe contact, access needs, equality, wider consents.

Each is kept on Kersey's own record of the person, with its history, and is never written into
what an EHR sent; nor does anything that an EHR sends overwrite it (care 12).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.referrals.care import caring, known_person
from services.referrals.casefile import CaseFile, refuse_unless
from services.referrals.desk import Desk
from services.referrals.handlers.sharing import show_agreed_again
from services.referrals.persons import (
    Overtaken,
    again_if_overtaken,
    hold_persons,
    home_of,
    records_of,
)
from services.referrals.record import SELF_STATED, Channel, Characteristic, Purpose, Safe, Source
from services.referrals.tables import (
    AccessNeed,
    Case,
    EqualityCharacteristic,
    Person,
    PersonChange,
    SafeContact,
    WiderConsent,
)
from services.referrals.trail import note
from shared.auth import Principal
from shared.repeating import repeating


class Record:
    """A person's record, held for one change in the care of one case.

    Args:
        session: the caller's.
        case: the case, locked.
        person: the person, locked.
        by: who records.
        now: the time of the change.
    """

    def __init__(
        self, session: Session, case: Case, person: Person, by: Principal, now: datetime
    ) -> None:
        self.session = session
        self.by = by
        self.now = now
        self.home = home_of(session, case)
        """The record of the case's own Patient: what is recorded in its care stays with that
        record if a merge is undone."""
        self._case = case
        self._person = person

    @property
    def all(self) -> list[UUID]:
        """This record and those merged into it."""
        return records_of(self.session, [self._person.id])

    def keep(self, about: str, **content: Any) -> None:
        """Add one change to the history and to the audit trail, which is told no content."""
        self._person.version += 1
        self._person.updated = self.now
        self.session.add(
            PersonChange(
                person=self.home,
                version=self._person.version,
                about=about,
                content=content,
                case=self._case.id,
                recorded_by=self.by.subject,
                recorded=self.now,
            )
        )
        key = self._person.id
        subject = f"person/{key}"
        action = f"record-{about.partition('/')[0]}"
        note(self.session, self.by, action, subject, self.now, person=key, case=self._case.id)


@contextmanager
def recording(desk: Desk, principal: Principal, case_id: UUID) -> Iterator[Record]:
    """One transaction on the record of a case's person.

    Raises:
        NoSuchCase: not an open case of this link worker's team.
        Refused: it is not known whom the case is about.
    """
    with desk.work() as uow:
        session = uow.session
        # The case is locked first, as everywhere: neither its team nor its person changes now.
        session.exec(select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
        case = caring(session, principal, case_id)
        held = select(Person).where(Person.id == known_person(case))
        person = session.exec(held.with_for_update(key_share=True)).one()
        yield Record(session, case, person, principal, desk.clock())
        session.flush()
        uow.commit()


@again_if_overtaken
@repeating
def record_contact(
    desk: Desk,
    principal: Principal,
    case_id: UUID,
    channel: Channel,
    *,
    value: str,
    safe: Safe,
    times: str,
    voicemail: bool,
    words: str,
    keep_from: str,
) -> None:
    """Record whether and how a channel may be used (care 12); see `recording` for what it raises.

    What providers were shown is taken out in the same transaction where it leads to a way that is
    not safe, in every case of the person, whichever team's it is.

    Args:
        desk: what every use case works with.
        principal: the link worker.
        case_id: the case in whose care it is recorded.
        channel: which way to the person.
        value: the number or address.
        safe: whether it may be used.
        times: when it is safe.
        voicemail: whether a message may be left.
        words: what to say, or not.
        keep_from: who must not know.
    """
    told: dict[str, Any] = {
        "value": value,
        "safe": safe,
        "times": times,
        "voicemail": voicemail,
        "words": words,
        "keep_from": keep_from,
    }
    with desk.work() as uow:
        session = uow.session
        key = known_person(caring(session, principal, case_id))
        held = hold_persons(session, records_of(session, [key]))
        cases = {each.id: each for each in held.cases}
        if held.persons[key].merged_into is not None or case_id not in cases:
            raise Overtaken
        caring(session, principal, case_id)  # as it is now that nothing moves
        record = Record(session, cases[case_id], held.persons[key], principal, desk.clock())
        keep_contact(record, channel, told)
        session.flush()
        for case in held.cases:
            show_agreed_again(CaseFile(desk, uow, case, principal))
        uow.commit()


def keep_contact(record: Record, channel: str, told: Mapping[str, Any]) -> None:
    """Keep what was said of a channel, on a record that is held; see `record_contact`."""
    last = record.session.exec(
        select(func.max(SafeContact.version)).where(
            SafeContact.person == record.home, SafeContact.channel == channel
        )
    ).one()
    record.session.add(
        SafeContact(
            person=record.home,
            channel=channel,
            version=(last or 0) + 1,
            recorded_by=record.by.subject,
            recorded=record.now,
            **told,
        )
    )
    record.keep(f"contact/{channel}", **told)


@repeating
def add_access_need(
    desk: Desk, principal: Principal, case_id: UUID, *, code: str, detail: str, source: Source
) -> None:
    """Record what the person needs to take part (care 18); see `recording` for what it raises."""
    with recording(desk, principal, case_id) as record:
        keep_access_need(record, code=code, detail=detail, source=source)


def keep_access_need(record: Record, *, code: str, detail: str, source: Source) -> None:
    """Keep a need on a record that is held; see `add_access_need`."""
    need = AccessNeed(
        person=record.home,
        code=code,
        detail=detail,
        source=source,
        recorded_by=record.by.subject,
        recorded=record.now,
    )
    record.session.add(need)
    record.keep(f"access-need/{need.id}", code=code, detail=detail, source=source)


@repeating
def end_access_need(desk: Desk, principal: Principal, case_id: UUID, need_id: UUID) -> None:
    """Record that the person does not need this any more.

    Raises:
        NoSuchCase: see `recording`.
        Refused: there is no such need of this person.
    """
    with recording(desk, principal, case_id) as record:
        of_person = col(AccessNeed.person).in_(record.all)
        standing = select(AccessNeed).where(AccessNeed.id == need_id, of_person)
        need = record.session.exec(standing.where(col(AccessNeed.ended).is_(None))).one_or_none()
        refuse_unless(need is not None, "conflict", "The person has no such need now.", "need")
        assert need is not None
        need.ended, need.ended_by = record.now, principal.subject
        record.session.add(need)
        record.keep(f"access-need/{need.id}", ended=True)


@repeating
def record_equality(
    desk: Desk,
    principal: Principal,
    case_id: UUID,
    characteristic: Characteristic,
    value: str | None,
) -> None:
    """Record what the person says of themself, or that nobody asked (care 8).

    What the GP's record says stays beside it. See `recording` for what it raises.
    """
    with recording(desk, principal, case_id) as record:
        key = (record.home, characteristic, SELF_STATED)
        row = record.session.get(EqualityCharacteristic, key)
        if row is None:
            row = EqualityCharacteristic(
                person=record.home,
                characteristic=characteristic,
                source=SELF_STATED,
                recorded=record.now,
            )
        row.value, row.recorded = value, record.now
        record.session.add(row)
        record.keep(f"equality/{characteristic}", value=value, source=SELF_STATED)


@repeating
def record_consent(
    desk: Desk, principal: Principal, case_id: UUID, purpose: Purpose, *, given: bool, how: str
) -> None:
    """Record a wider consent, its refusal or its withdrawal (care 7c); the last one counts.

    Nothing in the care of the person ever reads it. See `recording` for what it raises.
    """
    with recording(desk, principal, case_id) as record:
        record.session.add(
            WiderConsent(
                person=record.home,
                purpose=purpose,
                given=given,
                how=how,
                recorded_by=principal.subject,
                recorded=record.now,
            )
        )
        record.keep(f"consent/{purpose}", given=given, how=how)
