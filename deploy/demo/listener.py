"""The EHR's end of a Subscription: a small HTTP server that keeps what it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener:
    """Receives rest-hook notifications on a free port of this machine."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        kept = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                kept.append(json.loads(self.rfile.read(length) or b"{}"))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: the journey prints what arrived."""

        self._handler = Handler
        self.url = ""
        """Where it listens; known while it does."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Receive as long as the block lasts."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        self.url = f"http://127.0.0.1:{server.server_port}/notifications"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def told_of(self, focus: str, seconds: float = 15.0) -> bool:
        """Whether a notification about `focus` (Type/id) arrives within `seconds`."""
        return self._within(seconds, lambda: any(focus in json.dumps(one) for one in self.received))

    def shaken(self, seconds: float = 15.0) -> bool:
        """Whether the handshake arrives within `seconds`."""
        return self._within(
            seconds, lambda: any("handshake" in json.dumps(one) for one in self.received)
        )

    @staticmethod
    def _within(seconds: float, holds: Any) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds():
                return True
            time.sleep(0.05)
        return bool(holds())
