"""What is no HTTP at all, straight at the socket: the server lives on and repeats nothing."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.bad_input.door import PLANTED, Door, token

AUTH = f"Authorization: Bearer {token()}\r\n".encode()
HOST = b"Host: kersey.test\r\n"
P = PLANTED.encode()


def talk(door: Door, sent: bytes) -> bytes:
    """Send bytes, then read until the server hangs up or has nothing more to say."""
    at = urlsplit(str(door.http.base_url))
    with socket.create_connection((at.hostname, at.port), timeout=10) as line:
        try:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it hung up already
        heard = b""
        try:
            while chunk := line.recv(65_536):
                heard += chunk
        except OSError:
            pass
    return heard


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00" * 100,
        P + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /fhir/Patient HTTP/9.9\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n\r\n",
        b"GET /fhir/" + P + b"\xff\xfe HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        b"GET /fhir/Patient?family=" + P + b"\xff HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        b"GET /fhir/Patient?family=" + P + b" x HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        b"GET http://elsewhere.example/fhir/" + P + b" HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        b"GET /fhir/Patient?family=" + P * 20_000 + b" HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + b"X: " + P * 20_000 + b"\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + P + b"\xff\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + P + b"\x00\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + b"X-Request-Id: \xe4\xff\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Accept: \xff\r\nPrefer: \xff\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"If-None-Match: \xff" + P + b"\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: -1\r\n\r\n" + P,
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: x\r\n\r\n" + P,
        b"POST /referrals/cases HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: 9" + b"9" * 30
        + b"\r\n\r\n" + P,
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Content-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\n" + P,
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Transfer-Encoding: chunked\r\n"
        b"Content-Length: 2\r\n\r\nzz\r\n" + P,
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH + b"Transfer-Encoding: chunked\r\n\r\n"
        b"FFFFFFFFFFFFFFFFFFFF\r\n" + P,
        b"POST /fhir/Patient HTTP/1.1\r\n" + HOST + AUTH
        + b"Content-Type: application/fhir+json\r\nContent-Length: 500\r\n\r\n{" + P,
        b"POST /referrals/cases/x/accept HTTP/1.1\r\n" + HOST + AUTH
        + b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{" + P,
        b"POST /identity/token HTTP/1.1\r\n" + HOST
        + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n" + P,
        b"GET /fhir/Patient HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: " + P + b"\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request(door: Door, sent: bytes):
    heard = talk(door, sent)
    assert P not in heard
    assert b"Traceback" not in heard
    assert not heard.startswith(b"HTTP/1.1 5"), heard
    assert door.send("GET", "/health/live", by=None).status_code == 200
