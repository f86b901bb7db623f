"""From the commit of an event to the webhook that tells of it, with one worker of notifications.

The events are written to referrals' outbox as its handlers write them; from there on all is Kersey:
referrals' relay, RabbitMQ, consumer and sender of notifications, and the events that tell referrals
how each message fared. Each provider's system is a host of its own.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from uuid import UUID, uuid4, uuid5

import psutil
import psycopg
from pydantic import SecretStr

from bench.broker import passed_through
from bench.house import House
from bench.processor import NAMES, used
from bench.reminding import measure as reminders
from bench.sink import Sink, serving
from bench.table import Figure, part_of
from bench.wrk import Refused
from deploy.databases import in_database
from services.notifications.channels.webhook import new_secret
from services.notifications.keys import Keys
from services.referrals.app import SOURCE
from shared.messaging.events import ReferralRequested
from shared.messaging.outbox import Outbox

PART = "Delivering"
AIM = 500
"""Deliveries per second."""
RATE = 100
"""Events per second where it is measured how long each takes."""
ENDPOINTS = 1000
HANGING = ENDPOINTS // 10
HUB = "bradford"
TEAM = uuid4()
STEP = 500
PATIENCE = 60.0
"""Seconds for which the next webhooks are waited for."""
MEGABYTE = 2**20

_EVENT = """
INSERT INTO outbox (id, subject, type, recipient, envelope)
VALUES (%(id)s, %(subject)s, %(type)s, %(recipient)s, %(envelope)s)
"""
_CONTACT = """
INSERT INTO contact (id, party, role, means, address, source, label, sealed_secret, active,
                     verified_by_hub, revision)
VALUES (%s, %s, 'requests', 'webhook', %s, 'hub', '', %s, true, true, 1)
"""


@dataclass(frozen=True)
class Provider:
    """One that is asked, by its system alone.

    Attributes:
        id: the organisation.
        contact: its webhook.
        path: of the webhook's address, which is told apart by it.
    """

    id: UUID
    contact: UUID
    path: str


def measure(house: House) -> Iterator[Figure]:
    """Times, throughput and memory of deliveries; then what is due among as many reminders."""
    providers = [Provider(uuid4(), uuid4(), f"/{n}") for n in range(ENDPOINTS)]
    healthy = providers[HANGING:]
    sink = Sink({each.path for each in providers[:HANGING]})
    with serving(sink) as port:
        _register(house, providers, port)
        bench = _Bench(house, sink)
        bench.send(healthy, 2 * ENDPOINTS)  # connections are open and everything is loaded then
        yield from _times(bench.send_steadily(healthy, house.seconds), f"at {RATE} per s", 250)
        memory = bench.memory
        before = used(house)
        rate = bench.send(healthy, house.deliveries)
        spent = {name: after - before[name] for name, after in used(house).items()}
        yield from _throughput(bench, rate, spent)
        yield Figure(
            PART, f"memory of the worker after {house.deliveries:,} more deliveries",
            bench.memory / MEGABYTE, "MB", "before them", memory / MEGABYTE,
        )  # fmt: skip
        hung = f"at {RATE} per s to {ENDPOINTS:,} systems of which {HANGING} hang, the others'"
        yield from _times(bench.send_steadily(providers, max(house.seconds, 30)), hung, 1000)
        if bench.sink.again:
            yield Figure(PART, "webhooks that came again under their id", bench.sink.again, "")
    yield from reminders(house, PART)


def _times(times: Sequence[float], how: str, at_most: float) -> Iterator[Figure]:
    what = f"from the commit to the webhook, {how}"
    yield Figure(PART, f"{what}: p99", part_of(times, 0.99), "ms", at_most=at_most)
    yield Figure(PART, f"{what}: p50", part_of(times, 0.5), "ms")


def _throughput(bench: "_Bench", rate: float, spent: Mapping[str, float]) -> Iterator[Figure]:
    limit = passed_through(
        bench.house.processes.rabbit.new_vhost(), bench.envelope.encode(), 20_000
    )
    what = "from the commit to the webhook, as many as can be"
    yield Figure(PART, what, rate, "per s", "pika's own publishing and taking at once", limit)
    yield Figure(PART, "the same", rate, "per s", "the aim", AIM, at_least=1)
    each = {name: seconds / bench.house.deliveries * 1e6 for name, seconds in spent.items()}
    yield Figure(PART, "processor time of each, all together", sum(each.values()), "µs")
    for name, microseconds in each.items():
        yield Figure(PART, f"processor time of each, {NAMES[name]}", microseconds, "µs")


class _Bench:
    """Commits events, and knows the webhook by which each is told."""

    def __init__(self, house: House, sink: Sink) -> None:
        self.house = house
        self.sink = sink
        self.envelope = ""
        self._outbox = Outbox(SOURCE)
        self._random = Random(6)  # noqa: S311 - the same load each time
        (started,) = house.processes.of("notifications-worker")
        self._worker = psutil.Process(started.process.pid)

    @property
    def memory(self) -> int:
        """Bytes that the worker has in memory."""
        return self._worker.memory_info().rss

    def commit(
        self, connection: "psycopg.Connection[tuple[object, ...]]", to: Sequence[Provider]
    ) -> list[str]:
        """Write an event for each in one transaction; the ids of their webhooks."""
        rows, webhooks = [], []
        for each in to:
            task = uuid4()
            event = ReferralRequested(
                case=uuid4(),
                task=task,
                service=uuid4(),
                provider=each.id,
                team=TEAM,
                service_request=uuid4(),
            )
            row = self._outbox.row(event, version=1)
            rows.append(row)
            webhooks.append(str(uuid5(row["id"], f"{task}/{each.contact}/webhook")))
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(_EVENT, rows)
        self.envelope = rows[-1]["envelope"]
        return webhooks

    def send(self, among: Sequence[Provider], count: int) -> float:
        """Have so many delivered as fast as can be.

        Returns:
            Deliveries per second from the first commit to the last arrival.
        """
        before = len(self.sink.arrived)
        began = time.perf_counter()
        with self.connected() as connection:
            for at in range(0, count, 100):
                self.commit(connection, self._random.choices(among, k=min(100, count - at)))
        arrived = 0
        while arrived < count and self.sink.wait_for(before + min(count, arrived + STEP), PATIENCE):
            arrived = len(self.sink.arrived) - before
            self.house.tell(f"{arrived:,} of {count:,} are delivered")
        if arrived < count:
            raise Refused(f"{count - arrived} of {count} webhooks did not come")
        # What is left after the last arrival belongs to the deliveries as well.
        self.settled()
        took = max(self.sink.arrived.values()) - began
        return count / took

    def send_steadily(self, among: Sequence[Provider], seconds: float) -> list[float]:
        """One event after the other, at a steady rate.

        Returns:
            Milliseconds from its commit to its webhook, of each to a system that answers, sorted.
        """
        committed: dict[str, float] = {}
        began = time.perf_counter()
        with self.connected() as connection:
            for n in range(int(RATE * seconds)):
                time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
                each = self._random.choice(among)
                (webhook,) = self.commit(connection, [each])
                if each.path not in self.sink.hanging:
                    committed[webhook] = time.perf_counter()
        deadline = time.perf_counter() + PATIENCE
        while committed.keys() - self.sink.arrived.keys() and time.perf_counter() < deadline:
            time.sleep(0.1)
        never = deadline + PATIENCE
        return sorted(
            (self.sink.arrived.get(webhook, never) - at) * 1000 for webhook, at in committed.items()
        )

    def connected(self) -> "AbstractContextManager[psycopg.Connection[tuple[object, ...]]]":
        """A connection to referrals' database, for a block."""
        url = in_database(self.house.postgres.url, "kersey_referrals")
        return psycopg.connect(url, autocommit=True)

    def settled(self) -> None:
        """Wait until referrals was told how everything fared."""
        url = in_database(self.house.postgres.url, "kersey_notifications")
        with psycopg.connect(url, autocommit=True) as connection:
            while connection.execute(_UNTOLD).fetchone():
                time.sleep(0.1)


_UNTOLD = "SELECT FROM outbox WHERE published_at IS NULL LIMIT 1"


def _register(house: House, providers: Sequence[Provider], port: int) -> None:
    """Have each provider told by its own system, a host of its own: 127.1.0.0, 127.1.0.1, ..."""
    environment = house.processes.environment("notifications-worker")
    keys = Keys(SecretStr(environment["KERSEY_LINK_KEY"]))
    secret = keys.seal(new_secret())
    contacts, hubs = [], []
    for n, each in enumerate(providers):
        address = f"http://127.1.{n // 250}.{n % 250 + 1}:{port}{each.path}"
        contacts.append((each.contact, str(each.id), address, secret))
        hubs.append((str(each.id), HUB))
    url = in_database(house.postgres.url, "kersey_notifications")
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(_CONTACT, contacts)
        cursor.executemany(
            "INSERT INTO party_hub (party, hub, said_by) VALUES (%s, %s, 'declared')", hubs
        )
