"""Where a finished mail goes: over SMTP, or into a maildir where there is no mail server."""

import mailbox
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shared.delivery import InDoubt, Permanent, Receipt, Temporary
from shared.trust import system_authorities


class Post(Protocol):
    """Where a finished mail goes."""

    def post(self, sender: str, recipient: str, message: bytes) -> Receipt:
        """Hand it over.

        Raises:
            Undelivered: one of its kinds.
        """
        ...


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


def _expect(answer: tuple[int, bytes]) -> None:
    code, _ = answer
    if code // 100 != 2:
        raise _refusal(code)


def _refusal(code: int) -> Temporary | Permanent:
    """RFC 5321, section 4.2.1: 4yz may pass, 5yz will not."""
    return Permanent(f"smtp-{code}") if code // 100 == 5 else Temporary(f"smtp-{code}")
