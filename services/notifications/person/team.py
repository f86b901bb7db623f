"""What becomes of a message to a person: told as any delivery, and left to the team if it fails.

A person who could not be told is told by somebody, and that somebody is told once, with what to do.
Whoever referred another, and cannot be written to, is rung by the hub: the team is what they wait
for. The hub has that among its calls to make, besides the message that says so.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid5

from services.notifications.channels.phone import PHONE
from services.notifications.channels.registry import BY_A_PERSON
from services.notifications.domain import OWN, Kind
from services.notifications.handlers.cases import add, add_call, add_waiting, contacts_for
from services.notifications.handlers.hubs import hub_of, team_of
from services.notifications.handlers.telling import locked, say
from services.notifications.notice import Notice
from services.notifications.person.notice import PersonNotice
from services.notifications.person.rules import DELAYS
from services.notifications.person.rules import Kind as PersonKind
from shared.database import UnitOfWork
from shared.delivery import Delivery, Receipt, Superseded, Undelivered
from shared.messaging.events import NotificationDelivered, NotificationFailed
from shared.messaging.outbox import Outbox
from shared.worker import Wake

BY_TEAM, ASK_FIRST, BY_HUB = "by-team", "ask-first", "by-hub"
"""What referrals says is to be done where no program may tell the person, or who referred them."""

INSTEAD = frozenset({BY_TEAM, ASK_FIRST, BY_HUB})

HEARS: Mapping[str, Kind] = {BY_TEAM: Kind.TELL_PERSON, ASK_FIRST: Kind.ASK_PERSON}
"""What the team then hears; whoever wants to hear nothing is told nothing, by nobody."""


class TeamHears:
    """Says how a message to a person ended, and has the team tell them where it did not arrive.

    Args:
        outbox: takes what others are told.
        grace: how long a message waits for a team that has no contact.
        wake: of the worker that sends what the team hears.
    """

    def __init__(self, outbox: Outbox, *, grace: timedelta, wake: Wake) -> None:
        self._outbox = outbox
        self._grace = grace
        self._wake = wake

    def is_to_tell(self, uow: UnitOfWork, key: UUID, notice: PersonNotice, instead: str) -> None:
        """Have the team tell the person, or the hub whoever referred them; the caller holds the
        case and commits.

        Args:
            uow: the transaction.
            key: made of the message; the same makes it once.
            notice: what the person was to be told.
            instead: what is to be done.
        """
        kind = _heard(notice, instead)
        if kind is None:
            return
        about = Notice(
            kind=kind,
            event=notice.event,
            type="",
            time=notice.time,
            case=notice.case,
            task=notice.task,
        )
        of_hub = kind is Kind.RING_REFERRER
        party = hub_of(uow, notice.case) if of_hub else team_of(uow, notice.case) or ""
        contacts = contacts_for(uow, OWN[kind], party, None)
        if of_hub:
            add_call(uow, uuid5(key, PHONE.means), about, party)
        for contact in contacts:
            if of_hub and contact.means in BY_A_PERSON:
                continue  # it is on the list of calls: nobody has to ring the hub about that
            named = about.model_copy(update={"contact": contact.id})
            add(uow, uuid5(key, str(contact.id)), named, contact)
        if not contacts:
            add_waiting(uow, key, about, party, self._grace)
        uow.on_commit(self._wake.set)

    def judged(self, uow: UnitOfWork, delivery: Delivery, met: Undelivered) -> Undelivered:
        """No program may tell them: whoever has to is told so in the transaction that records it.

        Earlier, and a worker that is killed between the two leaves an attempt that was cut off:
        the team would hear that a message failed besides.
        """
        if isinstance(met, Superseded) and met.reason in INSTEAD:
            notice = PersonNotice.model_validate_json(delivery.payload)
            self.is_to_tell(uow, uuid5(delivery.id, met.reason), notice, met.reason)
        return met

    def delivered(self, uow: UnitOfWork, delivery: Delivery, _receipt: Receipt) -> None:
        """A channel took it."""
        self.arrived(uow, delivery.id, delivery.channel, delivery.payload)

    def failed(self, uow: UnitOfWork, delivery: Delivery, _reason: str) -> None:
        """It will not arrive: the team tells the person."""
        self.bounced(uow, delivery.id, delivery.channel, delivery.payload)

    def bounced(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """It came back, or never went: the team tells the person."""
        notice = PersonNotice.model_validate_json(payload)
        say(uow, self._outbox, NotificationFailed, notice, key, channel)
        instead = BY_HUB if notice.kind is PersonKind.REFERRER_DELAY else BY_TEAM
        self.is_to_tell(uow, uuid5(key, instead), notice, instead)

    def lock_first(self, uow: UnitOfWork, delivery: Delivery) -> None:
        """Lock the case before its delivery, as whoever acts on the case's events does."""
        locked(uow, PersonNotice.model_validate_json(delivery.payload).case)

    def arrived(self, uow: UnitOfWork, key: UUID, channel: str, payload: str) -> None:
        """A receipt says that it arrived."""
        notice = PersonNotice.model_validate_json(payload)
        say(uow, self._outbox, NotificationDelivered, notice, key, channel)


def _heard(notice: PersonNotice, instead: str) -> Kind | None:
    """What somebody hears of a message that does not go; None where nobody has to."""
    if notice.kind in DELAYS:  # of whom else waits the team was told before anybody
        return Kind.RING_REFERRER if instead == BY_HUB else None
    kind = HEARS.get(instead)
    if kind is Kind.ASK_PERSON and notice.kind is PersonKind.REMINDER:
        return None  # that nothing is known to be safe was said with the first message
    return kind
