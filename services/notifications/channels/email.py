"""E-mail: over SMTP, or into a maildir where there is no mail server."""

import mailbox
import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from services.notifications.words import WORDS, reference
from shared.delivery import InDoubt, Permanent, Receipt, Temporary
from shared.trust import system_authorities

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
        brand: the name under them.
        code_minutes: for how long a one-time code works, to be said with it.
    """

    def __init__(self, post: Post, *, sender: str, brand: str, code_minutes: int) -> None:
        self._post = post
        self._sender = sender
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
        return self._post.post(self._sender, recipient, message.as_bytes(policy=SMTP_POLICY))

    def fault(self, address: str) -> str | None:
        """See `Channel`."""
        return None if mail_address(address) else "address-malformed"

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


class SmtpPost:
    """Hands mails to a mail server (RFC 5321), one connection each.

    Args:
        host: the server.
        port: its port.
        security: `starttls` (refuses to go on in clear), `tls` from the start, or `none`.
        user: signs in with it, if it is not empty.
        password: the user's.
        timeout_seconds: for each step.
        ssl_context: trusts; by default the system's authorities.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: str = "starttls",
        user: str = "",
        password: str = "",
        timeout_seconds: float = 20.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._timeout = timeout_seconds
        self._tls = ssl_context or system_authorities()

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        """See `Post`."""
        with self._connection() as smtp:
            try:
                _expect(smtp.mail(sender))
                _expect(smtp.rcpt(recipient))
            except (OSError, smtplib.SMTPException) as error:
                raise Temporary("smtp-unreachable") from error
            try:
                code, _ = smtp.data(message)
            except smtplib.SMTPDataError as refused:
                raise _refusal(refused.smtp_code) from refused
            except (OSError, smtplib.SMTPException) as error:
                # The server may have taken it just before the line broke: nobody can tell.
                raise InDoubt("smtp-cut-off") from error
            if code // 100 != 2:
                raise _refusal(code)
            return Receipt(f"smtp-{code}")

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        try:
            smtp = self._connected()
        except smtplib.SMTPResponseException as refused:
            # Before the recipient is named a refusal is about us: an operator can mend that.
            raise Temporary(f"smtp-{refused.smtp_code}") from refused
        except (OSError, smtplib.SMTPException) as error:
            raise Temporary("smtp-unreachable") from error
        try:
            yield smtp
        finally:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def _connected(self) -> smtplib.SMTP:
        smtp: smtplib.SMTP
        if self._security == "tls":
            smtp = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._tls
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            if self._user:
                smtp.login(self._user, self._password)
        except BaseException:
            smtp.close()
            raise
        return smtp


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


def _expect(answer: tuple[int, bytes]) -> None:
    code, _ = answer
    if code // 100 != 2:
        raise _refusal(code)


def _refusal(code: int) -> Temporary | Permanent:
    """RFC 5321, section 4.2.1: 4yz may pass, 5yz will not."""
    return Permanent(f"smtp-{code}") if code // 100 == 5 else Temporary(f"smtp-{code}")
