"""Takes webhooks and notes when each came; some of its endpoints never answer."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager


class Sink:
    """Receivers of webhooks, one for each path.

    Parameters:
        hanging: paths that take a message and never answer; they note nothing.
    """

    def __init__(self, hanging: Collection[str] = ()) -> None:
        self.arrived: dict[str, float] = {}
        self.again = 0
        self.hanging = frozenset(hanging)
        self._moved = threading.Condition()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so many different messages have come; whether they have."""
        with self._moved:
            return self._moved.wait_for(lambda: len(self.arrived) >= count, seconds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; Kersey keeps it open."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                lines = (line.partition(b":") for line in head.split(b"\r\n"))
                headers = {name.lower(): value.strip().decode() for name, _, value in lines}
                await reader.readexactly(int(headers[b"content-length"]))
                if path in self.hanging:
                    await reader.read()  # until the sender gives up
                    break
                self._note(headers[b"webhook-id"])
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        writer.close()

    def _note(self, key: str) -> None:
        at = time.perf_counter()
        with self._moved:
            self.again += key in self.arrived
            self.arrived.setdefault(key, at)
            self._moved.notify_all()


@contextmanager
def serving(sink: Sink) -> Iterator[int]:
    """A server for the block, in a thread of its own; yields its port. It answers on every loopback
    address: 127.0.0.1, 127.0.0.2 and so on are as many hosts."""
    begun: Future[tuple[int, Callable[[], object]]] = Future()
    with ThreadPoolExecutor(1, thread_name_prefix="sink") as pool:
        served = pool.submit(lambda: asyncio.run(_serve(sink, begun)))
        port, end = begun.result(10)
        try:
            yield port
        finally:
            end()
            served.result()


async def _serve(sink: Sink, begun: "Future[tuple[int, Callable[[], object]]]") -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    server = await asyncio.start_server(sink.serve, "0.0.0.0", 0, backlog=2000)  # noqa: S104
    port = server.sockets[0].getsockname()[1]
    begun.set_result((port, lambda: loop.call_soon_threadsafe(over.set)))
    await over.wait()
    server.close()  # connections that Kersey keeps end with the loop
