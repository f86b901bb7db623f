"""E-mail: to a mail server (`smtp`), or into a maildir where there is none."""

import mailbox
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.notifications.channels import Letter
from services.notifications.channels.declaring import Declaration, Format, text
from services.notifications.channels.smtp import SmtpPost
from services.notifications.settings import NotificationsSettings
from services.notifications.words import WORDS, reference
from shared.delivery import Permanent, Receipt, Schedule, Temporary, minutes

MOST_ADDRESS = 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.IGNORECASE)


class Post(Protocol):
    """Where a finished mail goes."""

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        """Hand it over.

        Raises:
            Undelivered: one of its kinds.
        """
        ...

    def rest(self) -> None:
        """Nothing more is to be handed over for now: what is kept open for it may be closed."""
        ...


@dataclass(frozen=True)
class Choices:
    """Something to answer about one service by a link for each answer.

    Attributes:
        name: what the service is called.
        links: what each answer says, and its address.
    """

    name: str
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Written:
    """What a mail says.

    Attributes:
        subject: its subject line.
        paragraphs: its text.
        link: what `url` is called.
        url: where to read more.
        choices: what can be answered by a link.
    """

    subject: str
    paragraphs: Sequence[str]
    link: str | None = None
    url: str | None = None
    choices: Sequence[Choices] = ()


class EmailChannel:
    """Writes the mail and posts it.

    Args:
        post: where mails go.
        sender: the address they come from.
        return_path: where mail servers send what they could not deliver.
        brand: the name under them.
        code_minutes: for how long a one-time code works, to be said with it.
    """

    def __init__(
        self, post: Post, *, sender: str, brand: str, code_minutes: int, return_path: str = ""
    ) -> None:
        self._post = post
        self._sender = sender
        self._return_path = return_path or sender
        self._brand = brand
        self._code_minutes = code_minutes
        environment = Environment(
            loader=PackageLoader("services.notifications"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._template = environment.get_template("message.jinja").module

    def send(self, letter: Letter) -> Receipt:
        """See `Channel`."""
        return self.write(letter.address, letter.delivery.id, self._written(letter))

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
        message = self._composed(key, written, recipient)
        return self._post.post(self._return_path, recipient, message.as_bytes(policy=SMTP_POLICY))

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if mail_address(address) else "address-malformed"

    def rest(self) -> None:
        """See `Channel`."""
        self._post.rest()

    def message(self, letter: Letter, recipient: str) -> EmailMessage:
        """The mail, in plain text and in HTML. Its Message-ID is the same at every attempt."""
        return self._composed(letter.delivery.id, self._written(letter), recipient)

    def _written(self, letter: Letter) -> Written:
        words = WORDS[letter.notice.kind]
        filled = words.paragraphs(
            reference=reference(letter.notice.task or letter.notice.case),
            code=letter.code or "",
            minutes=self._code_minutes,
        )
        return Written(words.subject, filled, words.link, letter.url)

    def _composed(self, key: UUID, written: Written, recipient: str) -> EmailMessage:
        content = {
            "brand": self._brand,
            "subject": written.subject,
            "paragraphs": written.paragraphs,
            "link": written.link,
            "url": written.url,
            "choices": written.choices,
        }
        message = EmailMessage()
        message["From"] = Address(self._brand, addr_spec=self._sender)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = written.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{key}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(str(self._template.text(**content)))  # type: ignore[attr-defined]
        message.add_alternative(str(self._template.html(**content)), subtype="html")  # type: ignore[attr-defined]
        return message


class MaildirPost:
    """Puts mails into a maildir, to be read by whoever tries Kersey out.

    Args:
        folder: made when the first mail comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def post(self, _sender: str, _recipient: str, message: bytes) -> Receipt:
        """See `Post`."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            mailbox.Maildir(self._folder, create=True).add(message)
        except OSError as error:
            raise Temporary("maildir-unwritable") from error
        return Receipt("maildir")

    def rest(self) -> None:
        """Nothing is kept open."""


def mail_address(text: str) -> str | None:
    """An address in the form in which every mail server takes it; None where there is none.

    A domain may be written in any script; it is encoded (RFC 5891). A local part that is not
    ASCII needs SMTPUTF8 all the way to the reader, so it is refused rather than lost underway.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        encoded = domain.encode("idna").decode() if domain else ""
    except UnicodeError:
        return None
    address = f"{local}@{encoded.lower()}"
    fits = at and _LOCAL.fullmatch(local) and len(local) <= 64 and _DOMAIN.fullmatch(encoded)
    return address if fits and len(address) <= MOST_ADDRESS else None


def made(settings: NotificationsSettings) -> EmailChannel:
    """The channel as the settings say."""
    post: Post
    if settings.smtp_host:
        post = SmtpPost(
            settings.smtp_host,
            settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            mails_per_connection=settings.smtp_mails_per_connection,
        )
    else:
        post = MaildirPost(settings.maildir)
    return EmailChannel(
        post,
        sender=settings.mail_from,
        brand=settings.brand,
        code_minutes=settings.code_minutes,
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
    takes_codes=True,
)
