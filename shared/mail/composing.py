"""What a mail says, in plain text and in HTML made from the same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined


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


class Composer:
    """Makes a mail of what is to be said.

    Args:
        sender: the address that mails come from.
        brand: the name under them.
    """

    def __init__(self, *, sender: str, brand: str) -> None:
        self.sender = sender
        self._brand = brand
        environment = Environment(
            loader=PackageLoader("shared.mail"), autoescape=True, undefined=StrictUndefined
        )
        self._template = environment.get_template("message.jinja").module

    def composed(self, key: UUID, written: Written, recipient: str) -> EmailMessage:
        """The mail.

        Args:
            key: makes the Message-ID, so that it is the same at every attempt.
            written: what it says.
            recipient: as `mail_address` writes it.
        """
        content = {
            "brand": self._brand,
            "subject": written.subject,
            "paragraphs": written.paragraphs,
            "link": written.link,
            "url": written.url,
            "choices": written.choices,
        }
        message = EmailMessage()
        message["From"] = Address(self._brand, addr_spec=self.sender)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = written.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{key}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(str(self._template.text(**content)))  # type: ignore[attr-defined]
        message.add_alternative(str(self._template.html(**content)), subtype="html")  # type: ignore[attr-defined]
        return message
