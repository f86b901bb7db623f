"""What the record of a person looks like to the link worker who cares for them: plain JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, func, select

from services.referrals.care import known_person
from services.referrals.case_rows import CASE
from services.referrals.handlers.proposing import SIGNS, Proposed, Side
from services.referrals.persons import records_of, records_under
from services.referrals.record import Flow, safest, standing, stops_of
from services.referrals.resources import instant
from services.referrals.tables import (
    AccessNeed,
    Agreement,
    AgreementGiving,
    Case,
    CaseTask,
    EqualityCharacteristic,
    Person,
    PersonAround,
    PersonChange,
    PersonDecision,
    PersonMerge,
    SafeContact,
    WiderConsent,
)
from services.referrals.views import View
from shared.gathering import Gathered, Gathering, Wanted

_PERSON = bindparam("person", type_=Uuid())
_RECORDS = records_under(select(Person.id).where(col(Person.id) == _PERSON))
"""The one person's records: their own and all that were merged into it."""


def _of_person(table: type[Any]) -> Any:
    return select(table).where(col(table.person).in_(_RECORDS))


_MERGES = (col(PersonMerge.merged).in_(_RECORDS), col(PersonMerge.undone).is_(None))

REACHING: Mapping[str, Wanted] = {
    # When the last of several records was merged; null where there is only one.
    "merged": columns(func.max(col(PersonMerge.made)).label("at")).where(*_MERGES),
    "contacts": _of_person(SafeContact)
    .ext(distinct_on(col(SafeContact.channel), col(SafeContact.person)))
    .order_by(col(SafeContact.channel), col(SafeContact.person), col(SafeContact.version).desc()),
    "access_needs": _of_person(AccessNeed)
    .where(col(AccessNeed.ended).is_(None))
    .order_by(col(AccessNeed.recorded)),
}
"""How a `person` may be reached and what they need to take part, under whichever records."""

PARTS: Mapping[str, Wanted] = {
    **REACHING,
    "person": select(Person).where(col(Person.id) == _PERSON),
    "around": _of_person(PersonAround)
    .where(col(PersonAround.ended).is_(None))
    .order_by(col(PersonAround.recorded)),
    "decisions": _of_person(PersonDecision).order_by(col(PersonDecision.recorded).desc()),
    "equality": _of_person(EqualityCharacteristic).order_by(
        col(EqualityCharacteristic.characteristic), col(EqualityCharacteristic.recorded).desc()
    ),
    # What they agreed to share, in this case; the values are the provider's to read.
    "agreements": select(Agreement)
    .join(CaseTask, col(CaseTask.id) == col(Agreement.task))
    .where(col(CaseTask.case) == CASE)
    .order_by(col(Agreement.given)),
    "givings": select(AgreementGiving)
    .join(CaseTask, col(CaseTask.id) == col(AgreementGiving.task))
    .where(col(CaseTask.case) == CASE)
    .order_by(col(AgreementGiving.given), col(AgreementGiving.ended)),
    "wider": _of_person(WiderConsent)
    .ext(distinct_on(col(WiderConsent.purpose), col(WiderConsent.person)))
    .order_by(
        col(WiderConsent.purpose), col(WiderConsent.person), col(WiderConsent.recorded).desc()
    ),
    "merges": select(PersonMerge).where(*_MERGES).order_by(col(PersonMerge.made)),
}
"""What `record_view` reads, of a `case` and its `person`."""

_REACHING, _RECORD = Gathering(**REACHING), Gathering(**PARTS)


def record_of(session: Session, case: Case, lawful_basis: Mapping[Flow, str]) -> View:
    """The record of the person of a case that the reader cares for; see `record_view`.

    Raises:
        Refused: who it is is not known.
    """
    rows = _RECORD.read(session, case=case.id, person=known_person(case))
    return record_view(rows, lawful_basis)


def record_view(rows: Gathered, lawful_basis: Mapping[Flow, str]) -> View:
    """The record of a case's person, read together where records were merged.

    Args:
        rows: `PARTS` of the case and its person.
        lawful_basis: by flow, as the deployment says (care 7a).
    """
    person: Person = rows["person"][0]
    merged = rows["merged"][0]["at"]
    return {
        "version": person.version,
        "stops": stops_of(person),
        "contacts": list(_contacts(rows["contacts"], merged)),
        "access_needs": _access_needs(rows["access_needs"]),
        "around": _around(rows["around"]),
        "decisions": _decisions(rows["decisions"]),
        "equality": _equality(rows["equality"]),
        "consents": {
            "lawful_basis": lawful_basis,
            "sharing": _sharing(rows["agreements"], rows["givings"]),
            "wider": list(_wider(rows["wider"], merged)),
        },
        "merges": [
            {"id": str(each.id), "made": instant(each.made), "made_by": each.made_by}
            for each in rows["merges"]
        ],
    }


def reaching_view(session: Session, person: UUID) -> tuple[list[View], list[View]]:
    """How a person may be reached, and what they need to take part.

    Args:
        session: the caller's.
        person: the one person, under whichever records it was recorded.
    """
    rows = _REACHING.read(session, person=person)
    contacts = _contacts(rows["contacts"], rows["merged"][0]["at"])
    return list(contacts), _access_needs(rows["access_needs"])


def _contacts(rows: Iterable[SafeContact], merged: datetime | None) -> Iterable[View]:
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


def _access_needs(rows: Iterable[AccessNeed]) -> list[View]:
    return [
        {"id": str(each.id), "code": each.code, "detail": each.detail, "source": each.source}
        | _by(each.recorded_by, each.recorded)
        for each in rows
    ]


def _around(rows: Iterable[PersonAround]) -> list[View]:
    told = ("name", "relation", "carer", "authority", "evidence", "may_hear", "phone")
    return [
        {"id": str(each.id)}
        | {name: getattr(each, name) for name in told}
        | _by(each.recorded_by, each.recorded)
        for each in rows
    ]


def _decisions(rows: Iterable[PersonDecision]) -> list[View]:
    told = ("decision", "under_16", "able", "seen", "decided_by", "who")
    return [
        {"id": str(each.id)}
        | {name: getattr(each, name) for name in told}
        | _by(each.recorded_by, each.recorded)
        for each in rows
    ]


def _equality(rows: Iterable[EqualityCharacteristic]) -> list[View]:
    return [
        {
            "characteristic": each.characteristic,
            "value": each.value,
            "source": each.source,
            "recorded": instant(each.recorded),
        }
        for each in rows
    ]


def _sharing(rows: Iterable[Agreement], former: Sequence[AgreementGiving]) -> list[View]:
    return [
        {
            "task": each.task,
            "provider": str(each.provider),
            "items": each.items,
            **_giving(each),
            "withdrawn": instant(each.withdrawn) if each.withdrawn else None,
            "before": [
                _giving(giving) | {"ended": instant(giving.ended)}
                for giving in former
                if giving.task == each.task
            ],
        }
        for each in rows
    ]


def _giving(given: Agreement | AgreementGiving) -> View:
    """How the person agreed, and whether something was shown under that."""
    return {
        "how": given.how,
        "given": instant(given.given),
        "expires": instant(given.expires) if given.expires else None,
        "used": instant(given.used) if given.used else None,
        "recorded_by": given.recorded_by,
    }


def _wider(rows: Iterable[WiderConsent], merged: datetime | None) -> Iterable[View]:
    for purpose, latest in groupby(rows, key=lambda each: each.purpose):
        said = standing(list(latest), merged)
        newest = said[0]
        yield {
            "purpose": purpose,
            "given": all(each.given for each in said),
            "how": newest.how,
        } | _by(newest.recorded_by, newest.recorded)


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
