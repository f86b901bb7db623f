"""An IMAP server with one mailbox, by Twisted: `python -m tests.notifications.imap_server`.

Twisted holds the conversation; the mailbox is a list here, because Twisted has none of its own. It
prints the port on which it listens. A line of base64 on standard input is a message that arrives,
and a line that begins with `?` asks for the mailbox: each message's flags, as JSON.
"""

import json
import sys
from base64 import b64decode
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import protocol, reactor, stdio
from twisted.mail import imap4
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

USER, PASSWORD = b"bounces", b"let me in"


@implementer(imap4.IMessage, imap4.IMessageFile)
@dataclass
class Message:
    """One message: its text, and its flags."""

    uid: int
    content: bytes
    flags: set[str] = field(default_factory=set)

    def getUID(self) -> int:  # noqa: N802 - Twisted's names, here and below
        return self.uid

    def getFlags(self) -> set[str]:  # noqa: N802
        return self.flags

    def getInternalDate(self) -> str:  # noqa: N802
        return "Mon, 02 Mar 2026 09:30:00 +0000"

    def getHeaders(self, negate: bool, *names: str) -> dict[str, str]:  # noqa: N802
        return {}

    def getBodyFile(self) -> BytesIO:  # noqa: N802
        return BytesIO(self.content.partition(b"\r\n\r\n")[2])

    def getSize(self) -> int:  # noqa: N802
        return len(self.content)

    def isMultipart(self) -> bool:  # noqa: N802
        return False

    def getSubPart(self, part: int) -> None:  # noqa: N802
        raise IndexError(part)

    def open(self) -> BytesIO:
        """The whole of it: `IMessageFile`."""
        return BytesIO(self.content)


@implementer(imap4.IMailbox)
class Inbox:
    """The mailbox."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.next = 1
        self.listeners: list[Any] = []

    def arrives(self, content: bytes) -> None:
        self.messages.append(Message(self.next, content))
        self.next += 1

    def getFlags(self) -> list[str]:  # noqa: N802
        return ["\\Seen", "\\Deleted"]

    def getHierarchicalDelimiter(self) -> str:  # noqa: N802
        return "/"

    def getUIDValidity(self) -> int:  # noqa: N802
        return 1

    def getUIDNext(self) -> int:  # noqa: N802
        return self.next

    def getUID(self, number: int) -> int:  # noqa: N802
        return self.messages[number - 1].uid

    def getMessageCount(self) -> int:  # noqa: N802
        return len(self.messages)

    def getRecentCount(self) -> int:  # noqa: N802
        return 0

    def getUnseenCount(self) -> int:  # noqa: N802
        return sum("\\Seen" not in each.flags for each in self.messages)

    def isWriteable(self) -> bool:  # noqa: N802
        return True

    def addListener(self, listener: Any) -> None:  # noqa: N802
        self.listeners.append(listener)

    def removeListener(self, listener: Any) -> None:  # noqa: N802
        self.listeners.remove(listener)

    def fetch(self, wanted: imap4.MessageSet, uid: bool) -> list[tuple[int, Message]]:
        wanted.last = self.next if uid else len(self.messages)
        return [
            (number, each)
            for number, each in enumerate(self.messages, 1)
            if (each.uid if uid else number) in wanted
        ]

    def store(
        self, wanted: imap4.MessageSet, flags: list[str], mode: int, uid: bool
    ) -> dict[int, list[str]]:
        found = self.fetch(wanted, uid)
        for _, each in found:
            each.flags = set(flags) if mode == 0 else each.flags
            each.flags = each.flags | set(flags) if mode == 1 else each.flags
            each.flags = each.flags - set(flags) if mode == -1 else each.flags
        return {number: sorted(each.flags) for number, each in found}

    def expunge(self) -> list[int]:
        gone = [number for number, each in enumerate(self.messages, 1) if "\\Deleted" in each.flags]
        self.messages = [each for each in self.messages if "\\Deleted" not in each.flags]
        return gone[::-1]  # each counts among those that are left


class Account(imap4.MemoryAccount):
    """One user's mailboxes: the inbox."""


class Realm:
    """Whoever signs in has that account."""

    def __init__(self, inbox: Inbox) -> None:
        self.account = Account("bounces")
        self.account.addMailbox("INBOX", inbox)

    def requestAvatar(self, _name: bytes, _mind: object, *kinds: Any) -> Any:  # noqa: N802
        return imap4.IAccount, self.account, lambda: None


class Told(LineReceiver):
    """What the test says and asks."""

    delimiter = b"\n"
    MAX_LENGTH = 10_000_000

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        if line.startswith(b"?"):
            say([sorted(each.flags) for each in self.inbox.messages])
        else:
            self.inbox.arrives(b64decode(line))
            say("arrived")

    def connectionLost(self, *_: Any) -> None:  # noqa: N802
        reactor.stop()


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    inbox = Inbox()
    checker = InMemoryUsernamePasswordDatabaseDontUse()
    checker.addUser(USER, PASSWORD)
    portal = Portal(Realm(inbox), [checker])

    class Served(protocol.Factory):
        def buildProtocol(self, _addr: object) -> imap4.IMAP4Server:  # noqa: N802
            server = imap4.IMAP4Server()
            server.portal = portal
            return server

    listening = reactor.listenTCP(0, Served(), interface="127.0.0.1")
    stdio.StandardIO(Told(inbox))
    say(listening.getHost().port)
    reactor.run()


if __name__ == "__main__":
    main()
