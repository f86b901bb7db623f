"""What other directories publish, good and bad, and a web server that publishes it."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

import orjson

SPACE = UUID("22222222-3333-5444-8555-666666666666")


def key(name: str) -> str:
    return str(uuid5(SPACE, name))


def organization(name: str = "Hebble Arts", **more: Any) -> dict[str, Any]:
    return {"id": key(name), "name": name, "description": f"{name} is invented."} | more


def service(name: str = "Choir", owner: str = "Hebble Arts", **more: Any) -> dict[str, Any]:
    """A service with its organisation nested, as most feeds tell it in full."""
    return {
        "id": key(f"service {name}"),
        "name": name,
        "status": "active",
        "organization_id": key(owner),
        "organization": organization(owner),
        "schedules": [],
    } | more


def page(contents: list[Any], number: int = 1, pages: int = 1, **more: Any) -> dict[str, Any]:
    """A page in Open Referral UK 3's envelope."""
    return {
        "total_items": len(contents) * pages,
        "total_pages": pages,
        "page_number": number,
        "size": len(contents),
        "first_page": number == 1,
        "last_page": number == pages,
        "empty": not contents,
        "contents": contents,
    } | more


Answer = tuple[int, dict[str, str], bytes]
Answers = Callable[[str, dict[str, str]], Answer | Any]
"""Given a path and its query, a document, None for 404, or a whole answer."""


@contextmanager
def published(
    answers: Answers, certificate: tuple[Path, Path] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A feed at a free port; its address, and what was asked of it. With a key, over TLS."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            given = answers(parts.path, query)
            if given is None:
                given = (404, {}, b"{}")
            if not isinstance(given, tuple):
                given = (200, {"Content-Type": "application/json"}, orjson.dumps(given))
            status, headers, body = given
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def feed(services: list[dict[str, Any]], *, per: int = 2, **lists: list[Any]) -> Answers:
    """An Open Referral UK 3 feed with full services, two on a page."""

    def answer(path: str, query: dict[str, str]) -> Any:
        name = path.strip("/")
        if name == "":
            return {"version": "HSDS-UK-3.0", "profile": "x", "openapi_url": "y"}
        if name in lists:
            return page(lists[name])
        if name != "services":
            return None
        number = int(query.get("page", 1))
        pages = max(1, -(-len(services) // per))
        found = services[(number - 1) * per : number * per]
        return page(found, number, pages, total_items=len(services))

    return answer
