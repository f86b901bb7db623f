"""A link worker writes down who is around a person (care 17)."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.handlers.recording import recording
from services.referrals.record import NO_AUTHORITY, Authority, Relation
from services.referrals.tables import PersonAround
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def add(
    desk: Desk,
    principal: Principal,
    case_id: UUID,
    *,
    name: str,
    relation: Relation,
    carer: bool,
    authority: Authority,
    evidence: str,
    may_hear: str,
    phone: str,
) -> None:
    """Write down somebody around the person.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case_id: the case.
        name: of whom.
        relation: who they are to the person.
        carer: whether they look after them.
        authority: by what law they decide for the person.
        evidence: what was seen of that; needed where they may decide.
        may_hear: what the person agrees that they are told.
        phone: how to reach them.

    Raises:
        NoSuchCase: see `recording`.
        Refused: see `recording`; or somebody is to decide of whom nobody saw that they may.
    """
    refuse_unless(
        authority == NO_AUTHORITY or bool(evidence),
        "business-rule",
        "Say what you saw that shows it, such as the registered power of attorney, and when.",
        "evidence",
    )
    told: dict[str, Any] = {
        "name": name,
        "relation": relation,
        "carer": carer,
        "authority": authority,
        "evidence": evidence,
        "may_hear": may_hear,
        "phone": phone,
    }
    with recording(desk, principal, case_id) as record:
        somebody = PersonAround(
            person=record.home, recorded_by=principal.subject, recorded=record.now, **told
        )
        record.session.add(somebody)
        record.keep(f"around/{somebody.id}", **told)


@repeating
def end(desk: Desk, principal: Principal, case_id: UUID, around: UUID) -> None:
    """Write down that they are not around the person any more.

    Raises:
        NoSuchCase: see `recording`.
        Refused: there is nobody such around this person.
    """
    with recording(desk, principal, case_id) as record:
        somebody = record.session.exec(
            select(PersonAround).where(
                PersonAround.id == around,
                col(PersonAround.person).in_(record.all),
                col(PersonAround.ended).is_(None),
            )
        ).one_or_none()
        refuse_unless(
            somebody is not None, "conflict", "Nobody such is around this person now.", "around"
        )
        assert somebody is not None
        somebody.ended, somebody.ended_by = record.now, principal.subject
        record.session.add(somebody)
        record.keep(f"around/{somebody.id}", ended=True)
