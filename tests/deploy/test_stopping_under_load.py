"""Whoever asks one thing after the other on a kept connection is never cut off by an order to stop.

A client that gets no answer cannot know whether what it sent was done. It is told by the last
answer that the connection ends, and sends the next request elsewhere.
"""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.deploy.test_web_server import until_refused

CLIENTS = 20
ASKED_BEFORE = 3
"""What each client asks before the order."""
PROGRAM = """
import time
from fastapi import FastAPI
from deploy import connections
from deploy.web_server import listen, serve

connections.LINGERS = 20  # on a machine that does other things too
app = FastAPI()

@app.post("/things")
def thing(said: int) -> int:
    time.sleep(0.002)
    return said

with listen("127.0.0.1", 0) as listener:
    serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
"""
REQUEST = b"POST /things?said=%d HTTP/1.1\r\nHost: kersey.example\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def server() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_nothing_that_was_sent_stays_without_an_answer(
    server: tuple["subprocess.Popen[str]", int],
) -> None:
    process, port = server

    async def ask(busy: asyncio.Event) -> str:
        """Ask until an answer says that it was the last; how it ended."""
        said = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(REQUEST % said)
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                    body = await reader.readexactly(len(str(said)))
                except (asyncio.IncompleteReadError, ConnectionError):
                    return "cut off"
                assert int(body) == said
                said += 1
                if said == ASKED_BEFORE:
                    busy.set()
                if b"connection: close" in head.lower():
                    return "told"
        finally:
            writer.close()

    async def all_ask() -> list[str]:
        busy = [asyncio.Event() for _ in range(CLIENTS)]
        asking = [asyncio.ensure_future(ask(each)) for each in busy]
        await asyncio.gather(*(each.wait() for each in busy))
        process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*asking)

    assert asyncio.run(asyncio.wait_for(all_ask(), 60)) == ["told"] * CLIENTS
    assert process.wait(60) == 0


def test_a_quiet_connection_is_answered_once_more_and_then_ends(
    server: tuple["subprocess.Popen[str]", int],
) -> None:
    process, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=60) as kept:
        kept.sendall(REQUEST % 1)
        answer = b""
        while not answer.endswith(b"\r\n\r\n1"):
            answer += kept.recv(65536)
        assert b"connection: close" not in answer.lower()
        process.send_signal(signal.SIGTERM)
        until_refused(f"http://127.0.0.1:{port}")
        kept.sendall(REQUEST % 2)
        answer = b""
        while part := kept.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"\r\n\r\n2")
    assert process.wait(60) == 0
