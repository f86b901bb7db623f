"""What several events or messages need to know, read by a few statements for all of them.

Whoever needs it (whether a case is stopped, who is a party's contact) looks here, and asks the
database itself where it was not read. It holds within one transaction, which has locked the cases
that it is about before it read; whoever changes what was read calls `settle` first.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, String, Uuid, bindparam, func, select
from sqlmodel import col

from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import Answered, Contact, PartyQuietHours, Stopped, deliveries
from shared.database import UnitOfWork


@dataclass
class Ahead:
    """What was read, and what is to be written when the block ends.

    Attributes:
        locked: cases that this transaction holds.
        placed: cases of which is kept already whose they are.
        stops: why nobody is to be asked for a case or a Task, or None.
        answered: whether a Task was answered.
        contacts: active ones by party, in the order of their ids.
        quiet: the quiet hours of a party, or None.
        added: deliveries, as `DeliveryTables.add` takes them.
    """

    locked: Collection[UUID] = ()
    placed: Collection[UUID] = ()
    stops: dict[UUID, str | None] = field(default_factory=dict)
    answered: dict[UUID, bool] = field(default_factory=dict)
    contacts: dict[str, list[Contact]] = field(default_factory=dict)
    quiet: dict[str, PartyQuietHours | None] = field(default_factory=dict)
    added: list[dict[str, Any]] = field(default_factory=list)

    def read_stops(self, uow: UnitOfWork, about: Collection[UUID]) -> None:
        """Read what is stopped of some cases and Tasks."""
        rows = uow.session.execute(_STOPS, {"about": list(about)})
        self.stops |= dict.fromkeys(about) | dict(map(tuple, rows))

    def read_answered(self, uow: UnitOfWork, tasks: Collection[UUID]) -> None:
        """Read which of some Tasks were answered."""
        found = set(uow.session.scalars(_ANSWERED, {"tasks": list(tasks)}))
        self.answered |= {task: task in found for task in tasks}

    def read_parties(self, uow: UnitOfWork, parties: Collection[str]) -> None:
        """Read the contacts and the quiet hours of some parties."""
        new = [each for each in parties if each not in self.contacts]
        if not new:
            return
        self.contacts |= {party: [] for party in new}
        for contact in uow.session.scalars(_CONTACTS, {"parties": new}):
            self.contacts[contact.party].append(contact)
        found = uow.session.scalars(_QUIET, {"parties": new})
        self.quiet |= dict.fromkeys(new) | {each.party: each for each in found}


_STOPS = select(col(Stopped.about), col(Stopped.reason)).where(
    col(Stopped.about) == func.any(bindparam("about", type_=ARRAY(Uuid)))
)
_ANSWERED = select(col(Answered.task)).where(
    col(Answered.task) == func.any(bindparam("tasks", type_=ARRAY(Uuid)))
)
_CONTACTS = (
    select(Contact)
    .where(
        col(Contact.party) == func.any(bindparam("parties", type_=ARRAY(String))),
        col(Contact.active),
        ~is_unusable(col(Contact.id)),
    )
    .order_by(col(Contact.id))
)
_QUIET = select(PartyQuietHours).where(
    col(PartyQuietHours.party) == func.any(bindparam("parties", type_=ARRAY(String)))
)


@contextmanager
def reading_ahead(uow: UnitOfWork) -> Iterator[Ahead]:
    """Keep what is read for several until the block ends; then write what was added for them."""
    ahead = uow.known[Ahead] = Ahead()
    try:
        yield ahead
        settle(uow)
    finally:
        uow.known.pop(Ahead, None)


def ahead_of(uow: UnitOfWork) -> Ahead | None:
    """What was read in this transaction, if anything was."""
    return uow.known.get(Ahead)


def settle(uow: UnitOfWork) -> None:
    """Write what was added, and forget what was read: what follows changes it."""
    ahead = uow.known.pop(Ahead, None)
    if ahead is not None and ahead.added:
        deliveries.add_all(uow.session, ahead.added)


def known_contacts(uow: UnitOfWork, party: str, role: str) -> Sequence[Contact] | None:
    """A party's active contacts of a role, if they were read."""
    ahead = ahead_of(uow)
    found = ahead.contacts.get(party) if ahead else None
    return None if found is None else [each for each in found if each.role == role]
