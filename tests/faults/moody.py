"""Receivers as they are on a bad day: each answers now and then as its address says."""

import socket
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from aiosmtpd.smtp import Envelope

from tests.faults.sinks import MailSink, Sink

MAILS = ("well", "421", "450", "451", "550", "drops")
"""What mailboxes do, by the beginning of their name; `well` takes everything."""
HOOKS = ("well", "500", "429", "hangs", "resets", "302", "410")
"""What webhooks do, by their path."""
FOR_GOOD = frozenset(["550", "302", "410"])
"""These never take anything."""


def mood_fails(seen: int) -> bool:
    """Whether the attempt is one that fails: every fourth, and the first."""
    return seen % 4 == 0


class MoodyMail(MailSink):
    """A mail server that refuses recipients for now or for good, or hangs up after DATA."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = Counter[str]()

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        mood = address.partition("-")[0]
        if mood == "550":
            return "550 5.1.1 no such mailbox"
        if mood in {"421", "450", "451"} and self._fails(address):
            return f"{mood} not now"
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        said = await super().handle_DATA(server, session, envelope)
        address = envelope.rcpt_tos[0]
        if address.startswith("drops") and self._fails(address):
            server.transport.abort()
        return said

    def _fails(self, address: str) -> bool:
        self._asked[address] += 1
        return mood_fails(self._asked[address] - 1)


class MoodyHooks(Sink):
    """Providers' systems; it remembers in which order each was told of a Task."""

    def __init__(self) -> None:
        super().__init__()
        self.order: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.over = threading.Event()
        self._asked = Counter[str]()

    def fails(self, path: str) -> bool:
        """Whether this attempt is one that fails."""
        with self._turn:
            self._asked[path] += 1
            return mood_fails(self._asked[path] - 1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    sink: MoodyHooks

    def handle_error(self, *_: Any) -> None:
        """A sender that was killed is no error."""


class _Moody(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        sink = self.server.sink
        body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        mood = self.path.strip("/").partition("-")[0]
        if mood in FOR_GOOD:
            self._answer(int(mood), {"location": "http://127.0.0.1:9/"})
            return
        if mood != "well" and sink.fails(self.path):
            self._be(mood)
            return
        address, key = f"http://{self.headers['host']}{self.path}", self.headers["webhook-id"]
        if not sink.arrived[address, key]:
            sink.order[self.path, body["data"]["task"]].append(body["type"])
        sink.note(address, key)
        self._answer(204, {})

    def _be(self, mood: str) -> None:
        assert isinstance(self.server, _Server)
        match mood:
            case "hangs":
                self.server.sink.over.wait(30)
                self.close_connection = True
            case "resets":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            case "429":
                self._answer(429, {"retry-after": "1"})
            case _:
                self._answer(int(mood), {})

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({} if status == 204 else {"content-length": "0", **headers}).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def moody_hooks(sink: MoodyHooks) -> Iterator[str]:
    """A real HTTP server for the block; yields its address."""
    with _Server(("127.0.0.1", 0), _Moody) as server:
        server.sink = sink
        thread = threading.Thread(target=server.serve_forever, name="moody webhooks")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            sink.over.set()
            server.shutdown()
            thread.join()
