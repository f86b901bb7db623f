"""A Kersey that is backed up, lost and restored: one process, real PostgreSQL and RabbitMQ."""

import itertools
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from typer.testing import CliRunner, Result

from deploy.cli import app as kersey
from deploy.data_folder import DataFolder
from deploy.demo.clients import PROVIDER
from deploy.demo.consortium import declaration
from deploy.demo.contacts import load_contacts
from deploy.demo.directory import dataset
from deploy.demo_data import demo_clients
from deploy.embedded import all_in_one
from deploy.operator_broker import subscriptions
from deploy.postgres_cluster import PostgresCluster, embedded_binaries
from deploy.services import SERVICES
from services.identity.clients import load_clients
from services.providers.loading import Dataset, load_directory
from services.referrals.app import desk_of
from services.referrals.handlers.consortium import load_consortium
from shared.messaging.outbox import Outbox
from shared.messaging.rabbit import RabbitBroker
from shared.worker import Wake
from tests.infrastructure.serving import serving
from tests.subject.living import Living

RUNBOOK = Path(__file__).parents[2] / "docs" / "guides" / "runbook.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(chapter: str) -> list[str]:
    """The shell blocks of a chapter of the runbook."""
    text = RUNBOOK.read_text("utf-8").split(f"\n## {chapter}\n")[1].split("\n## ")[0]
    found = _BLOCK.findall(text)
    assert found, f"{chapter} has no commands"
    return found


def chapters() -> list[str]:
    """The chapters of the runbook that have commands."""
    parts = RUNBOOK.read_text("utf-8").split("\n## ")[1:]
    return [each.partition("\n")[0] for each in parts if _BLOCK.search(each)]


@dataclass(frozen=True)
class Operator:
    """Whoever runs the runbook's commands, on the machine of the data folder.

    Attributes:
        folder: the data folder, with the passwords.
        cluster: its PostgreSQL.
        amqp: RabbitMQ's address.
        backup: where the dumps go.
        url: where Kersey answers.
    """

    folder: DataFolder
    cluster: PostgresCluster
    amqp: str
    backup: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What the guide asks an operator to set."""
        running = self.cluster.running_url()
        assert running
        admin = urlsplit(running)
        passwords = {
            f"KERSEY_DATABASE_PASSWORD__{each.name.upper()}": self.folder.password(
                each.database_name
            )
            for each in SERVICES
        }
        return passwords | {
            "KERSEY_ADMIN_DATABASE_URL": running,
            "KERSEY_AMQP_ADMIN_URL": self.amqp,
            "KERSEY_AMQP_URL": self.amqp,
            "KERSEY_ERASURE_LIST": str(self.backup.with_name("erasures.jsonl")),
            "KERSEY_PUBLIC_URL": self.url,
            "BACKUP": str(self.backup),
            "PGHOST": str(admin.hostname),
            "PGPORT": str(admin.port),
            "PGUSER": unquote(admin.username or ""),
            "PGPASSWORD": unquote(admin.password or ""),
        }

    def run(self, block: str) -> str:
        """Run a block; `kersey` in this process, since each process of its own imports for seconds.

        Returns: what was printed.

        Raises:
            AssertionError: a command failed; with what it said.
        """
        lines = block.replace("http://127.0.0.1:8003", self.url).splitlines()
        parts = itertools.groupby(lines, lambda line: line.startswith("kersey "))
        return "".join(
            "".join(map(self.kersey, some)) if ours else self._shell("\n".join(some))
            for ours, some in parts
        )

    def kersey(self, line: str) -> str:
        """Run one `kersey` command as the shell would read it.

        Raises:
            AssertionError: it failed.
        """
        done = self.invoke(line)
        assert done.exit_code == 0, f"{line}\n{done.output}{done.exception}"
        return done.output

    def invoke(self, line: str) -> Result:
        """Run one `kersey` command; how it ends is the caller's to judge."""
        own = self.environment
        words = shlex.split(re.sub(r"\$(\w+)", lambda found: own[found[1]], line))
        return CliRunner().invoke(kersey, words[1:], env=own)

    def _shell(self, script: str) -> str:
        path = f"{embedded_binaries()}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**os.environ, **self.environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout


def operator(path: Path, amqp: str, backup: Path, url: str) -> Operator:
    """The operator of the Kersey on a data folder."""
    folder = DataFolder(path, "the operator")
    cluster = PostgresCluster(
        folder.path / "postgres",
        binaries=embedded_binaries(),
        password=folder.password("postgres"),
        options={"fsync": "off"},
    )
    return Operator(folder, cluster, amqp, backup, url)


@contextmanager
def running(path: Path, amqp: str, port: int) -> Iterator[Living]:
    """Kersey in one process on the folder's PostgreSQL, as it was left or anew."""
    url = f"http://127.0.0.1:{port}"
    broker = RabbitBroker(amqp)
    with (
        DataFolder(path, url) as folder,
        all_in_one(folder, url, broker=broker, environment="test") as house,
        serving(house.app, port),
    ):
        living = Living(url, folder.path, house, broker)
        try:
            yield living
        finally:
            living.close()


@dataclass(frozen=True)
class Asked:
    """The services that the story asks.

    Attributes:
        by_mail: is told by e-mail, to an address that its hub verified.
        by_phone: is rung by a member of staff: no program sends anything.
    """

    by_mail: UUID
    by_phone: UUID


def furnish(kersey: Living) -> Asked:
    """Clients, hubs, contacts, and two listings, which reach the others as events."""
    whole, engines = dataset(), kersey.house.engines
    by_mail = next(each for each in whole.services if each.organization_id == PROVIDER)
    by_phone = next(
        each for each in whole.services if each.kersey.ask_by == "phone" and each.kersey.tier == 2
    )
    assert by_mail.id
    assert by_phone.id
    owners = {by_mail.organization_id, by_phone.organization_id}
    listings: Dataset = replace(
        whole,
        organizations=[each for each in whole.organizations if each.id in owners],
        services=[by_mail, by_phone],
    )
    load_clients(engines["identity"], demo_clients())
    load_contacts(engines["notifications"], replace(whole, organizations=(), services=()))
    load_consortium(
        desk_of(kersey.house.referrals_settings, engines["referrals"], Wake()), declaration()
    )
    load_directory(engines["providers"], Outbox("kersey/providers"), listings)
    return Asked(by_mail.id, by_phone.id)


def lose(amqp: str, cluster: PostgresCluster) -> None:
    """Lose RabbitMQ's queues and PostgreSQL's data."""
    broker = RabbitBroker(amqp)
    names = [broker.topology.unbound]
    for each in subscriptions():
        names += [broker.topology.queue(each.consumer), broker.topology.dead_queue(each.consumer)]
    with broker.connect() as link:
        for name in names:
            link.ask(link.channel().queue_delete, name)
    cluster.remove()
