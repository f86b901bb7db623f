"""Addresses that mails do not reach: nothing more is sent there until a hub verified them anew."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, select, text, update
from sqlmodel import col

from services.notifications.reach.notice import Kind
from services.notifications.reach.telling import tell
from services.notifications.tables import Contact, UnusableAddress
from shared.database import UnitOfWork
from shared.worker import Wake

_COUNTED = text(
    """
    INSERT INTO unusable_address AS known (contact, bounces, bouncing_since)
    VALUES (:contact, 1, now())
    ON CONFLICT (contact) DO UPDATE SET
      bounces = CASE WHEN known.bouncing_since > now() - CAST(:window AS interval)
                THEN known.bounces + 1 ELSE 1 END,
      bouncing_since = CASE WHEN known.bouncing_since > now() - CAST(:window AS interval)
                THEN known.bouncing_since ELSE now() END
    RETURNING bounces, since IS NOT NULL AS unusable
    """
)


@dataclass(frozen=True)
class Addresses:
    """Keeps which addresses are not used, and tells whoever can do something about it, once.

    Attributes:
        most: after so many mails that did not arrive
        window: within this time an address is not used any more, though none said that it is gone.
        wake: of the worker that tells people so.
    """

    most: int
    window: timedelta
    wake: Wake

    def bounced(
        self, uow: UnitOfWork, contact: UUID | None, address: str, code: str, *, gone: bool
    ) -> None:
        """A mail did not arrive.

        Args:
            uow: the transaction, which holds the delivery; the caller commits.
            contact: whose the address was.
            address: where the mail went; one that the contact had before is of no interest.
            code: why, for staff.
            gone: whether no mail will arrive there.
        """
        about = _still_there(uow, contact, address)
        if about is None:
            return
        values = {"contact": about.id, "window": self.window}
        counted = uow.session.connection().execute(_COUNTED, values).one()
        if not counted.unusable and (gone or counted.bounces >= self.most):
            self._give_up(uow, about, code)

    def unwanted(self, uow: UnitOfWork, contact: UUID | None, address: str, code: str) -> bool:
        """A reader calls our mails unwanted: none is sent any more. Whether that is news.

        Args:
            uow: the transaction, which holds the delivery; the caller commits.
            contact: whose the address was.
            address: where the mail went.
            code: what they called it.
        """
        about = _still_there(uow, contact, address)
        if about is None:
            return False
        values = {"contact": about.id, "window": self.window}
        counted = uow.session.connection().execute(_COUNTED, values).one()
        if not counted.unusable:
            self._give_up(uow, about, code)
        return not counted.unusable

    def _give_up(self, uow: UnitOfWork, about: Contact, code: str) -> None:
        unusable = update(UnusableAddress).where(col(UnusableAddress.contact) == about.id)
        values = unusable.values(since=func.now(), code=code)
        since = uow.session.scalars(values.returning(func.now())).one()
        tell(
            uow,
            about,
            uuid5(about.id, f"unusable/{since.isoformat()}"),
            party=Kind.ADDRESS_UNUSABLE,
            hub=Kind.ADDRESS_UNUSABLE_OF_THEIRS,
        )
        uow.on_commit(self.wake.set)


def _still_there(uow: UnitOfWork, contact: UUID | None, address: str) -> Contact | None:
    found = select(Contact).where(col(Contact.id) == contact, col(Contact.address) == address)
    return uow.session.scalars(found).first()
