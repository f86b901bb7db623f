"""What the record of a person looks like to the link worker who cares for them: plain JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, func, select

from services.referrals.care import known_person
from services.referrals.handlers.proposing import SIGNS, Proposed, Side
from services.referrals.persons import records_of
from services.referrals.record import Flow, safest, standing, stops_of
from services.referrals.resources import instant
from services.referrals.tables import (
    AccessNeed,
    Agreement,
    Case,
    CaseTask,
    EqualityCharacteristic,
    Person,
    PersonChange,
    PersonMerge,
    SafeContact,
    WiderConsent,
)
from services.referrals.views import View


def record_view(session: Session, case: Case, lawful_basis: Mapping[Flow, str]) -> View:
    """The record of a case's person, read together where records were merged.

    Args:
        session: the caller's.
        case: a case that the reader cares for.
        lawful_basis: by flow, as the deployment says (care 7a).
    """
    person = session.get_one(Person, known_person(case))
    records = records_of(session, [person.id])
    merged = _merged_at(session, records)
    return {
        "version": person.version,
        "stops": stops_of(person),
        "contacts": list(_contacts(session, records, merged)),
        "access_needs": _access_needs(session, records),
        "equality": _equality(session, records),
        "consents": {
            "lawful_basis": lawful_basis,
            "sharing": _sharing(session, case),
            "wider": list(_wider(session, records, merged)),
        },
        "merges": _merges(session, records),
    }


def reaching_view(session: Session, person: UUID) -> tuple[list[View], list[View]]:
    """How a person may be reached, and what they need to take part.

    Args:
        session: the caller's.
        person: the one person, under whichever records it was recorded.
    """
    records = records_of(session, [person])
    contacts = _contacts(session, records, _merged_at(session, records))
    return list(contacts), _access_needs(session, records)


def _merged_at(session: Session, records: Sequence[UUID]) -> datetime | None:
    """When the last of several records of one person was merged; None where there is only one."""
    return session.exec(
        select(func.max(PersonMerge.made)).where(
            col(PersonMerge.merged).in_(records), col(PersonMerge.undone).is_(None)
        )
    ).one()


def _contacts(session: Session, records: Sequence[UUID], merged: datetime | None) -> Iterable[View]:
    rows = session.exec(
        select(SafeContact)
        .where(col(SafeContact.person).in_(records))
        .ext(distinct_on(col(SafeContact.channel), col(SafeContact.person)))
        .order_by(
            col(SafeContact.channel), col(SafeContact.person), col(SafeContact.version).desc()
        )
    ).all()
    for channel, latest in groupby(rows, key=lambda each: each.channel):
        entries = standing(list(latest), merged)
        yield {
            "channel": channel,
            "safe": safest(each.safe for each in entries),
            "voicemail": all(each.voicemail for each in entries),
            "said": [
                {
                    "value": each.value,
                    "safe": each.safe,
                    "times": each.times,
                    "voicemail": each.voicemail,
                    "words": each.words,
                    "keep_from": each.keep_from,
                }
                | _by(each.recorded_by, each.recorded)
                for each in entries
            ],
        }


def _access_needs(session: Session, records: Sequence[UUID]) -> list[View]:
    rows = session.exec(
        select(AccessNeed)
        .where(col(AccessNeed.person).in_(records), col(AccessNeed.ended).is_(None))
        .order_by(col(AccessNeed.recorded))
    )
    return [
        {"id": str(each.id), "code": each.code, "detail": each.detail, "source": each.source}
        | _by(each.recorded_by, each.recorded)
        for each in rows
    ]


def _equality(session: Session, records: Sequence[UUID]) -> list[View]:
    rows = session.exec(
        select(EqualityCharacteristic)
        .where(col(EqualityCharacteristic.person).in_(records))
        .order_by(
            col(EqualityCharacteristic.characteristic), col(EqualityCharacteristic.recorded).desc()
        )
    )
    return [
        {
            "characteristic": each.characteristic,
            "value": each.value,
            "source": each.source,
            "recorded": instant(each.recorded),
        }
        for each in rows
    ]


def _sharing(session: Session, case: Case) -> list[View]:
    """What the person agreed to share, in this case; the values are the provider's to read."""
    rows = session.exec(
        select(Agreement)
        .join(CaseTask, col(CaseTask.id) == col(Agreement.task))
        .where(CaseTask.case == case.id)
        .order_by(col(Agreement.given))
    )
    return [
        {
            "task": each.task,
            "provider": str(each.provider),
            "items": each.items,
            "how": each.how,
            "given": instant(each.given),
            "expires": instant(each.expires) if each.expires else None,
            "withdrawn": instant(each.withdrawn) if each.withdrawn else None,
        }
        for each in rows
    ]


def _wider(session: Session, records: Sequence[UUID], merged: datetime | None) -> Iterable[View]:
    rows = session.exec(
        select(WiderConsent)
        .where(col(WiderConsent.person).in_(records))
        .ext(distinct_on(col(WiderConsent.purpose), col(WiderConsent.person)))
        .order_by(
            col(WiderConsent.purpose), col(WiderConsent.person), col(WiderConsent.recorded).desc()
        )
    ).all()
    for purpose, latest in groupby(rows, key=lambda each: each.purpose):
        said = standing(list(latest), merged)
        newest = said[0]
        yield {
            "purpose": purpose,
            "given": all(each.given for each in said),
            "how": newest.how,
        } | _by(newest.recorded_by, newest.recorded)


def _merges(session: Session, records: Sequence[UUID]) -> list[View]:
    rows = session.exec(
        select(PersonMerge)
        .where(col(PersonMerge.merged).in_(records), col(PersonMerge.undone).is_(None))
        .order_by(col(PersonMerge.made))
    )
    return [
        {"id": str(each.id), "made": instant(each.made), "made_by": each.made_by} for each in rows
    ]


def changes_view(session: Session, person: UUID, before: int | None, count: int) -> list[View]:
    """The changes of a record, newest first.

    Args:
        session: the caller's.
        person: the one person, under whichever records it was recorded.
        before: the number of the last row of the page before.
        count: rows at most.
    """
    records = records_of(session, [person])
    rows = select(PersonChange).where(col(PersonChange.person).in_(records))
    if before is not None:
        rows = rows.where(col(PersonChange.position) < before)
    return [
        {"number": each.position, "version": each.version, "about": each.about}
        | {"content": each.content}
        | _by(each.recorded_by, each.recorded)
        for each in session.exec(rows.order_by(col(PersonChange.position).desc()).limit(count))
    ]


def proposal_view(seen: Proposed) -> View:
    """A proposal as the asker may see it: of a record that is not theirs only what agrees."""
    proposal = seen.proposal
    return {
        "id": str(proposal.id),
        "reason": proposal.reason,
        "created": instant(proposal.created),
        "decision": proposal.decision,
        "same": {sign.replace("_", "-"): seen.likeness(sign) for sign in SIGNS},
        "sides": [_side_view(side) for side in seen.sides],
    }


def _side_view(side: Side) -> View:
    return {
        "cases": [str(case.id) for case in side.yours],
        "patients": sorted({case.patient for case in side.yours if case.patient}),
        "agreed": side.agreed,
        "must_agree": side.others,
    }


def _by(who: str, when: datetime) -> dict[str, Any]:
    return {"recorded_by": who, "recorded": instant(when)}
