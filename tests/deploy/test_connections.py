"""A connection that brings no request, or only a part of one, is not held for long."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import APIRouter, FastAPI, Request

from deploy import connections
from shared import patience
from shared.fhir.http import refused
from shared.service import service_app
from shared.settings import ServiceSettings
from tests.infrastructure.serving import serving

SOON = 0.4
"""Seconds that the server is patient in these tests."""
HEAD = b"POST %s HTTP/1.1\r\nHost: kersey.example\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    router = APIRouter()

    @router.post("/probe/long")
    @router.post("/fhir/long")
    async def size(request: Request) -> int:
        return len(await request.body())

    @router.post("/probe/fields")
    def fields(given: dict[str, str]) -> int:
        return len(given)

    settings = ServiceSettings(database_url="postgresql://unused/unused")
    return service_app(
        settings,
        name="probe",
        title="Probe",
        routers=[router],
        words_refusals={"/fhir": refused},
    )


@pytest.fixture
def server(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(connections, "HEAD_WITHIN", SOON)
    monkeypatch.setattr(patience, "BEGINS_WITHIN", SOON)
    with serving(app, http=connections.PunctualConnection) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


@contextmanager
def connected(server: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(server, timeout=20) as taken:
        yield taken


def rest(of: socket.socket) -> bytes:
    """What comes until the server closes."""
    got = b""
    while part := of.recv(65536):
        got += part
    return got


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHo"])
def test_a_head_that_does_not_come_ends_the_connection(server: tuple[str, int], begun: bytes):
    with connected(server) as taken:
        taken.sendall(begun)
        assert rest(taken) == b""


def test_a_head_that_drips_wins_no_time(server: tuple[str, int]):
    with connected(server) as taken:
        taken.settimeout(SOON / 4)
        began = time.monotonic()
        closed = False
        while not closed and time.monotonic() - began < 20:
            try:
                taken.sendall(b"x")
                closed = taken.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert closed


def test_what_drips_after_an_answer_wins_no_time_either(server: tuple[str, int]):
    with connected(server) as taken:
        taken.sendall(b"GET /health/live HTTP/1.1\r\nHost: kersey.example\r\n\r\n")
        assert taken.recv(65536).startswith(b"HTTP/1.1 200")
        taken.sendall(b"GE")
        assert rest(taken) == b""


@pytest.mark.parametrize("path", [b"/probe/long", b"/probe/fields", b"/fhir/long"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_stops_is_given_up(server: tuple[str, int], path: bytes, declared: bool):
    framed = (
        b"Content-Length: 900\r\n\r\n{" if declared else b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"
    )
    with connected(server) as taken:
        taken.sendall(HEAD % path + framed)
        answer = rest(taken)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"The rest of the body did not come in time." in answer


def test_a_long_body_is_waited_for_while_it_comes(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(patience, "SLOWEST", 100)
    with connected(server) as taken:
        taken.sendall(HEAD % b"/probe/long" + b"Content-Length: 600\r\n\r\n")
        for _ in range(6):
            taken.sendall(b"x" * 100)
            time.sleep(SOON / 2)
        answer = taken.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"600")
