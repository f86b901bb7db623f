"""Mailboxes with what came back: a maildir, and one on a real IMAP server. What holds for both."""

import json
import mailbox
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.bounces.imap import ImapBox
from services.notifications.bounces.mailbox import Box, Mailbox
from services.notifications.bounces.maildir import MaildirBox
from services.notifications.bounces.taking import Bounces, Outcome
from tests.notifications.conftest import House
from tests.notifications.imap_server import PASSWORD, USER
from tests.notifications.reports import bounce


@dataclass
class Lies:
    """A mailbox in which something lies.

    Attributes:
        box: reads it.
        arrives: a message comes.
        left: whether each that is left is marked as seen.
    """

    box: Box
    arrives: Callable[[bytes], None]
    left: Callable[[], list[bool]]


@pytest.fixture
def maildir(tmp_path: Path) -> Lies:
    folder = tmp_path / "bounces"
    box = mailbox.Maildir(folder, create=True)

    def left() -> list[bool]:
        return ["S" in each.get_flags() for each in mailbox.Maildir(folder)]

    def arrives(content: bytes) -> None:
        box.add(content)

    return Lies(MaildirBox(folder), arrives, left)


class Server:
    """The IMAP server, as a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.imap_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port: int = self._heard()

    def _heard(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def says(self, line: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._heard()

    def arrives(self, content: bytes) -> None:
        self.says(b64encode(content).decode())

    def left(self) -> list[bool]:
        return ["\\Seen" in flags for flags in self.says("?")]

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def box(self, **more: Any) -> ImapBox:
        signed = {"user": USER.decode(), "password": PASSWORD.decode(), "security": "none"}
        return ImapBox("127.0.0.1", self.port, **(signed | more))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def imap(server: Server) -> Lies:
    return Lies(server.box(), server.arrives, server.left)


@pytest.fixture(params=["maildir", "imap"])
def lies(request: pytest.FixtureRequest) -> Lies:
    found: Lies = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def bounces(house: House) -> Bounces:
    found: Bounces = house.app.state.bounces
    return found


@pytest.fixture
def sent(house: House) -> UUID:
    house.contact()
    house.ask()
    house.send()
    key: UUID = house.scalar("select id from delivery")
    return key


def answer() -> bytes:
    """What somebody wrote back."""
    message = EmailMessage()
    message["Subject"] = "Re: A new referral waits for you"
    message.set_content("Yes please")
    return message.as_bytes()


def handed_over(lies: Lies) -> list[bytes]:
    found: list[bytes] = []

    def take(content: bytes) -> Outcome:
        found.append(content)
        return Outcome.TAKEN

    lies.box.each(take)
    return found


def test_what_is_understood_is_removed_and_what_nobody_understands_stays(
    house: House, bounces: Bounces, sent: UUID, lies: Lies
):
    for content in (bounce(sent), bounce(uuid4()), answer()):
        lies.arrives(content)
    reader = Mailbox(lies.box, bounces)
    assert reader.look() == 2
    assert reader.fault is None
    assert lies.left() == [True]
    assert reader.look() == 0
    assert house.rows("state", id=sent) == ["bounced"]


def test_what_is_too_soon_comes_again(lies: Lies):
    lies.arrives(bounce(uuid4()))
    assert lies.box.each(lambda _: Outcome.TOO_SOON) == 0
    assert lies.left() == [False]
    assert lies.box.each(lambda _: Outcome.TAKEN) == 1
    assert lies.left() == []


def test_nothing_is_removed_before_it_was_taken(lies: Lies):
    lies.arrives(bounce(uuid4()))

    def dies(_: bytes) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lies.box.each(dies)
    assert lies.left() == [False]


def test_a_message_arrives_as_it_was_sent(lies: Lies):
    content = bounce(uuid4()) + bytes(range(1, 256)) + b"\r\n"
    lies.arrives(content)
    found = handed_over(lies)
    assert [each.replace(b"\r\n", b"\n") for each in found] == [content.replace(b"\r\n", b"\n")]


def test_of_a_message_that_is_too_long_only_the_beginning_is_read(lies: Lies):
    lies.arrives(b"Subject: x\r\n\r\n" + b"y" * 78 * 15_000)
    assert [len(each) for each in handed_over(lies)] == [1024 * 1024]


def test_a_mailbox_that_is_not_there_is_a_fault_in_words(
    bounces: Bounces, tmp_path: Path, server: Server
):
    for box in (
        MaildirBox(tmp_path / "nothing"),
        server.box(password="wrong"),
        server.box(security="tls"),
        server.box(security="starttls"),
        server.box(folder="nothing"),
        ImapBox("127.0.0.1", 9, security="none", user="u", password="p"),
    ):
        reader = Mailbox(box, bounces)
        assert reader.look() == 0
        assert reader.fault is not None
        assert "of bounces cannot be read" in reader.fault
        assert USER.decode() + "'" not in reader.fault


def test_a_fault_that_is_mended_is_none(bounces: Bounces, tmp_path: Path):
    reader = Mailbox(MaildirBox(tmp_path / "later"), bounces)
    reader.look()
    assert reader.fault is not None
    mailbox.Maildir(tmp_path / "later", create=True)
    reader.look()
    assert reader.fault is None
