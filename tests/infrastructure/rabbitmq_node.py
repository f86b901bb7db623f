"""A RabbitMQ node of the tests' own, and vhosts on it."""

import contextlib
import logging
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import pika
import pika.exceptions

from tests.infrastructure.absent import Absent
from tests.infrastructure.homes import new_home
from tests.infrastructure.ports import quiet_port

START_WITHIN = 180.0
"""Seconds: an Erlang node that shares two cores with a test run takes up to half a minute, and
longer where other runs share them as well."""


@dataclass
class RabbitServer:
    """A broker and the way to make vhosts on it.

    Parameters:
        url: AMQP URL of the vhost that is ours.
        management: base URL of its HTTP API with credentials, where it has one.
        how: where it came from, in words.
        new_vhost: makes an empty vhost and answers its URL.
        close: undoes what was brought up.
    """

    url: str
    management: str | None
    how: str
    new_vhost: Callable[[], str]
    close: Callable[[], None]


class PrivateNode:
    """A RabbitMQ node with its own ports, name, epmd, cookie and data, so that it disturbs none.

    Parameters:
        program: Debian's or the upstream `rabbitmq-server` script.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self.home = new_home("rabbitmq")
        self.amqp, self.http, distribution, epmd = (quiet_port() for _ in range(4))
        name = f"kersey-test-{secrets.token_hex(4)}@localhost"
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.amqp}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.http}\n"
            # An idle test node must not refuse messages because this machine's disk is nearly full.
            "disk_free_limit.absolute = 50MB\n"
        )
        (self.home / "enabled_plugins").write_text("[rabbitmq_management].\n")
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": name,
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            # Two schedulers and no busy waiting: the node shares the machine with the tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """AMQP URL of the node's first vhost."""
        return f"amqp://guest:guest@127.0.0.1:{self.amqp}/%2F"

    @property
    def management(self) -> str:
        """Base URL of the node's HTTP API."""
        return f"http://guest:guest@127.0.0.1:{self.http}"

    def start(self) -> None:
        """Start the node, or start it again on the data that it had.

        Raises:
            Absent: with the end of its output, when it did not come up.
        """
        self.begin()
        wait_until_answers(self.url, self.management, self._raise_if_ended)

    def begin(self) -> None:
        """Start the node without waiting until it answers."""
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._program)],
                cwd=self.home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop the node and keep its data."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the node as a power cut would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def close(self) -> None:
        """End the node and its port mapper, and remove its data."""
        self.kill()
        self._end_port_mapper()
        shutil.rmtree(self.home, ignore_errors=True)

    def server(self, how: str) -> RabbitServer:
        """This node with a vhost of its own."""
        make = vhosts_over_http(self.url, self.management)
        return RabbitServer(make(), self.management, how, make, self.close)

    def _end_port_mapper(self) -> None:
        """The node started an epmd of its own, which may end only after it noticed its end."""
        epmd = shutil.which("epmd")
        for _ in range(25):
            if epmd is None or tried([epmd, "-kill"], 20, self._environment) is None:
                return
            time.sleep(0.2)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _raise_if_ended(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            said = (self.home / "output").read_text(errors="replace")
            message = f"the installed rabbitmq-server does not start ({told(said)})"
            raise Absent(message)


def in_vhost(url: str, name: str) -> str:
    """The same broker and user, another vhost."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def vhosts_over_http(url: str, management: str) -> Callable[[], str]:
    """A maker of empty vhosts through the management API."""

    def make() -> str:
        name = f"kersey-test-{secrets.token_hex(4)}"
        with httpx.Client(base_url=management, timeout=30) as client:
            client.put(f"/api/vhosts/{name}", json={}).raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            client.put(f"/api/permissions/{name}/guest", json=everything).raise_for_status()
        return in_vhost(url, name)

    return make


def refused(url: str) -> str | None:
    """Why a connection is not to be had, or None when it is."""
    # pika logs every failed attempt with stack traces; the reason is told by whoever asked.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = 5
    parameters.connection_attempts = 1
    try:
        pika.BlockingConnection(parameters).close()
    except pika.exceptions.AMQPError as error:
        return repr(error)[:200]
    except OSError as error:
        return str(error)
    return None


def wait_until_answers(url: str, management: str, check: Callable[[], None]) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        check()
        if refused(url) is None and _api_answers(management):
            return
        time.sleep(0.3)
    message = f"the broker did not answer within {START_WITHIN:.0f} s"
    raise Absent(message)


def _api_answers(management: str) -> bool:
    try:
        return httpx.get(f"{management}/api/overview", timeout=5).is_success
    except httpx.HTTPError:
        return False


def server_script() -> Path:
    """The real script before Debian's wrapper, which insists on the user rabbitmq and its data."""
    for place in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server")):
        if place and os.access(place, os.X_OK):
            return Path(place)
    message = "rabbitmq-server is not installed"
    raise Absent(message)


def tried(command: list[str], seconds: float, env: Mapping[str, str] | None = None) -> str | None:
    """Run a command; None when it succeeded, else why not."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=seconds, env=env
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else told(done.stderr) or f"exit {done.returncode}"


def told(text: str) -> str:
    """The line of a program's output that says what went wrong, as far as that can be guessed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "cannot" in line.lower()]
    return (telling or lines or [""])[0][:200]
