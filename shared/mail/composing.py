"""What a mail says, in plain text and in HTML made from the same words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from enum import StrEnum
from functools import cache
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from shared.tongues import IN_ENGLISH


class Look(StrEnum):
    """How a mail is set."""

    USUAL = "usual"
    """In plain text and in HTML: the reader's program chooses."""
    LARGE = "large"
    """Likewise, the HTML in large print."""
    PLAIN = "plain"
    """In plain text alone."""


@dataclass(frozen=True)
class Choices:
    """Something to answer about one service by a link for each answer.

    Attributes:
        name: what the service is called.
        links: what each answer says, and its address.
    """

    name: str
    links: Sequence[tuple[str, str]]


SIZES: Mapping[Look, int] = {Look.USUAL: 18, Look.LARGE: 26}
"""Of the text, in pixels; of headings in proportion. Large print is 16 points or more on paper."""


@dataclass(frozen=True)
class Written:
    """What a mail says.

    Attributes:
        subject: its subject line.
        paragraphs: its text.
        link: what `url` is called.
        url: where to read more.
        choices: what can be answered by a link.
        look: how it is set.
        lang: the language of the subject, the link and the first paragraphs.
        english: how many of the last paragraphs are in English, where the others are not.
        unsubscribe: the address at which a POST ends mails of this kind, where they may be ended;
            a mail program sends it by itself if it is https (RFC 8058, section 3.1).
    """

    subject: str
    paragraphs: Sequence[str]
    link: str | None = None
    url: str | None = None
    choices: Sequence[Choices] = ()
    look: Look = Look.USUAL
    lang: str = IN_ENGLISH
    english: int = 0
    unsubscribe: str | None = None


@cache
def _template() -> Template:
    """Compiled once in a process, however many write mails."""
    environment = Environment(
        loader=PackageLoader("shared.mail"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("message.jinja")


class Composer:
    """Makes a mail of what is to be said.

    Args:
        sender: the address that mails come from.
        brand: the name under them.
    """

    def __init__(self, *, sender: str, brand: str) -> None:
        self.sender = sender
        self._brand = brand
        self._template = _template().module

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
            "unsubscribe": written.unsubscribe,
        }
        message = EmailMessage()
        message["From"] = Address(self._brand, addr_spec=self.sender)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = written.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{key}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if written.unsubscribe:
            message["List-Unsubscribe"] = f"<{written.unsubscribe}>"
            if written.unsubscribe.startswith("https:"):
                message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(str(self._template.text(**content)))  # type: ignore[attr-defined]
        if written.look is not Look.PLAIN:
            read = {"lang": written.lang, "english": written.english, "size": SIZES[written.look]}
            html = self._template.html(**content, **read)  # type: ignore[attr-defined]
            message.add_alternative(str(html), subtype="html")
        return message
