"""An app served over real HTTP for as long as a block lasts."""

import socket
import threading
import time
from asyncio import Protocol
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp, port: int = 0, *, http: type[Protocol] | None = None) -> Iterator[str]:
    """Serve an app by uvicorn in a thread, on a free port; yields its address.

    Args:
        app: what is served.
        port: where; 0 for a free one.
        http: how connections are spoken on, if not as uvicorn does by itself.
    """
    with socket.create_server(("127.0.0.1", port)) as at:
        config = uvicorn.Config(
            app,
            http=http or "auto",
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="on",
            proxy_headers=False,  # as in deploy/web_server.py
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the app did not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{at.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
