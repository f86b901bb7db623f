"""One attempt to deliver a message about a listing."""

from sqlalchemy import Engine

from services.notifications.channels.email import EmailChannel
from services.notifications.handlers.directory import name_of
from services.notifications.keys import Keys
from services.notifications.listings.capacity_links import links_of
from services.notifications.listings.notice import ListingNotice
from services.notifications.listings.words import written
from services.notifications.tables import Contact
from shared.database import UnitOfWork
from shared.delivery import Delivery, Permanent, Receipt
from shared.mail import Choices, Written


class ListingSender:
    """Sends one delivery: what a `DeliveryWorker` calls.

    Args:
        engine: read from, in a short transaction that ends before the mail is posted.
        email: posts it.
        keys: make links.
        public_url: where they lead.
    """

    def __init__(self, engine: Engine, email: EmailChannel, keys: Keys, public_url: str) -> None:
        self._engine = engine
        self._email = email
        self._keys = keys
        self._public_url = public_url

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        notice = ListingNotice.model_validate_json(delivery.payload)
        with UnitOfWork(self._engine) as uow:
            contact = notice.contact and uow.session.get(Contact, notice.contact)
            if not contact or not contact.active:
                raise Permanent("contact-inactive")
            address = contact.address
            subject, paragraphs = written(notice, name_of(uow, notice.listing))
            choices = [
                Choices(
                    name_of(uow, service) or "Your group or service",
                    links_of(self._keys, self._public_url, delivery.id, number),
                )
                for number, service in enumerate(notice.services)
            ]
        message = Written(subject, paragraphs, choices=choices)
        return self._email.write(address, delivery.id, message)
