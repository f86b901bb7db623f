"""Serving an app on a port, with a start that says so and an end that cleans up."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from deploy import garbage
from deploy.connections import PunctualConnection
from deploy.refusal import Refusal
from shared.stopping import TellsStopping

FINISH_WITHIN = 10
"""Seconds that open requests have to finish after the order to stop."""

KEPT_QUIET = 7
"""Seconds for which a connection is kept after an answer: longer than our own clients (httpx: 5)
and the proxy of `deploy/Caddyfile` keep it, so that none sends a request into one that closes."""

SETTLES = 0.05
"""Seconds in which connections that were just taken are made."""

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which a running server is told to stop."""


class PortTaken(Refusal):
    """Somebody else listens there; the message says what to do."""


class StartFailed(Refusal):
    """The app did not come up."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started, and keep it.

    Raises:
        PortTaken: another program has it, or it may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(1024)
    except OSError as error:
        taken.close()
        message = (
            f"port {port} on {host} cannot be used ({error.strerror}): another program has it."
            " Choose another: --port, or PORT=8001 with make."
        )
        raise PortTaken(message) from error
    return taken


def address(listener: socket.socket) -> str:
    """Where a listener answers, for people."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listener: socket.socket, started: Callable[[], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; then take no more, finish what was begun, and return.

    Being told to stop is no failure: the process that returns from here ends with 0. Requests have
    `FINISH_WITHIN`; then workers have `shared.worker.FINISH_WITHIN`.

    Parameters:
        started: called once the app's start-up is complete and requests are answered.

    Raises:
        StartFailed: the app's start-up failed; the log says why.
    """
    stopping = asyncio.Event()
    server = _Announcing(
        uvicorn.Config(
            TellsStopping(app, stopping),
            log_config=None,
            access_log=False,
            server_header=False,
            # Whom a proxy speaks for is decided in one place, by KERSEY_TRUSTED_PROXIES.
            proxy_headers=False,
            # Not httptools, which answers by itself what it does not understand: a FHIR client gets
            # its outcome.
            http=PunctualConnection,
            lifespan="on",
            ws="none",
            timeout_keep_alive=KEPT_QUIET,
            timeout_graceful_shutdown=FINISH_WITHIN,
        ),
        started,
        stopping,
    )
    with listener, server.stopped_by_signals():
        try:
            server.run(sockets=[listener])
        except SystemExit:  # uvicorn's own way out of a start that failed
            if server.started:
                raise
    if not server.started:
        message = "the start failed; the log above says why"
        raise StartFailed(message)


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], None]]:
    """Within the block SIGTERM and SIGHUP end the process as Ctrl-C does, with every clean-up.

    Yields:
        What ends it if it was told to and goes on all the same: Python throws away what is raised
        while it clears up after an object, and a start makes and throws away many.
    """
    told: list[BaseException] = []

    def end(number: int, _: FrameType | None) -> None:
        told.append(KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number))
        raise told[0]

    def heed() -> None:
        if told:
            raise told[0]

    before = {number: signal.signal(number, end) for number in STOPPING}
    try:
        yield heed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Announcing(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], stopping: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._announce = started
        self._told = stopping
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """Uvicorn raises the signal that stopped it once more when all is done. It is answered
        here: as an exit it would turn an orderly end into a failure."""

        def stop(*_: object) -> None:
            self.should_exit = True
            self._wake()

        before = {number: signal.signal(number, stop) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def main_loop(self) -> None:
        """Uvicorn's own looks ten times a second whether it is to stop, in every process."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):  # once a second, for the Date of the answers
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See `uvicorn.Server`; the loop is woken."""
        super().handle_exit(sig, frame)
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`; who had connected before the order to stop is let in first."""
        await asyncio.sleep(0)  # the loop takes all that wait at the port
        for each in self.servers:
            each.close()
        await asyncio.sleep(SETTLES)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            garbage.collect_seldom()
            self._announce()
