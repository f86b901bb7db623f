"""One attempt to send a digest: what it holds by now, in one message."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update
from sqlmodel import col

from services.notifications.announcements import in_digests
from services.notifications.channels import Channel, Letter
from services.notifications.channels.registry import IN_WORDS
from services.notifications.digests.ending import begin, held, lock_cases
from services.notifications.digests.gathering import digest
from services.notifications.keys import MuteLinks
from services.notifications.notice import Notice
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import OUT_OF_HOURS, Contact
from services.notifications.wishes.keeping import out_of_quiet_hours
from services.notifications.wishes.rules import wishes_of
from services.notifications.wording import gathered
from shared.database import UnitOfWork
from shared.delivery import Delivery, Held, Permanent, Receipt, Superseded

NOTHING_LEFT = "nothing-left"
"""Why a digest was not sent: all that it held was no longer wanted."""


class DigestSender:
    """Sends one digest: what a `DeliveryWorker` calls.

    Args:
        engine: read from and written to in one short transaction, before the channel is called.
        channels: by means.
        mutes: where its reader says that they want no more of it.
        zone: of the place, whose days are meant in an announcement.
    """

    def __init__(
        self, engine: Engine, channels: Mapping[str, Channel], mutes: MuteLinks, zone: ZoneInfo
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._mutes = mutes
        self._zone = zone

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        with UnitOfWork(self._engine) as uow:
            contact = _receiver(uow, delivery)
            channel = self._channels.get(contact.means)
            if channel is None or contact.means not in IN_WORDS:
                raise Permanent("no-channel")
            now = datetime.now(UTC)
            if (due := out_of_quiet_hours(uow, contact, now)) > now:
                raise Held(OUT_OF_HOURS, due - now)
            lock_cases(uow, held(delivery.id))
            notices = [Notice.model_validate_json(row.payload) for row in begin(uow, delivery.id)]
            news = in_digests.begin(uow, delivery.id, contact, now, self._zone)
            mute = self._mutes.of(delivery.id)
            words = gathered(notices, wishes_of(contact), mute=mute, news=news)
            letter = Letter(delivery, contact.address, words)
            uow.session.connection().execute(
                update(digest)
                .where(digest.c.id == delivery.id)
                .values(channel=contact.means, address=contact.address)
            )
            uow.commit()
        if not notices and not news:
            raise Superseded(NOTHING_LEFT)
        return channel.send(letter)

    def rest(self) -> None:
        """Nothing more is due for now."""
        for channel in self._channels.values():
            channel.rest()


def _receiver(uow: UnitOfWork, delivery: Delivery) -> Contact:
    """Whose it is, as they are reached now.

    Raises:
        Permanent: they are not reached.
    """
    theirs = (
        select(Contact, is_unusable(col(Contact.id)))
        .join(digest, digest.c.contact == col(Contact.id))
        .where(digest.c.id == delivery.id)
    )
    contact, unusable = uow.session.execute(theirs).one()
    if not contact.active:
        raise Permanent("contact-inactive")
    if unusable:
        raise Permanent("address-unusable")
    found: Contact = contact
    return found
