"""The processes of docker-compose.yml, started on this machine with the very same commands.

What a container gives them is replaced: PostgreSQL and RabbitMQ are those of the tests, host names
become ports of 127.0.0.1, and the proxy is a small one that reads the Caddyfile. Commands and
environments are taken from the file as they stand.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import yaml
from cryptography.fernet import Fernet

from tests.infrastructure import leaks
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.proxy import Proxy
from tests.infrastructure.rabbitmq_node import RabbitServer

ROOT = Path(__file__).parents[2]
KERSEY = "kersey"
KEPT = {"HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"}
ANNOUNCED = re.compile(rb"(?:answers|health) on http://127\.0\.0\.1:(\d+)\s*$", re.MULTILINE)
COMMAND_WITHIN = 600.0
"""Seconds for an operator's command: with fsync on and a busy machine a set-up takes minutes."""
STOPS_WITHIN = 35.0
"""Seconds from the order to stop to the end, as docker-compose.yml gives them."""
READY_WITHIN = 300.0
"""Seconds for all processes together: each imports for seconds when two cores serve twenty."""


class Process(Protocol):
    """What the tests do with a running process; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """None while it runs."""
        ...

    def send_signal(self, sig: int, /) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


Launch = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts `kersey` with these arguments, this environment, and its output in this file."""


def launch(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start the command as an operator does."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [KERSEY, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@dataclass
class Started:
    """One running process. It took a free port by itself, so that nobody else can have it."""

    name: str
    replica: int
    process: Process
    log: Path
    log_began: int
    _port: int | None = field(default=None, init=False)

    @property
    def port(self) -> int | None:
        """Where it answers, once it has said so."""
        if self._port is None:
            with self.log.open("rb") as log:
                log.seek(self.log_began)
                found = ANNOUNCED.search(log.read())
            self._port = int(found[1]) if found else None
        return self._port

    def get(self, path: str) -> httpx.Response | None:
        """What it answers itself, past the proxy; None while it does not."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5, verify=False)
        except httpx.HTTPError:
            return None

    @property
    def ready(self) -> bool:
        """Whether it says that it can do its work."""
        answer = self.get("/health/ready") if self.port else None
        return answer is not None and answer.is_success

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        """End it, and the end of its log with where each thread stood (faulthandler's)."""
        self.process.send_signal(signal.SIGABRT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.kill()
        return self.log.read_text(errors="replace")[-6000:]


@dataclass
class Processes:
    """Kersey as separate processes.

    Parameters:
        postgres: a server of their own: the names of databases and roles are the real ones.
        rabbit: a broker with a management API.
        folder: for logs and mails.
        replicas: of each web process and each worker.
        settings: given to every process beside those of the compose file.
        launch: starts a process.
        only: which of the compose file's services to start; all, if none is named.
    """

    postgres: PostgresServer
    rabbit: RabbitServer
    folder: Path
    replicas: int = 3
    settings: Mapping[str, str] = field(default_factory=dict)
    launch: Launch = launch
    only: Collection[str] = ()
    running: list[Started] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._proxy = Proxy(ROOT / "deploy" / "Caddyfile", self._ports)
        self.url = f"http://127.0.0.1:{self._proxy.port}"
        self._vhost = self.rabbit.new_vhost()
        self.compose: dict[str, Any] = _interpolated(
            yaml.safe_load((ROOT / "docker-compose.yml").read_text()), self._variables()
        )

    @property
    def names(self) -> list[str]:
        """The long-running processes of Kersey, each to be started `replicas` times."""
        services = self.compose["services"]
        ours = [
            name for name, each in services.items() if each["image"] == KERSEY and name != "setup"
        ]
        return [name for name in ours if not self.only or name in self.only]

    @contextmanager
    def up(self) -> Iterator["Processes"]:
        """Set up, start everything, wait until all are ready; afterwards stop everything, and look
        through what it logged (see `leaks`)."""
        self.set_up()
        with self._proxy.serving():
            try:
                for name in self.names:
                    for replica in range(self.replicas):
                        self.start(name, replica)
                self.wait_until_ready(self.running)
                yield self
            finally:
                try:
                    self.stop()
                finally:
                    leaks.read_logs(self.folder)

    def set_up(self) -> None:
        """Run the commands of the `setup` service.

        Raises:
            AssertionError: with what the failing command said.
        """
        script = self.compose["services"]["setup"]["command"][0].replace("$$", "$")
        done = subprocess.run(
            ["sh", "-ec", script],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment("setup"),
            timeout=COMMAND_WITHIN,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, name: str, replica: int) -> Started:
        """Start one replica of a service of the compose file."""
        command: list[str] = list(self.compose["services"][name]["command"])
        for option, value in (("--host", "127.0.0.1"), ("--port", "0")):
            if option in command:
                command[command.index(option) + 1] = value
            else:
                command += [option, value]
        log = self.folder / f"{name}-{replica}.log"
        began = log.stat().st_size if log.exists() else 0
        process = self.launch(command, self.environment(name), log)
        started = Started(name, replica, process, log, began)
        self.running.append(started)
        return started

    def restart(self, started: Started) -> Started:
        """Start a replica again that was killed."""
        self.running.remove(started)
        return self.start(started.name, started.replica)

    def end(self, started: Started) -> None:
        """Have a replica that was started beside the others end again."""
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(40)
        self.running.remove(started)

    def of(self, name: str) -> list[Started]:
        """The replicas of a service."""
        return [each for each in self.running if each.name == name]

    def kersey(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run an operator's command beside them."""
        return subprocess.run(
            [KERSEY, *words],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment("setup"),
            timeout=COMMAND_WITHIN,
        )

    def wait_until_ready(self, processes: Iterable[Started]) -> None:
        """Wait until each process says that it is ready.

        Raises:
            AssertionError: with the log's end of the first that ended or is not ready in time.
        """
        waiting = list(processes)
        deadline = time.monotonic() + READY_WITHIN
        while waiting:
            each = waiting[0]
            said = f"{each.name} {each.replica}: {each.log.read_text()[-3000:]}"
            assert each.process.poll() is None, f"ended: {said}"
            assert time.monotonic() < deadline, f"not ready: {said}"
            if each.ready:
                waiting.pop(0)
            else:
                time.sleep(0.2)

    def stop(self) -> None:
        """Ask all to end, as `docker compose down` does.

        Raises:
            AssertionError: one did not end by itself, or not in order.
        """
        alive = [each for each in self.running if each.process.poll() is None]
        for each in alive:
            each.process.send_signal(signal.SIGTERM)
            each.process.send_signal(signal.SIGCONT)  # a test may have left it frozen
        late = []
        for each in alive:
            try:
                code = each.process.wait(STOPS_WITHIN)
                if code:
                    late.append(f"{each.name} {each.replica} (exit code {code})")
            except subprocess.TimeoutExpired:
                late.append(f"{each.name} {each.replica}: {each.last_words()}")
        assert not late, f"did not end when asked to: {late}"

    def environment(self, name: str) -> dict[str, str]:
        """What the compose file gives a service, with this machine's addresses."""
        own: Mapping[str, Any] = self.compose["services"][name]["environment"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {key: self._here(str(value)) for key, value in own.items()}
        kept = {key: value for key, value in os.environ.items() if key in KEPT}
        told = {"PATH": path, "LC_ALL": "C.UTF-8", "PYTHONFAULTHANDLER": "1"}
        return {**kept, **told, **given, **self.settings}

    def _ports(self, name: str) -> list[int]:
        return [each.port for each in self.of(name) if each.port]

    def _here(self, value: str) -> str:
        """Replace the containers' host names."""
        admin = urlsplit(self.postgres.url)
        amqp = urlsplit(self._vhost)
        if "postgres:" in value and value.endswith("@postgres/postgres"):
            return self.postgres.url
        if value.startswith("amqp://admin:"):
            return self._vhost
        if value.startswith("http://admin:"):
            assert self.rabbit.management is not None
            return self.rabbit.management
        value = value.replace("@postgres/", f"@127.0.0.1:{admin.port}/")
        value = value.replace("@rabbitmq:5672/%2F", f"@127.0.0.1:{amqp.port}{amqp.path}")
        value = re.sub(
            r"^http://(?:identity|providers|referrals|notifications):\d+", self.url, value
        )
        return value.replace("/tmp/mail", str(self.folder / "mail"))

    def _variables(self) -> dict[str, str]:
        """Values for `.env`: what a careful operator would write."""
        names = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
        values = {
            name: secrets.token_hex(24) if re.search("PASSWORD|SECRET|KEY", name) else default
            for name, default in names
        }
        return {
            **values,
            "KERSEY_KEY_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "KERSEY_SESSION_KEY": Fernet.generate_key().decode(),
            "KERSEY_PUBLIC_URL": self.url,
            "KERSEY_SMTP_PASSWORD": "",
        }


def _interpolated(part: Any, values: Mapping[str, str]) -> Any:
    """`${NAME}`, `${NAME:?}` and `${NAME:-default}` replaced in every string, as compose does."""
    if isinstance(part, dict):
        return {key: _interpolated(each, values) for key, each in part.items()}
    if isinstance(part, list):
        return [_interpolated(each, values) for each in part]
    if not isinstance(part, str):
        return part

    def replace(found: re.Match[str]) -> str:
        value = values.get(found["name"], "")
        if not value and found["rule"] == ":?":
            message = f"docker-compose.yml needs {found['name']}"
            raise KeyError(message)
        return value or found["default"] or ""

    pattern = r"(?<!\$)\$\{(?P<name>[A-Z_]+)(?:(?P<rule>:[?-])(?P<default>[^}]*))?\}"
    return re.sub(pattern, replace, part)
