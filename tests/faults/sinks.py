"""Where messages arrive: a mail server and a provider's webhook, which remember every id."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.infrastructure.ports import quiet_port


class Sink:
    """How often each id arrived at each address: `(address, id)`. Ids are those of deliveries."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str]] = Counter()
        self._turn = threading.Lock()

    def note(self, address: str, key: str) -> None:
        """Something arrived."""
        with self._turn:
            self.arrived[address, key] += 1


class WebhookSink(Sink):
    """A provider's system; whatever Task it is told of is put into `told`."""

    def __init__(self) -> None:
        super().__init__()
        self.told: SimpleQueue[str] = SimpleQueue()


class MailSink(Sink):
    """A mail server's handler that takes everything; the id is the Message-ID without its host."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message_id = str(message_from_bytes(envelope.content)["Message-ID"])
        self.note(envelope.rcpt_tos[0], message_id.strip().strip("<>").partition("@")[0])
        return "250 taken"


@contextmanager
def mail_server(sink: MailSink) -> Iterator[int]:
    """A real SMTP server for the block; yields its port."""
    # The controller must be told a port.
    controller = Controller(sink, hostname="127.0.0.1", port=quiet_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    sink: WebhookSink


class _Receives(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        host = self.headers["host"]
        self.server.sink.note(f"http://{host}{self.path}", self.headers["webhook-id"])
        self.server.sink.told.put(body["data"]["task"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def webhook_server(sink: WebhookSink) -> Iterator[str]:
    """A real HTTP server for the block; yields its address."""
    with _Server(("127.0.0.1", 0), _Receives) as server:
        server.sink = sink
        thread = threading.Thread(target=server.serve_forever, name="webhooks")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
