"""Somebody at a GP practice refers one of its patients, without its record system (care 22, 23)."""

from uuid import UUID

from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.front_door import SENDER, Handed
from services.referrals.handlers.front_door import (
    Receipt,
    check_paper,
    handed_in_before,
    take_in,
)
from services.referrals.tables import Practice
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def send(desk: Desk, principal: Principal, handed: Handed) -> Receipt:
    """Open the case of a patient of one of the caller's practices; see `front_door.hand_in`.

    It stands in the name of the front door, as all that is typed for another does: whoever typed it
    reads no more of the case afterwards than how it stands.

    Raises:
        OtherContent: the key was used for other content.
        Refused: it is not for one of the caller's practices.
    """
    with desk.work() as uow:
        practice = uow.session.get(Practice, handed.practice) if handed.practice else None
        if practice is None or practice.organisation != UUID(principal.organisation):
            raise Refused("business-rule", "This is not one of your practices.", "practice")
        before = handed_in_before(desk, uow, principal, handed)
        if before is not None:
            return Receipt(before.reference, repeated=True)
        check_paper(desk, handed)
        entry = take_in(desk, uow, principal, handed, sender=SENDER)
        reference = entry.reference
        uow.commit()
        return Receipt(reference, repeated=False)
