"""Posting to a stranger's address: an answer is a receipt or a kind of failure, never a way in."""

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.delivery import Permanent, Receipt, Temporary
from shared.delivery.outgoing import OutgoingHttp
from shared.strangers import connection, names


@contextmanager
def answering(*answers: bytes, pause: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A raw HTTP receiver: each connection gets the next answer, a byte at a time if paused."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(_request(connection))
                try:
                    for piece in (
                        [answer[i : i + 1] for i in range(len(answer))] if pause else [answer]
                    ):
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/hook", heard
    finally:
        listener.close()
        with socket.socket() as unblock:
            unblock.settimeout(0.2)
            unblock.connect_ex(("127.0.0.1", port))
        thread.join(10)


def _request(connection: socket.socket) -> bytes:
    """All of one request, or what there is of it."""
    heard = b""
    while True:
        head, end, body = heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if end and len(body) >= int(length[1] if length else 0):
            return heard
        piece = connection.recv(65536)
        heard += piece
        if not piece or not heard.startswith((b"POST", b"PUT")):
            return heard


@pytest.fixture
def outgoing():
    posting = OutgoingHttp(allow_private=True, timeout_seconds=1.0)
    yield posting
    posting.close()


@pytest.fixture
def guarded():
    posting = OutgoingHttp(allow_private=False, timeout_seconds=1.0)
    yield posting
    posting.close()


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Said", "Content-Length: 2", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\nok").encode()


def test_a_body_is_posted_with_its_headers(outgoing):
    with answering(status(204)) as (url, heard):
        receipt = outgoing.post(url, b'{"a":1}', {"webhook-id": "7"})
    assert receipt == Receipt("http-204")
    assert b"POST /hook HTTP/1.1" in heard[0]
    assert b"webhook-id: 7" in heard[0]
    assert heard[0].endswith(b'{"a":1}')


def test_it_is_put_where_the_receiver_keeps_it_and_in_the_time_that_it_has(outgoing):
    with answering(status(200)) as (url, heard):
        assert outgoing.send("PUT", url, b"{}", {}) == Receipt("http-200")
    assert heard[0].startswith(b"PUT /hook HTTP/1.1")
    begun = time.monotonic()
    slow = answering(status(200), pause=0.05)
    with slow as (url, _), pytest.raises(Temporary, match="timeout"):
        outgoing.send("PUT", url, b"{}", {}, timeout_seconds=0.2)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 422])
def test_an_answer_that_will_not_change_is_permanent(outgoing, code):
    with answering(status(code)) as (url, _), pytest.raises(Permanent, match=f"http-{code}"):
        outgoing.post(url, b"", {})


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_of_the_moment_is_temporary(outgoing, code):
    with answering(status(code)) as (url, _), pytest.raises(Temporary, match=f"http-{code}"):
        outgoing.post(url, b"", {})


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(outgoing, code):
    with answering(status(200)) as (elsewhere, heard_elsewhere):
        redirecting = answering(status(code, f"Location: {elsewhere}"))
        with redirecting as (url, _), pytest.raises(Permanent, match=f"http-{code}"):
            outgoing.post(url, b"", {})
        assert heard_elsewhere == []


def test_retry_after_in_seconds_or_as_a_date_is_kept(outgoing):
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    for said, expected in [("120", 120), (later, 300)]:
        busy = answering(status(429, f"Retry-After: {said}"))
        with busy as (url, _), pytest.raises(Temporary) as failure:
            outgoing.post(url, b"", {})
        assert failure.value.retry_after is not None
        assert failure.value.retry_after.total_seconds() == pytest.approx(expected, abs=3)


@pytest.mark.parametrize(
    "said", ["soon", "-5", "", b"\xb2", f"Mon, 01 Jan 2029 00:00:00 +{'9' * 20}", "1" * 3 + "x"]
)
def test_a_retry_after_that_cannot_be_read_was_not_said(outgoing, said):
    head, _, body = status(503).partition(b"\r\n\r\n")
    value = said if isinstance(said, bytes) else said.encode()
    busy = answering(head + b"\r\nRetry-After: " + value + b"\r\n\r\n" + body)
    with busy as (url, _), pytest.raises(Temporary, match="http-503") as failure:
        outgoing.post(url, b"", {})
    assert failure.value.retry_after is None


def test_a_retry_after_of_ages_is_no_crash(outgoing):
    busy = answering(status(503, f"Retry-After: {'9' * 5000}"))
    with busy as (url, _), pytest.raises(Temporary, match="http-503") as failure:
        outgoing.post(url, b"", {})
    assert failure.value.retry_after == timedelta(seconds=10**7)


def test_nobody_there(outgoing):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Temporary, match="unreachable"):
        outgoing.post(f"http://127.0.0.1:{port}/", b"", {})


def test_a_name_that_does_not_resolve(outgoing, monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Temporary, match="unreachable"):
        outgoing.post("https://hooks.example.org/", b"", {})


def test_a_receiver_that_hangs_is_given_up(outgoing):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(Temporary, match="timeout"):
            outgoing.post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", {})
    assert time.monotonic() - started < 3


def test_a_receiver_that_answers_a_byte_at_a_time_cannot_hold_us(outgoing):
    endless = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100
    started = time.monotonic()
    with answering(endless, pause=0.05) as (url, _), pytest.raises(Temporary, match="timeout"):
        outgoing.post(url, b"", {})
    assert time.monotonic() - started < 8


def test_an_answer_that_is_not_http(outgoing):
    greeting = answering(b"220 mail.example.org ESMTP\r\n")
    with greeting as (url, _), pytest.raises(Temporary, match="not-http"):
        outgoing.post(url, b"", {})


def test_a_huge_answer_is_not_read_to_its_end(outgoing):
    much = 50_000_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {much}\r\n\r\n".encode()
    with answering(head + b"x" * 1_000_000) as (url, _):
        assert outgoing.post(url, b"", {}) == Receipt("http-200")


def test_a_connection_is_used_again_and_each_exchange_has_its_own_deadline():
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for _ in range(2):
                heard.append(_request(connection))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.settimeout(10)
            heard.append(connection.recv(1))

    posting = OutgoingHttp(allow_private=True, timeout_seconds=2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            posting.post(url, b"1", {})
            time.sleep(2.1)  # longer than one exchange may take
            posting.post(url, b"2", {})
        finally:
            posting.close()
            thread.join(15)
    assert [each[-1:] for each in heard] == [b"1", b"2", b""]


@contextmanager
def speaking(
    *answers: bytes, secured: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """A raw HTTP receiver that gives all its answers on each connection, and then ends it."""
    heard: list[bytes] = []
    accepted: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            for answer in answers:
                request = _request(connection)
                if not request:
                    return
                heard.append(request)
                connection.sendall(answer)

    def listen() -> None:
        threads = []
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if secured:
                    connection = secured.wrap_socket(connection, server_side=True)
                accepted.append(connection)
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()
        for each in threads:
            each.join(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=listen)
        thread.start()
        scheme, port = "https" if secured else "http", listener.getsockname()[1]
        try:
            yield f"{scheme}://127.0.0.1:{port}/", heard
        finally:
            for each in (listener, *accepted):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            thread.join(10)


NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_connection_that_the_other_side_ended_is_not_used_again(outgoing):
    with speaking(NO_CONTENT) as (url, _):
        for _ in range(3):
            assert outgoing.post(url, b"{}", {}) == Receipt("http-204")
            wait_until_ended(outgoing)


def wait_until_ended(outgoing: OutgoingHttp) -> None:
    """Until the receiver's end of the connection that is kept has come."""
    (kept,) = outgoing._http._kept._oldest_first
    deadline = time.monotonic() + 10
    while kept.fresh and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_connection_is_kept_whatever_was_answered(outgoing):
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
    with speaking(busy, NO_CONTENT) as (url, heard):
        with pytest.raises(Temporary, match="http-503"):
            outgoing.post(url, b"1", {})
        assert outgoing.post(url, b"2", {}) == Receipt("http-204")
        assert len(heard) == 2, "the second on the first's connection, else a 503 again"


def ok(status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok".encode()


def test_an_answer_too_many_is_not_the_answer_to_the_next_message(outgoing):
    """Or what was answered 503 would be taken for delivered."""
    with speaking(ok() + ok(), ok("503 Busy")) as (url, heard):
        for _ in range(3):
            assert outgoing.post(url, b"{}", {}) == Receipt("http-200")
        assert len(heard) == 3, "each heard of it on a connection of its own"


def test_an_answer_too_many_that_comes_later_ends_the_connection(outgoing):
    ours, theirs = socket.socketpair()
    with speaking(ok(), ok("503 Busy")) as (url, _), ours, theirs:
        outgoing.post(url, b"1", {})
        (kept,) = outgoing._http._kept._oldest_first
        kept._socket.close()
        kept._socket = ours
        theirs.sendall(ok("410 Gone"))
        assert outgoing.post(url, b"2", {}) == Receipt("http-200"), "the first of a new connection"


def test_no_receiver_answers_for_another_on_the_same_host(outgoing):
    """Or one that says 410 too often would have its neighbour switched off."""
    with speaking(ok(), ok("410 Gone")) as (url, _):
        assert outgoing.post(f"{url}one", b"", {}) == Receipt("http-200")
        assert outgoing.post(f"{url}another", b"", {}) == Receipt("http-200")
        with pytest.raises(Permanent, match="http-410"):  # on the connection that is its own
            outgoing.post(f"{url}one", b"", {})


def test_one_receivers_addresses_share_a_connection_that_is_nobody_elses(outgoing):
    """As where each resource is put under an address of its own."""
    with speaking(ok(), ok("201 Created")) as (url, _):
        told = [
            outgoing.send("PUT", f"{url}{path}", b"{}", {}, whose=whose).code
            for path, whose in [("a/1", "a"), ("b/1", "b"), ("a/2", "a")]
        ]
    assert told == ["http-200", "http-200", "http-201"]


def test_a_receiver_that_says_something_beside_no_content_is_told_all(outgoing):
    with speaking(NO_CONTENT + b"thank you", NO_CONTENT) as (url, heard):
        for _ in range(4):
            assert outgoing.post(url, b"{}", {}) == Receipt("http-204")
        assert len(heard) == 4


def test_over_tls_too_an_answer_too_many_ends_the_connection(certified):
    serving, trusting = certified
    posting = OutgoingHttp(allow_private=True, ssl_context=trusting)
    with speaking(ok() + ok(), ok("503 Busy"), secured=serving) as (url, _):
        for _ in range(3):
            assert posting.post(url, b"{}", {}) == Receipt("http-200")
    with speaking(ok(), ok("201 Created"), secured=serving) as (url, _):
        told = [posting.post(url, b"{}", {}).code for _ in range(2)]
    assert told == ["http-200", "http-201"], "one that says no more is used again"
    posting.close()


def test_a_receiver_that_hears_slowly_cannot_hold_us():
    """Each piece that it takes must not begin the time anew."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while not over.wait(0.1) and connection.recv(1_000_000):
                continue

    posting = OutgoingHttp(allow_private=True, timeout_seconds=0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        begun = time.monotonic()
        try:
            with pytest.raises(Temporary, match="timeout"):
                posting.post(url, b"x" * 50_000_000, {})
            assert time.monotonic() - begun < 2.5
        finally:
            over.set()
            thread.join(10)
            posting.close()


@pytest.fixture
def slow_names(monkeypatch):
    """A resolver that says nothing until it is let go; and the names it was asked for."""
    go, asked = threading.Event(), []
    known = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    resolve = socket.getaddrinfo

    def slow(host: str, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".example.org"):
            return resolve(host, *rest, **more)
        asked.append(host)
        go.wait(30)
        return known

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield go, asked
    go.set()


def test_a_name_that_is_looked_up_slowly_cannot_hold_us(outgoing, slow_names):
    go, asked = slow_names
    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(Temporary, match="timeout"):
            outgoing.send("POST", "http://slow.example.org/", b"", {}, timeout_seconds=0.1)
    assert time.monotonic() - begun < 4
    assert asked == ["slow.example.org"], "one look-up, for which all of them waited"
    with answering(status(200)) as (url, _):
        go.set()
        port = urlsplit(url).port
        assert outgoing.post(f"http://slow.example.org:{port}/", b"", {}) == Receipt("http-200")


def test_no_more_look_ups_are_left_behind_than_a_number(outgoing, slow_names, monkeypatch):
    monkeypatch.setattr(names, "MOST_LOOK_UPS", 2)
    monkeypatch.setattr(connection, "_NAMES", names.Names())
    go, asked = slow_names
    for n in range(4):
        with pytest.raises(Temporary, match="timeout"):
            outgoing.send("POST", f"http://slow-{n}.example.org/", b"", {}, timeout_seconds=0.1)
    assert asked == ["slow-0.example.org", "slow-1.example.org"]
    go.set()
    with answering(status(200)) as (url, _):
        port = urlsplit(url).port
        assert outgoing.post(f"http://slow-3.example.org:{port}/", b"", {}) == Receipt("http-200")


def test_an_interim_answer_is_passed_over(outgoing):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    with speaking(hints + NO_CONTENT) as (url, _):
        assert outgoing.post(url, b"{}", {}) == Receipt("http-204")


def test_of_too_many_connections_the_one_that_waited_longest_is_closed(outgoing, monkeypatch):
    monkeypatch.setattr(connection, "KEPT", 1)
    with speaking(NO_CONTENT, NO_CONTENT) as (first, _), speaking(NO_CONTENT) as (second, _):
        outgoing.post(first, b"{}", {})
        (oldest,) = outgoing._http._kept._oldest_first
        outgoing.post(second, b"{}", {})
        (kept,) = outgoing._http._kept._oldest_first
        assert kept is not oldest
        assert oldest._socket.fileno() == -1


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://hooks.example.org/", "address-not-https"),
        ("ftp://hooks.example.org/", "address-not-https"),
        ("https://127.0.0.1/", "address-private"),
        ("https://localhost/", "address-private"),
        ("https://10.1.2.3/hook", "address-private"),
        ("https://169.254.169.254/latest/meta-data", "address-private"),
        ("https://[::1]/", "address-private"),
        ("https://[::ffff:10.0.0.1]/", "address-private"),
        ("https://[::127.0.0.1]/", "address-private"),
        ("https://[64:ff9b::7f00:1]/", "address-private"),
        ("https://[64:ff9b:1::1]/", "address-private"),
        ("https://[2002:a00:1::1]/", "address-private"),
        ("https://[fec0::1]/", "address-private"),
        ("https://[::ffff:0:7f00:1]/", "address-private"),
        ("https://[3fff::1]/", "address-private"),
        ("https://[5f00::1]/", "address-private"),
        ("https://192.0.0.8/", "address-private"),
        ("https://192.88.99.1/", "address-private"),
        ("https://168.63.129.16/", "address-private"),
        ("https://[::ffff:168.63.129.16]/", "address-private"),
        ("https://[64:ff9b::a83f:8110]/", "address-private"),
        ("https://[2001:0:c000:2b08::1]/", "address-private"),
        ("https://a..b/", "address-malformed"),
        ("https://.example.org/", "address-malformed"),
        ("https://exam ple.org/", "address-malformed"),
        (f"https://{'x' * 64}.example.org/", "address-malformed"),
        ("https://224.0.0.1/", "address-private"),
        ("https://user:password@hooks.example.org/", "address-malformed"),
        ("https://hooks.example.org/#part", "address-malformed"),
        ("https://hooks.example.org:99999/", "address-malformed"),
        ("https://hooks.example.org/a\r\nX-Injected: 1", "address-malformed"),
        ("https:///nowhere", "address-malformed"),
        ("https://[half", "address-malformed"),
        ("https://büro.example.org/", "address-malformed"),
    ],
)
def test_addresses_that_may_not_be_registered(guarded, url, fault):
    assert guarded.fault(url) == fault
    with pytest.raises(Permanent, match=fault):
        guarded.post(url, b"", {})


def test_a_public_https_address_may_be_registered(guarded):
    assert guarded.fault("https://hooks.example.org/kersey?for=7") is None
    assert guarded.fault("https://192.0.43.8/") is None
    assert guarded.fault("https://[2606:4700::1111]/") is None
    assert guarded.fault("https://[64:ff9b::c000:2b08]/") is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "::ffff:0:a9fe:a9fe",
        "::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::",
        "2001:0:a9fe:a9fe::1", "2001:0:c000:2b08:0:0:5601:5601", "fd00:ec2::254", "fd20:ce::254",
        "fd00:42::42", "100.100.100.200", "192.0.0.192", "168.63.129.16", "2002:a83f:8110::1",
    ],
)  # fmt: skip
def test_where_a_machine_is_told_its_secrets_nothing_is_sent_whatever_is_allowed(
    outgoing, monkeypatch, address
):
    written = f"[{address}]" if ":" in address else address
    assert outgoing.fault(f"http://{written}/latest/meta-data/") == "address-private"
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Permanent, match="address-private"):
        outgoing.post("http://hooks.example.org/", b"", {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "[fd00::1]", "[64:ff9b::a00:1]"]
)
def test_where_private_addresses_are_allowed_they_may_be_registered(outgoing, host):
    assert outgoing.fault(f"http://{host}/hook") is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "fd00::1", "fe80::1%eth0", "64:ff9b::a00:1"]
)
def test_a_public_name_for_a_private_address_is_refused_at_the_connection(
    guarded, monkeypatch, address
):
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.43.8", 443))
    private = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [public, private])
    with pytest.raises(Permanent, match="address-private"):
        guarded.post("https://hooks.example.org/", b"", {})


def test_of_a_names_addresses_one_that_answers_is_enough(outgoing, monkeypatch):
    with answering(status(200)) as (url, heard):
        port = urlsplit(url).port
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                 for each in ("::1", "127.0.0.1")]  # fmt: skip
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        outgoing.post(f"http://hooks.example.org:{port}/", b"body", {})
    assert b"body" in b"".join(heard)


def test_without_tls_nothing_is_said(outgoing):
    """A receiver that cannot prove its name gets nothing."""
    refusing = answering(b"\x15\x03\x01\x00\x02\x02\x28")
    with refusing as (url, heard), pytest.raises(Temporary, match="unreachable"):
        outgoing.post(url.replace("http:", "https:"), b"body", {})
    assert all(b"body" not in each for each in heard)


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """What a receiver on this machine serves with, and what trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    return serving, ssl.create_default_context(cafile=certificate)


def test_a_trusted_receiver_over_tls(certified):
    serving, trusts = certified
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            try:
                with serving.wrap_socket(connection, server_side=True) as secured:
                    _request(secured)
                    secured.sendall(status(200))
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
    stranger = OutgoingHttp(allow_private=True)
    with pytest.raises(Temporary, match="unreachable"):
        stranger.post(url, b"", {})
    trusting = OutgoingHttp(allow_private=True, ssl_context=trusts)
    assert trusting.post(url, b"", {}) == Receipt("http-200")
    thread.join(30)
    listener.close()
    stranger.close()
    trusting.close()
