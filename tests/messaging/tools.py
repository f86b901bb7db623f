"""What the tests of the brokers need: recording handlers, running workers, a cable to pull."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from shared.messaging.broker import Broker
from shared.messaging.events import Envelope
from shared.messaging.rabbit import Topology
from shared.worker import Worker, WorkerGroup


def eventually(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait until something holds; fail saying what did not."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


class Recorder:
    """A handler that notes what it gets, and does what a test wants of it before."""

    def __init__(self, before: Callable[[Envelope], None] | None = None) -> None:
        self.got: list[Envelope] = []
        self.calls = 0
        self._before = before

    def __call__(self, envelope: Envelope) -> None:
        self.calls += 1
        if self._before:
            self._before(envelope)
        self.got.append(envelope)

    @property
    def ids(self) -> list[UUID]:
        return [envelope.id for envelope in self.got]

    def waits_for(self, *ids: UUID, seconds: float = 20.0) -> None:
        eventually(lambda: set(ids) <= set(self.ids), f"all of {len(ids)} events", seconds)


@contextlib.contextmanager
def running(*workers: Worker) -> Iterator[None]:
    """Run workers as a service does, and see that they end when told to."""
    group = WorkerGroup(workers)
    group.start()
    try:
        yield
    finally:
        assert group.stop(60) == [], "these workers did not stop"


class Cable:
    """A TCP connection to a server that a test can pull out and put back.

    While it is out, open connections break and new ones are refused. It can also be held: then
    connections stay, and nothing comes through, as with a server that hangs. Or it is hushed: the
    server gets what is sent, and what it answers stays in the cable, and is lost if that is pulled.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._in = threading.Event()
        self._flowing = threading.Event()
        self._answering = threading.Event()
        self._closed = threading.Event()
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]
        self._in.set()
        self._flowing.set()
        self._answering.set()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def pull(self) -> None:
        self._in.clear()
        self._break_all()

    def plug(self) -> None:
        self._in.set()

    def hold(self) -> None:
        self._flowing.clear()

    def hush(self) -> None:
        self._answering.clear()

    def release(self) -> None:
        self._flowing.set()
        self._answering.set()

    def close(self) -> None:
        self.pull()
        self.release()
        self._closed.set()
        self._thread.join()
        self._listener.close()
        self._break_all()
        eventually(lambda: not self._ends, "the cable's connections are closed")

    def _break_all(self) -> None:
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            client.settimeout(None)
            with self._lock:
                self._ends |= {client, server}
            threading.Thread(target=self._both_ways, args=(client, server)).start()
            if not self._in.is_set():
                self._break_all()

    def _both_ways(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client, self._answering))
        back.start()
        self._pump(client, server, self._flowing)
        back.join()
        for end in (client, server):
            end.close()
        with self._lock:
            self._ends -= {client, server}

    def _pump(self, source: socket.socket, target: socket.socket, allowed: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                allowed.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _moved(url: str, port: int) -> str:
    """The same address on another port of this machine."""
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))


@dataclass
class Brokers:
    """One broker that outlives the processes using it.

    Attributes:
        kind: `embedded` or `rabbit`.
        new: a broker object as a newly started process would have it.
        cable: the way to its server.
        url: of the server, by the cable.
        topology: the names, where it is RabbitMQ.
    """

    kind: str
    new: Callable[[], Broker]
    cable: Cable
    url: str
    topology: Topology = field(default_factory=Topology)


@dataclass
class Cables:
    """All that a test has laid."""

    laid: list[Cable] = field(default_factory=list)

    def to(self, url: str) -> tuple[Cable, str]:
        """A cable to a server, and the URL that leads through it."""
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        cable = Cable(parts.hostname, parts.port)
        self.laid.append(cable)
        return cable, _moved(url, cable.port)
