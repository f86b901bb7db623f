"""RabbitMQ for the tests: one that is there, or one of our own, each run in a vhost of its own."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping

from deploy.postgres_cluster import free_port
from tests.infrastructure.absent import Absent
from tests.infrastructure.debian import install
from tests.infrastructure.printing import Descriptor
from tests.infrastructure.rabbitmq_node import (
    PrivateNode,
    RabbitServer,
    in_vhost,
    refused,
    server_script,
    told,
    tried,
    vhosts_over_http,
    wait_until_answers,
)

NAMED = "KERSEY_TEST_AMQP_URL"
"""The variable that names a broker and a vhost to fill."""

GUEST = "amqp://guest:guest@127.0.0.1:5672/%2F"
IMAGE = "rabbitmq:3-management"


def find(environment: Mapping[str, str] = os.environ) -> RabbitServer:
    """The first broker to be had, in the order that costs least and surprises least.

    Raises:
        Absent: with every way that was tried and why it failed. A `KERSEY_TEST_AMQP_URL` that does
            not answer ends the search: who names a broker wants that one.
    """
    named = environment.get(NAMED)
    if named:
        return given(named)
    reasons = []
    for way in WAYS:
        try:
            return way()
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent("RabbitMQ is not to be had: " + "; ".join(reasons))


def given(url: str) -> RabbitServer:
    """The broker and vhost that `KERSEY_TEST_AMQP_URL` names; its vhost is ours to fill."""
    refusal = refused(url)
    if refusal:
        message = f"the RabbitMQ of KERSEY_TEST_AMQP_URL does not answer: {refusal}"
        raise Absent(message)

    def no_second() -> str:
        message = "KERSEY_TEST_AMQP_URL names one vhost only"
        raise Absent(message)

    return RabbitServer(url, None, "KERSEY_TEST_AMQP_URL", no_second, lambda: None)


def local() -> RabbitServer:
    """A broker that listens on the usual port, if we can make a vhost on it."""
    refusal = refused(GUEST)
    if refusal:
        message = f"no local broker takes guest/guest ({refusal})"
        raise Absent(message)
    rabbitmqctl = shutil.which("rabbitmqctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if rabbitmqctl is None:
        message = "a local broker is there, but no rabbitmqctl to make a vhost on it with"
        raise Absent(message)
    made: list[str] = []

    def control(*arguments: str, within: float = 110) -> None:
        done = subprocess.run(
            [rabbitmqctl, "--quiet", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=within,
        )
        if done.returncode != 0:
            message = (
                f"a local broker is there, but rabbitmqctl cannot make a vhost on it"
                f" ({told(done.stderr)})"
            )
            raise Absent(message)

    def new_vhost() -> str:
        name = f"kersey-test-{secrets.token_hex(4)}"
        control("add_vhost", name)
        made.append(name)
        control("set_permissions", "--vhost", name, "guest", ".*", ".*", ".*")
        return in_vhost(GUEST, name)

    def close() -> None:
        for name in made:
            try:
                control("delete_vhost", name, within=20)
            except (Absent, subprocess.TimeoutExpired) as error:
                # What the tests found stands; a broker that does not let go is told of.
                Descriptor(2).write(f"vhost {name} is left on the local broker: {error}\n")

    return RabbitServer(new_vhost(), None, "the local broker", new_vhost, close)


def installed() -> RabbitServer:
    """A node of our own from an installed `rabbitmq-server`."""
    node = PrivateNode(server_script())
    try:
        node.start()
    except Absent:
        node.close()
        raise
    return node.server("a private node of the installed rabbitmq-server")


def begun() -> PrivateNode | None:
    """A node for all workers of a run, on its way up; None where another broker is to be used.

    Not the broker that listens on the usual port: that one may be slow with what others left in it,
    and each vhost on it costs two starts of an Erlang machine. Over HTTP it costs milliseconds.
    """
    if os.environ.get(NAMED):
        return None
    try:
        node = PrivateNode(server_script())
    except Absent:
        return None
    node.begin()
    return node


def joined(url: str, management: str) -> RabbitServer:
    """The node that the run began for all its workers.

    Args:
        url: AMQP URL of its first vhost.
        management: base URL of its HTTP API.

    Raises:
        Absent: it did not come up.
    """
    wait_until_answers(url, management, lambda: None)
    make = vhosts_over_http(url, management)
    return RabbitServer(make(), management, "a private node for all workers", make, lambda: None)


def docker() -> RabbitServer:
    """A container, where a Docker engine runs and has or gets the image."""
    if shutil.which("docker") is None:
        message = "no docker"
        raise Absent(message)
    amqp, http = free_port(), free_port()
    name = f"kersey-test-{secrets.token_hex(4)}"
    ports = ["-p", f"127.0.0.1:{amqp}:5672", "-p", f"127.0.0.1:{http}:15672"]
    started = tried(["docker", "run", "--rm", "--detach", "--name", name, *ports, IMAGE], 300)
    if started:
        message = f"docker does not start {IMAGE} ({started})"
        raise Absent(message)

    def close() -> None:
        tried(["docker", "rm", "--force", name], 60)

    management = f"http://guest:guest@127.0.0.1:{http}"
    try:
        wait_until_answers(GUEST.replace("5672", str(amqp)), management, lambda: None)
    except Absent:
        close()
        raise
    make = vhosts_over_http(GUEST.replace("5672", str(amqp)), management)
    return RabbitServer(make(), management, "a container", make, close)


def apt() -> RabbitServer:
    """Debian's package, where we are root, then a node of our own from it."""
    # The package would start its own broker on the usual port; runlevel 1 keeps it from that.
    install("rabbitmq-server", {"RUNLEVEL": "1"})
    return installed()


WAYS: tuple[Callable[[], RabbitServer], ...] = (local, installed, docker, apt)
"""After KERSEY_TEST_AMQP_URL, in this order."""


def own() -> RabbitServer:
    """A broker that a test may stop, start and administer, never one that others use.

    Raises:
        Absent: with every way that was tried.
    """
    reasons = []
    for way in (installed, docker, apt):
        try:
            return way()
        except Absent as absent:
            reasons.append(str(absent))
    raise Absent("a RabbitMQ of our own is not to be had: " + "; ".join(reasons))
