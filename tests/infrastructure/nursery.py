"""Starts many `kersey` processes cheaply: it has imported everything once, and forks.

A test that kills a hundred processes would otherwise spend its time importing. A child runs the
very command that an operator would, in a process and session of its own, with its own environment;
only the imports are inherited. It speaks lines of JSON: what to start comes in, the process's
number goes out. When its input ends, all that it started ends.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


class Child:
    """One process out of the nursery, with what the tests ask of a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        """None while it runs; the nursery reaps it, so that how it ended is not told."""
        return None if self._process is not None and self._process.is_running() else 0

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, if it runs still."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, in time.
        """
        try:
            if self._process is not None:
                self._process.wait(timeout)
        except psutil.TimeoutExpired as late:
            raise subprocess.TimeoutExpired("kersey", timeout or 0) from late
        return 0


class Nursery:
    """The process that forks, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._turn = threading.Lock()

    def launch(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start `kersey` with these arguments; see `tests.infrastructure.processes.Launch`."""
        wanted = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        assert self._process.stdin
        assert self._process.stdout
        with self._turn:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            return Child(int(self._process.stdout.readline()))


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery for the block. Coverage is not measured in it: a killed process could not tell."""
    environment = {key: each for key, each in os.environ.items() if "COVERAGE" not in key}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.infrastructure.nursery"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield Nursery(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(30)


def _serve() -> None:
    """Import what any command needs, then fork one process for each line that comes in."""
    import uvloop  # noqa: F401 - all of these for the children
    from anyio._backends import _asyncio  # noqa: F401
    from uvicorn.lifespan import on  # noqa: F401
    from uvicorn.loops import auto  # noqa: F401
    from uvicorn.protocols.http import h11_impl  # noqa: F401

    from deploy import cli, engines, services, web_server  # noqa: F401
    from shared.messaging import rabbit  # noqa: F401
    from shared.trust import system_authorities

    for each in services.SERVICES:
        each.compose()
    system_authorities()  # reading them takes longer than most of a start
    gc.freeze()  # what no child changes stays shared with it

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    children = []
    _tell("ready")
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(wanted["arguments"], wanted["environment"], wanted["log"])
        children.append(pid)
        _tell(str(pid))
    for pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _be(arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
    """In the child: become the command. It never returns."""
    from deploy import cli

    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["kersey", *arguments]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent, whatever happens
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
