"""The other services say that they have erased what they kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.tables import Erasure, ErasureConfirmation
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import Envelope, ErasureConfirmed

SUBSCRIPTION = Subscription("referrals", "erasures", frozenset({ErasureConfirmed.type}))


def note_confirmation(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep which service has erased, and when, within the caller's transaction."""
    event = envelope.data
    if not isinstance(event, ErasureConfirmed):
        return
    uow.session.connection().execute(
        insert(ErasureConfirmation)
        .values(person=event.person, service=event.service, confirmed=func.now())
        .on_conflict_do_update(index_elements=["person", "service"], set_={"confirmed": func.now()})
    )


@dataclass(frozen=True)
class Listed:
    """One line of the list of erasures.

    Attributes:
        erasure: who was erased, by whom and why; ids and codes only.
        confirmed: when each service said that it has erased, since it was last told.
    """

    erasure: Erasure
    confirmed: dict[str, datetime]


def listed(desk: Desk, person: UUID | None = None) -> Sequence[Listed]:
    """The list of erasures, oldest first.

    Args:
        desk: what every use case works with.
        person: only this one.
    """
    rows = select(Erasure).order_by(col(Erasure.erased), col(Erasure.person))
    said = select(ErasureConfirmation)
    if person is not None:
        rows = rows.where(Erasure.person == person)
        said = said.where(ErasureConfirmation.person == person)
    with desk.look() as uow:
        erasures = uow.session.exec(rows).all()
        confirmations = uow.session.exec(said).all()
    return [
        Listed(
            erasure,
            {
                each.service: each.confirmed
                for each in confirmations
                if each.person == erasure.person and each.confirmed >= erasure.told
            },
        )
        for erasure in erasures
    ]
