"""E-mail over real SMTP and webhooks over real HTTP: each answer is told apart at the edge."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.notifications.channels import Letter
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.webhook import WebhookChannel, new_secret
from services.notifications.domain import Kind
from services.notifications.notice import Notice
from services.notifications.wishes.rules import Wishes
from services.notifications.wording import worded
from services.notifications.words import WORDS
from shared.delivery import Delivery, InDoubt, Permanent, Receipt, Temporary
from shared.delivery.outgoing import OutgoingHttp
from shared.mail import MaildirPost, SmtpPost, mail_address
from shared.short_names import reference

MUTE = "https://kersey.example.org/no-more/token"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def letter(
    kind: Kind = Kind.REQUEST,
    address: str = "desk@clay.example.org",
    url: str = "",
    code: str = "",
    wishes: Wishes = Wishes(),  # noqa: B008 - it cannot be changed
    of_case: bool = False,
    **more: Any,
) -> Letter:
    delivery = Delivery(uuid4(), "email", address, "{}", 1, doubtful=False)
    notice = Notice(
        kind=kind,
        event=uuid4(),
        type="kersey.referral.requested.v1",
        time=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        case=uuid4(),
        task=None if of_case else uuid4(),
        service=uuid4(),
        provider=uuid4(),
    )
    words = worded(notice, wishes, url=url, code=code, minutes=10, mute=MUTE)
    return Letter(delivery, address, words, notice, **more)


def about(sent: Letter) -> Notice:
    assert sent.notice is not None
    return sent.notice


class MailServer:
    """A mail server that answers as told; keeps what it accepted."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.accepted: list[Envelope] = []
        self.signed_in: list[bytes] = []

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if "mail" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("mail", "250 fine")

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if "rcpt" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 fine")

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.get("data", "250 fine")
        if answer == "drop":
            self.accepted.append(envelope)
            assert server.transport
            server.transport.abort()
        elif answer.startswith("2"):
            self.accepted.append(envelope)
        return answer

    def authenticate(self, *arguments: Any) -> AuthResult:
        data = arguments[-1]
        assert isinstance(data, LoginPassword)
        self.signed_in.append(data.login)
        return AuthResult(success=data.password == b"right")


@contextmanager
def mail_server(server: MailServer, **options: Any) -> Iterator[int]:
    controller = Controller(server, hostname="127.0.0.1", port=0, **options)
    # The controller asks for a port by itself, so it is given one that was free a moment ago.
    with socket.create_server(("127.0.0.1", 0)) as free:
        controller.port = free.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        while made:
            made.pop().rest()
        controller.stop()


made: list[EmailChannel] = []
"""Channels whose conversations are to end before the server does."""


def channel(post: Any) -> EmailChannel:
    email = EmailChannel(post, sender="kersey@hub.example.org", brand="Kersey")
    if post is not None:
        made.append(email)
    return email


def plain(port: int, **more: Any) -> EmailChannel:
    return channel(SmtpPost("127.0.0.1", port, security="none", timeout_seconds=30, **more))


def test_a_mail_is_handed_over_in_a_real_conversation():
    server = MailServer()
    sent = letter(url="https://kersey.example.org/answer/token")
    with mail_server(server) as port:
        receipt = plain(port).send(sent)
    assert receipt == Receipt("smtp-250")
    (envelope,) = server.accepted
    assert envelope.mail_from == "kersey@hub.example.org"
    assert envelope.rcpt_tos == ["desk@clay.example.org"]
    assert isinstance(envelope.content, bytes)
    mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
    assert mail["Message-ID"] == f"<{sent.delivery.id}@hub.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for form in ("plain", "html"):
        part = mail.get_body((form,))
        assert part is not None
        assert "https://kersey.example.org/answer/token" in part.get_content()
        assert reference(about(sent).task or about(sent).case) in part.get_content()


def test_a_message_about_no_one_request_names_its_case():
    server = MailServer()
    sent = letter(Kind.WITHDRAWAL_ASKED, of_case=True)
    with mail_server(server) as port:
        plain(port).send(sent)
    (envelope,) = server.accepted
    assert isinstance(envelope.content, bytes)
    assert f"This is about case {reference(about(sent).case)}.".encode() in envelope.content


def test_every_attempt_has_the_same_message_id():
    server = MailServer()
    sent = letter()
    with mail_server(server) as port:
        plain(port).send(sent)
        plain(port).send(sent)
    parser = BytesParser(policy=policy.default)
    ids = {parser.parsebytes(each.content)["Message-ID"] for each in server.accepted}  # type: ignore[arg-type]
    assert len(server.accepted) == 2
    assert len(ids) == 1


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ("421 shutting down", Temporary, "smtp-421"),
        ("451 try later", Temporary, "smtp-451"),
        ("550 no such box", Permanent, "smtp-550"),
        ("552 too much", Permanent, "smtp-552"),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(step, answer, kind, reason):
    with mail_server(MailServer(**{step: answer})) as port, pytest.raises(kind, match=reason):
        plain(port).send(letter())


def test_a_line_that_breaks_after_data_is_in_doubt():
    server = MailServer(data="drop")
    with mail_server(server) as port, pytest.raises(InDoubt, match="smtp-cut-off"):
        plain(port).send(letter())
    assert len(server.accepted) == 1


def silent_server(lines: list[bytes]) -> tuple[socket.socket, threading.Thread]:
    """Says each line after hearing one, then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for line in lines:
                connection.sendall(line)
                connection.recv(65536)

    thread = threading.Thread(target=serve)
    thread.start()
    return listener, thread


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"554 go away\r\n"],
        [b"220 hello\r\n"],
        [b"220 hello\r\n", b"250 hub\r\n"],
        [b"220 hello\r\n", b"250 hub\r\n", b"250 sender fine\r\n"],
    ],
)
def test_a_line_that_breaks_before_data_is_temporary(lines):
    listener, thread = silent_server(lines)
    with pytest.raises(Temporary):
        plain(listener.getsockname()[1]).send(letter())
    thread.join()
    listener.close()


def test_no_mail_server_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Temporary, match="smtp-unreachable"):
        plain(port).send(letter())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return serving, ssl.create_default_context(cafile=folder / "cert.pem")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_signed_in_over_tls(certificate, security):
    serving, trusting = certificate
    server = MailServer()
    options = (
        {"tls_context": serving, "auth_required": True, "authenticator": server.authenticate}
        if security == "starttls"
        else {"ssl_context": serving}
    )
    user: dict[str, Any] = {"user": "kersey", "password": "right"} if security == "starttls" else {}
    with mail_server(server, **options) as port:
        post = SmtpPost("127.0.0.1", port, security=security, ssl_context=trusting, **user)
        assert channel(post).send(letter()) == Receipt("smtp-250")
    assert server.signed_in == ([b"kersey"] if security == "starttls" else [])
    assert len(server.accepted) == 1


def test_our_own_wrong_password_is_temporary_because_an_operator_can_mend_it(certificate):
    serving, trusting = certificate
    server = MailServer()
    with mail_server(
        server, tls_context=serving, auth_required=True, authenticator=server.authenticate
    ) as port:
        post = SmtpPost(
            "127.0.0.1", port, security="starttls", ssl_context=trusting,
            user="kersey", password="wrong", timeout_seconds=2,
        )  # fmt: skip
        with pytest.raises(Temporary, match="smtp-"):
            channel(post).send(letter())
    assert server.accepted == []


def test_without_starttls_nothing_is_sent_in_clear():
    server = MailServer()
    with mail_server(server) as port, pytest.raises(Temporary):
        channel(SmtpPost("127.0.0.1", port, timeout_seconds=2)).send(letter())
    assert server.accepted == []


def test_an_untrusted_certificate_gets_nothing(certificate):
    serving, _ = certificate
    server = MailServer()
    with mail_server(server, tls_context=serving) as port, pytest.raises(Temporary):
        channel(SmtpPost("127.0.0.1", port, timeout_seconds=2)).send(letter())
    assert server.accepted == []


def test_a_maildir_takes_mails_where_there_is_no_server(tmp_path):
    receipt = channel(MaildirPost(tmp_path / "a" / "mail")).send(letter())
    assert receipt == Receipt("maildir")
    assert len(list((tmp_path / "a" / "mail" / "new").iterdir())) == 1


def test_mails_that_come_first_and_together_are_all_in_the_maildir(tmp_path):
    for each in range(20):
        posting, together = channel(MaildirPost(tmp_path / str(each))), threading.Barrier(8)

        def send(posting=posting, together=together):
            together.wait()
            return posting.send(letter())

        with ThreadPoolExecutor(8) as threads:
            sent = [threads.submit(send) for _ in range(8)]
        assert [each.result() for each in sent] == [Receipt("maildir")] * 8


def test_a_maildir_that_cannot_be_written_is_temporary(tmp_path):
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(Temporary, match="maildir-unwritable"):
        channel(MaildirPost(tmp_path / "mail")).send(letter())


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("desk@clay.example.org", "desk@clay.example.org"),
        (" Desk.Two+kersey@Clay.Example.org ", "Desk.Two+kersey@clay.example.org"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("ops@localhost", "ops@localhost"),
    ],
)
def test_addresses_that_a_mail_server_takes(address, written):
    assert mail_address(address) == written


@pytest.mark.parametrize(
    "address",
    [
        "", "desk", "@clay.example.org", "desk@", "a@b@c.example.org", "two words@example.org",
        "desk@clay.example.org\r\nBcc: all@example.org", "desk@clay..example.org",
        "desk@-clay.example.org", "jörg@example.org", "desk@clay.example.org, other@example.org",
        "x" * 65 + "@example.org", "desk@" + "a." * 125 + "org", "<desk@example.org>",
        "desk@exa\u0000mple.org", "desk@" + "x" * 64 + ".org",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(address):
    assert mail_address(address) is None
    assert channel(None).fault(address) == "address-malformed"
    with pytest.raises(Permanent, match="address-malformed"):
        channel(None).send(letter(address=address))


@given(st.text(max_size=300))
def test_no_address_can_inject_a_header(text):
    found = mail_address(text)
    if found is not None:
        assert found.isascii()
        assert found.isprintable()
        assert " " not in found
        message = channel(None).message(letter(), found)
        assert message["To"] == found


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_words_that_can_be_sent(kind):
    message = channel(None).message(letter(kind, code="123456"), "desk@clay.example.org")
    text = message.get_body(("plain",))
    assert text is not None
    content = text.get_content()
    assert "{" not in content
    assert WORDS[kind].subject == message["Subject"]
    assert ("123456" in content) == (kind is Kind.IDENTITY_CODE)


def posting(receiver: Any) -> WebhookChannel:
    return WebhookChannel(OutgoingHttp(allow_private=True), public_url="https://kersey.example.org")


def test_a_webhook_is_signed_as_standard_webhooks_says(receiver):
    sent = letter(address=f"{receiver.url}/hook", secret=SECRET)
    assert posting(receiver).send(sent) == Receipt("http-204")
    (request,) = receiver.requests
    told = Webhook(SECRET).verify(request.body, request.headers)
    assert told == {
        "type": "kersey.referral.requested.v1",
        "timestamp": "2026-03-02T09:30:00+00:00",
        "data": {
            "kind": "request",
            "task": str(about(sent).task),
            "service": str(about(sent).service),
            "url": f"https://kersey.example.org/fhir/Task/{about(sent).task}",
        },
    }
    assert request.headers["webhook-id"] == str(sent.delivery.id)


def test_a_webhooks_id_and_body_stay_the_same_at_every_attempt(receiver):
    sent = letter(address=receiver.url, secret=SECRET)
    posting(receiver).send(sent)
    posting(receiver).send(sent)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_webhook_about_no_task_names_none(receiver):
    sent = letter(address=receiver.url, secret=SECRET)
    aside = replace(sent, notice=about(sent).model_copy(update={"task": None}))
    assert "url" not in json.loads(posting(receiver).body(aside))["data"]


def test_a_webhook_without_a_readable_secret_is_not_sent_unsigned(receiver):
    with pytest.raises(Permanent, match="no-secret"):
        posting(receiver).send(letter(address=receiver.url))
    assert receiver.requests == []


def test_secrets_are_long_and_never_alike():
    first, second = new_secret(), new_secret()
    assert first != second
    assert Webhook(first).sign("1", datetime.now(UTC), "{}")
    assert len(first) > 40
