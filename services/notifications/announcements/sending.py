"""One attempt to deliver an urgent announcement, by the contact's own channel."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Engine
from sqlmodel import col, select

from services.notifications.announcements.news import News
from services.notifications.announcements.rules import TO_PROVIDERS, shows
from services.notifications.announcements.telling import CHANGED
from services.notifications.channels import Channel, Letter
from services.notifications.reach.unusable import is_unusable
from services.notifications.tables import Announcement, Contact
from services.notifications.wishes.rules import wishes_of
from services.notifications.wording import announced
from shared.database import UnitOfWork
from shared.delivery import Delivery, Permanent, Receipt, Superseded


class AnnouncementSender:
    """Sends one delivery: what a `DeliveryWorker` calls.

    Args:
        engine: read from, in a short transaction that ends before the channel is called.
        channels: by means.
        public_url: where the announcement is read.
        zone: of the place, whose days are meant.
    """

    def __init__(
        self, engine: Engine, channels: Mapping[str, Channel], public_url: str, zone: ZoneInfo
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._at = f"{public_url}/announcements"
        self._zone = zone

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        about = orjson.loads(delivery.payload)
        today = datetime.now(UTC).astimezone(self._zone).date()
        with UnitOfWork(self._engine) as uow:
            said = uow.session.get(Announcement, UUID(about["announcement"]))
            if said is None or said.audience not in TO_PROVIDERS:
                raise Superseded(CHANGED)
            if not shows(said.state, said.first_day, said.last_day, today):
                raise Superseded(CHANGED)
            contact = uow.session.get(Contact, UUID(about["contact"]))
            if contact is None or not contact.active:
                raise Permanent("contact-inactive")
            unusable = select(is_unusable(col(Contact.id))).where(col(Contact.id) == contact.id)
            if uow.session.scalars(unusable).one():
                raise Permanent("address-unusable")
            channel = self._channels.get(contact.means)
            if channel is None:
                raise Permanent("no-channel")
            words = announced(News(said.title, said.text), wishes_of(contact), url=self._at)
            letter = Letter(delivery, contact.address, words)
        return channel.send(letter)

    def rest(self) -> None:
        """Nothing more is due for now."""
        for channel in self._channels.values():
            channel.rest()
