"""A mailbox on an IMAP server (RFC 3501, RFC 9051) to which what comes back is delivered.

It is Kersey's alone: what was taken is expunged, and where the server cannot expunge one message
(UIDPLUS, RFC 4315), so is all that somebody else marked to be deleted.
"""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError

from services.notifications.bounces.mailbox import BoxFault, Take
from services.notifications.bounces.reading import MOST_BYTES
from services.notifications.bounces.taking import Outcome
from services.notifications.settings import NotificationsSettings
from shared.trust import system_authorities

AT_ONCE = 50
"""Messages that are fetched in one conversation; what is left comes in the next."""
_WHOLE = f"BODY.PEEK[]<0.{MOST_BYTES}>"
"""The message without marking it as seen, and not more of it than is read."""


class ImapBox:
    """See `Box`. A conversation for each look: servers end those that lie idle.

    Args:
        host: the server.
        port: its port.
        security: `tls` from the start, `starttls` (refuses to go on in clear), or `none`.
        user: signs in with it.
        password: the user's.
        folder: in which the messages are.
        timeout_seconds: for each step.
        ssl_context: trusts; by default the system's authorities.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: str,
        user: str,
        password: str,
        folder: str = "INBOX",
        timeout_seconds: float = 20.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._user = user
        self._password = password
        self._folder = folder
        self._timeout = timeout_seconds
        self._tls = ssl_context or system_authorities()

    def each(self, take: Take) -> int:
        """See `Box`."""
        try:
            with self._open() as server:
                return self._taken(server, take)
        except (OSError, IMAPClientError) as error:
            # Its text may be the server's own, with an address in it.
            words = f"the IMAP mailbox of bounces cannot be read: {type(error).__name__}"
            raise BoxFault(words) from error

    @contextmanager
    def _open(self) -> Iterator[IMAPClient]:
        tls = self._security == "tls"
        server = IMAPClient(
            self._host,
            self._port,
            ssl=tls,
            ssl_context=self._tls if tls else None,
            timeout=self._timeout,
        )
        try:
            if self._security == "starttls":
                server.starttls(self._tls)
            server.login(self._user, self._password)
            server.select_folder(self._folder)
            yield server
            server.logout()
        except BaseException:
            server.shutdown()
            raise

    def _taken(self, server: IMAPClient, take: Take) -> int:
        waiting: Sequence[int] = sorted(server.search(["UNSEEN", "UNDELETED"]))[:AT_ONCE]
        taken = 0
        for uid in waiting:
            content = self._content(server, uid)
            outcome = take(content) if content is not None else Outcome.TOO_SOON
            if outcome is Outcome.UNREADABLE:
                server.add_flags([uid], [SEEN], silent=True)
            elif outcome is not Outcome.TOO_SOON:
                self._remove(server, uid)
                taken += 1
        return taken

    @staticmethod
    def _content(server: IMAPClient, uid: int) -> bytes | None:
        """The message; None where another reader took it away meanwhile."""
        found = server.fetch([uid], [_WHOLE]).get(uid, {})
        parts = (part for name, part in found.items() if name.startswith(b"BODY["))
        content = next(parts, None)
        # Not every server heeds how much was asked for.
        return content[:MOST_BYTES] if isinstance(content, bytes) else None

    @staticmethod
    def _remove(server: IMAPClient, uid: int) -> None:
        server.add_flags([uid], [DELETED], silent=True)
        server.expunge([uid] if server.has_capability("UIDPLUS") else None)


def imap_of(settings: NotificationsSettings) -> ImapBox | None:
    """The mailbox that the settings name; None where they name none."""
    if not settings.bounce_imap_host:
        return None
    return ImapBox(
        settings.bounce_imap_host,
        settings.bounce_imap_port,
        security=settings.bounce_imap_security,
        user=settings.bounce_imap_user,
        password=settings.bounce_imap_password.get_secret_value(),
        folder=settings.bounce_imap_folder,
    )
