"""Several mails in one conversation with the mail server, and what may go wrong between them."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.delivery import InDoubt, Permanent, Receipt, Temporary
from shared.mail import SmtpPost
from tests.notifications.test_channels import MailServer, mail_server

SENDER, DESK = "kersey@hub.example.org", "desk@clay.example.org"


class Counting(MailServer):
    """Counts conversations and their ends, and can hang up after some of them."""

    def __init__(self, **answers: str) -> None:
        super().__init__(**answers)
        self.greeted: list[Session] = []
        self.resets = 0
        self.goodbyes = 0
        self.at_mail: list[str] = []
        self.refused = ""

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(session)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.at_mail.pop(0) if self.at_mail else "250 fine"
        if answer == "drop":
            server.transport.abort()
        elif answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address == self.refused:
            return "550 no such box"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.resets += 1
        return "250 fine"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.goodbyes += 1
        return "221 goodbye"


@contextmanager
def posting(server: MailServer, **more: Any) -> Iterator[SmtpPost]:
    with mail_server(server) as port:
        post = SmtpPost("127.0.0.1", port, security="none", timeout_seconds=30, **more)
        yield post
        post.rest()


def post_to(post: SmtpPost, recipient: str = DESK) -> Receipt:
    return post.post(SENDER, recipient, b"Subject: hello\r\n\r\nhello\r\n")


def test_several_mails_go_in_one_conversation_that_is_reset_between_them():
    server = Counting()
    with posting(server) as post:
        assert {post_to(post).code for _ in range(4)} == {"smtp-250"}
        assert len(server.accepted) == 4
        assert (len(server.greeted), server.resets, server.goodbyes) == (1, 3, 0)
        post.rest()
        assert server.goodbyes == 1
        post_to(post)
        assert len(server.greeted) == 2


class Slow(Counting):
    """Takes a while over each recipient."""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        await asyncio.sleep(0.05)
        return await super().handle_RCPT(server, session, envelope, address, options)


@pytest.mark.parametrize("most", [1, 2])
def test_a_server_is_not_asked_for_more_conversations_than_it_takes(most):
    server = Slow()
    with posting(server, connections=most) as post, ThreadPoolExecutor(6) as threads:
        assert {each.code for each in threads.map(lambda _: post_to(post), range(6))} == {
            "smtp-250"
        }
        assert len(server.accepted) == 6
        assert len(server.greeted) == most


def test_a_recipient_that_is_refused_costs_the_others_nothing():
    server = Counting()
    server.refused = "gone@clay.example.org"
    with posting(server) as post:
        post_to(post)
        with pytest.raises(Permanent, match="smtp-550"):
            post_to(post, "gone@clay.example.org")
        post_to(post)
    assert [each.rcpt_tos for each in server.accepted] == [[DESK], [DESK]]
    assert len(server.greeted) == 1


@pytest.mark.parametrize("said", ["drop", "421 too many mails, come again", "451 enough for now"])
def test_a_server_that_has_had_enough_of_a_conversation_gets_a_new_one(said):
    server = Counting()
    with posting(server) as post:
        post_to(post)
        server.at_mail = [said]
        assert post_to(post) == Receipt("smtp-250")
    assert len(server.accepted) == 2
    assert len(server.greeted) == 2


def test_a_server_that_closed_the_connection_while_it_lay_idle_gets_a_new_one():
    server = Counting()
    with posting(server) as post:
        post_to(post)
        post._kept[0].smtp.sock.shutdown(2)  # type: ignore[union-attr]
        assert post_to(post) == Receipt("smtp-250")
    assert len(server.accepted) == 2


def test_what_is_refused_in_earnest_is_refused_in_a_new_conversation_too():
    server = Counting()
    with posting(server) as post:
        post_to(post)
        server.at_mail = ["451 later", "451 later"]
        with pytest.raises(Temporary, match="smtp-451"):
            post_to(post)
    assert len(server.greeted) == 2


def test_after_so_many_mails_a_new_conversation_is_opened():
    server = Counting()
    with posting(server, mails_per_connection=2) as post:
        for _ in range(5):
            post_to(post)
        assert (len(server.greeted), server.goodbyes) == (3, 2)
    assert len(server.accepted) == 5


def test_a_line_that_breaks_after_data_in_a_kept_conversation_is_in_doubt_and_not_sent_again():
    server = Counting()
    with posting(server) as post:
        post_to(post)
        server.answers["data"] = "drop"
        with pytest.raises(InDoubt, match="smtp-cut-off"):
            post_to(post)
        assert len(server.accepted) == 2
        del server.answers["data"]
        post_to(post)
    assert len(server.greeted) == 2


def test_threads_share_no_conversation():
    server = Counting()
    together = threading.Barrier(3)
    with posting(server) as post, ThreadPoolExecutor(3) as pool:

        def several(number: int) -> None:
            together.wait(30)
            for _ in range(5):
                post_to(post, f"desk-{number}@clay.example.org")

        list(pool.map(several, range(3)))
    assert sorted(each.rcpt_tos[0] for each in server.accepted) == sorted(
        f"desk-{number}@clay.example.org" for number in range(3) for _ in range(5)
    )
    assert 1 <= len(server.greeted) <= 3
    assert server.goodbyes == len(server.greeted)


def test_a_worker_sends_what_is_due_in_one_conversation_and_then_says_goodbye(house):
    server = Counting()
    for number in range(3):
        house.contact(address=f"desk-{number}@clay.example.org")
    house.ask()
    with mail_server(server) as port:
        house.settings = house.settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        )
        house.send()
    assert len(server.accepted) == 3
    assert (len(server.greeted), server.goodbyes) == (1, 1)
