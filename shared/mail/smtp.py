"""Mails handed to a mail server (RFC 5321), several in one conversation."""

import re
import smtplib
import ssl
import threading
from dataclasses import dataclass

from shared.delivery import InDoubt, NoSuchReceiver, Permanent, Receipt, Temporary
from shared.trust import system_authorities

NO_MAILBOX = frozenset([550, 551, 553])
"""After RCPT: there is no such mailbox, or none that takes mail (RFC 5321, section 4.2.3)."""
_STATUS = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})\b", re.ASCII)
GOING = 421
"""The server closes the conversation (RFC 5321, section 3.8)."""


@dataclass
class Conversation:
    """A connection that was greeted and signed in, and how many mails it has taken."""

    smtp: smtplib.SMTP
    mails: int = 0


class SmtpPost:
    """Hands mails to a mail server. Safe in threads: each mail has a conversation to itself.

    A conversation is kept for the next mail until `rest` is called, which a worker does when
    nothing more is due.

    Args:
        host: the server.
        port: its port.
        security: `starttls` (refuses to go on in clear), `tls` from the start, or `none`.
        user: signs in with it, if it is not empty.
        password: the user's.
        timeout_seconds: for each step.
        mails_per_connection: then a new one is opened; servers refuse more at some point.
        connections: conversations at once; whoever comes then waits, because servers refuse more.
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
        mails_per_connection: int = 100,
        connections: int = 8,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._timeout = timeout_seconds
        self._most = mails_per_connection
        self._tls = ssl_context or system_authorities()
        self._room = threading.BoundedSemaphore(connections)
        self._kept: list[Conversation] = []
        self._lock = threading.Lock()

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        """See `Post`."""
        with self._room:
            return self._posted(sender, recipient, message)

    def _posted(self, sender: str, recipient: str, message: bytes) -> Receipt:
        talk = self._begun(sender)
        try:
            receipt = _handed_over(talk.smtp, recipient, message)
        except (Temporary, Permanent) as refused:
            if refused.reason in (UNREACHABLE, f"smtp-{GOING}"):
                talk.smtp.close()
            else:
                self._keep(talk)
            raise
        except BaseException:
            talk.smtp.close()
            raise
        talk.mails += 1
        self._keep(talk)
        return receipt

    def rest(self) -> None:
        """Say goodbye in the conversations that are kept."""
        while talk := self._taken():
            _quit(talk.smtp)

    def _begun(self, sender: str) -> Conversation:
        """A conversation in which the sender is named: a kept one, if it still goes on."""
        while talk := self._taken():
            try:
                _expect(talk.smtp.rset())
                _expect(talk.smtp.mail(sender))
            except (Temporary, Permanent, OSError, smtplib.SMTPException):
                # It ended while it lay idle, or the server has had enough of it: nothing was said
                # of this mail yet, and what is refused in earnest is refused again in a new one.
                talk.smtp.close()
            else:
                return talk
        talk = Conversation(self._connected())
        try:
            _expect(talk.smtp.mail(sender))
        except (Temporary, Permanent):
            _quit(talk.smtp)
            raise
        except (OSError, smtplib.SMTPException) as error:
            talk.smtp.close()
            raise Temporary(UNREACHABLE) from error
        return talk

    def _taken(self) -> Conversation | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _keep(self, talk: Conversation) -> None:
        if talk.mails >= self._most:
            _quit(talk.smtp)
            return
        with self._lock:
            self._kept.append(talk)

    def _connected(self) -> smtplib.SMTP:
        try:
            return self._signed_in()
        except smtplib.SMTPResponseException as refused:
            # Before the recipient is named a refusal is about us: an operator can mend that.
            raise Temporary(f"smtp-{refused.smtp_code}") from refused
        except (OSError, smtplib.SMTPException) as error:
            raise Temporary(UNREACHABLE) from error

    def _signed_in(self) -> smtplib.SMTP:
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


UNREACHABLE = "smtp-unreachable"


def _handed_over(smtp: smtplib.SMTP, recipient: str, message: bytes) -> Receipt:
    try:
        _expect_recipient(smtp.rcpt(recipient))
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(UNREACHABLE) from error
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


def _quit(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


def _expect(answer: tuple[int, bytes]) -> None:
    code, _ = answer
    if code // 100 != 2:
        raise _refusal(code)


def _expect_recipient(answer: tuple[int, bytes]) -> None:
    """The recipient was named: what is refused for good now is the address, unless the server says
    that it is something else (RFC 3463: X.1 is the address, X.2.1 a mailbox that was closed)."""
    code, words = answer
    if code not in NO_MAILBOX:
        _expect(answer)
        return
    said = _STATUS.match(words.decode("ascii", "replace"))
    gone = said is None or said[1] == "1" or (said[1], said[2]) == ("2", "1")
    raise NoSuchReceiver(f"smtp-{code}", gone=gone)


def _refusal(code: int) -> Temporary | Permanent:
    """RFC 5321, section 4.2.1: 4yz may pass, 5yz will not."""
    return Permanent(f"smtp-{code}") if code // 100 == 5 else Temporary(f"smtp-{code}")
