"""E-mail: what a delivery says, posted."""

from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from uuid import UUID

from sqlalchemy import Engine

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format, text
from services.notifications.settings import NotificationsSettings
from shared.delivery import Permanent, Receipt, Schedule, minutes
from shared.mail import Composer, Post, Written, mail_address, post_of


class EmailChannel:
    """Writes the mail and posts it.

    Args:
        post: where mails go.
        sender: the address they come from.
        return_path: where mail servers send what they could not deliver.
        brand: the name under them.
    """

    def __init__(self, post: Post, *, sender: str, brand: str, return_path: str = "") -> None:
        self._post = post
        self._composer = Composer(sender=sender, brand=brand)
        self._return_path = return_path or sender

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        return self.write(letter.address, letter.delivery.id, _written(letter))

    def message(self, letter: Letter, recipient: str) -> EmailMessage:
        """The mail, as its reader wants it set. Its Message-ID is the same at every attempt."""
        return self._composer.composed(letter.delivery.id, _written(letter), recipient)

    def write(self, address: str, key: UUID, written: Written) -> Receipt:
        """Send what was written.

        Args:
            address: the contact's.
            key: the delivery's id, which makes the Message-ID, the same at every attempt.
            written: what it says.

        Raises:
            Undelivered: one of its kinds.
        """
        recipient = mail_address(address)
        if recipient is None:
            raise Permanent("address-malformed")
        message = self._composer.composed(key, written, recipient)
        return self._post.post(self._return_path, recipient, message.as_bytes(policy=SMTP_POLICY))

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if mail_address(address) else "address-malformed"

    def rest(self) -> None:
        """See `Channel`."""
        self._post.rest()


def _written(letter: Letter) -> Written:
    words = letter.words
    return Written(
        words.subject,
        words.paragraphs,
        words.link,
        words.url,
        look=words.look,
        lang=words.lang,
        english=words.english,
        unsubscribe=words.mute,
    )


def made(settings: NotificationsSettings, _engine: Engine | None = None) -> EmailChannel:
    """The channel as the settings say."""
    return EmailChannel(
        post_of(settings),
        sender=settings.mail_from,
        brand=settings.brand,
        return_path=settings.bounce_address,
    )


EMAIL = Declaration(
    means="email",
    address="an e-mail address",
    example="desk@clay.example.org",
    format=Format.WORDS,
    make=made,
    # About a day: a person waits for the answer, and staff can ring. GOV.UK Notify gives up sooner.
    schedule=Schedule(delays=minutes(1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60)),
    faults={"address-malformed": "It is not a well-formed address."},
    asked_by=("email",),
    listed=lambda asks, listing: text(asks, "email") or text(listing, "email"),
    person="email",
    takes_codes=True,
)
