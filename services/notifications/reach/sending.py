"""One attempt to deliver a message about how a party is reached."""

from sqlalchemy import Engine

from services.notifications.channels.email import EmailChannel
from services.notifications.handlers.directory import name_of_party
from services.notifications.reach.notice import ReachNotice
from services.notifications.reach.words import written
from services.notifications.tables import Contact
from shared.database import UnitOfWork
from shared.delivery import Delivery, Permanent, Receipt
from shared.mail import Written


class ReachSender:
    """Sends one delivery: what a `DeliveryWorker` calls.

    Args:
        engine: read from, in a short transaction that ends before the mail is posted.
        email: posts it.
        days: for how long messages wait for a webhook that is switched off, to be said.
    """

    def __init__(self, engine: Engine, email: EmailChannel, *, days: float) -> None:
        self._engine = engine
        self._email = email
        self._days = days

    def __call__(self, delivery: Delivery) -> Receipt:
        """Send it, or raise one of the kinds of `Undelivered`."""
        notice = ReachNotice.model_validate_json(delivery.payload)
        with UnitOfWork(self._engine) as uow:
            contact = notice.contact and uow.session.get(Contact, notice.contact)
            about = uow.session.get(Contact, notice.about)
            if about is None or not contact or not contact.active:
                raise Permanent("contact-inactive")
            address = contact.address
            name = name_of_party(uow, about.party)
        subject, paragraphs = written(notice, name, days=self._days)
        return self._email.write(address, delivery.id, Written(subject, paragraphs))
