"""When a provider does not answer: a nudge, a second one, then its hub is asked to ring (care 4).

The clock starts when the request was delivered, not when it was made, and ends with whatever ends
the request (`escalation`). After that referrals closes it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlmodel import col

from services.notifications.channels.declaring import Format
from services.notifications.channels.registry import BY_MEANS
from services.notifications.domain import NUDGES, OWN, Kind
from services.notifications.escalation import Pace, paces_of
from services.notifications.handlers.ahead import reading_ahead
from services.notifications.handlers.cases import add, answered, contacts_for, stopped
from services.notifications.notice import Notice, notice_of
from services.notifications.tables import Contact
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt


class Escalating:
    """Puts by what follows if a request is not answered, when it is delivered.

    Args:
        zone: of the place.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def delivered(self, uow: UnitOfWork, sent: Delivery, _receipt: Receipt) -> None:
        """A message arrived; of a request the clock starts. The caller holds the case."""
        self.all_delivered(uow, [sent])

    def all_delivered(self, uow: UnitOfWork, sent: Sequence[Delivery]) -> None:
        """Several arrived; the caller holds their cases."""
        notices = [(each, notice_of(each.payload)) for each in sent]
        requests = [(each, asked) for each, asked in notices if asked.kind is Kind.REQUEST]
        if not requests:
            return
        asked_for = [asked for _, asked in requests]
        now = datetime.now(UTC)
        with reading_ahead(uow) as ahead:
            tasks = {each.task for each in asked_for if each.task}
            ahead.read_answered(uow, tasks)
            ahead.read_stops(uow, tasks | {each.case for each in asked_for})
            contacts = _contacts(uow, asked_for)
            paces = paces_of(uow, self._zone, [(each.case, each.provider) for each in asked_for])
            parties = {each.party for each in contacts.values()}
            ahead.read_parties(uow, parties | {each.hub for each in paces if each.hub})
            for (each, asked), pace in zip(requests, paces, strict=True):
                if not answered(uow, asked.task) and not stopped(uow, asked.case, asked.task):
                    _begin(uow, each, asked, contacts.get(asked.contact), pace, now)


def _begin(
    uow: UnitOfWork,
    sent: Delivery,
    asked: Notice,
    contact: Contact | None,
    pace: Pace,
    now: datetime,
) -> None:
    declared = BY_MEANS.get(contact.means) if contact else None
    if contact is not None and declared is not None and declared.format is Format.WORDS:
        for kind in sorted(NUDGES):
            _later(uow, uuid5(sent.id, kind), asked, kind, contact, pace, now)
    for each in contacts_for(uow, OWN[Kind.HELP_CALL], pace.hub, None):
        key = uuid5(asked.event, f"{Kind.HELP_CALL}/{asked.task}/{each.id}")
        _later(uow, key, asked, Kind.HELP_CALL, each, pace, now)


def _later(
    uow: UnitOfWork,
    key: UUID,
    asked: Notice,
    kind: Kind,
    contact: Contact,
    pace: Pace,
    since: datetime,
) -> None:
    notice = asked.model_copy(update={"kind": kind, "contact": contact.id, "since": since})
    due = pace.due(kind, asked.priority, since)
    # In an order of its own: what is told meanwhile must not wait for it.
    add(uow, key, notice, contact, order_key=str(key), due=due)


def _contacts(uow: UnitOfWork, asked: Sequence[Notice]) -> Mapping[UUID | None, Contact]:
    """Who was asked, by id."""
    found = uow.session.scalars(_ASKED, {"ids": [each.contact for each in asked if each.contact]})
    return {each.id: each for each in found}


_ASKED = select(Contact).where(col(Contact.id) == func.any(bindparam("ids", type_=ARRAY(Uuid))))
