"""What befalls the processes, in an order drawn from a seed and paced by the traffic's progress."""

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import pika
from pika.adapters.blocking_connection import BlockingChannel

from deploy.services import SERVICES
from shared.messaging.rabbit import Topology
from tests.faults.databases import WITH_EVENTS, Databases, eventually
from tests.faults.traffic import Traffic
from tests.infrastructure.processes import Processes, Started
from tests.infrastructure.rabbitmq_node import PrivateNode

FROZEN_FOR = 30.0
"""Seconds for which the leading relay stands still: longer than its lease of 10."""

CONSUMERS = {
    f"{each.name}-worker": [one.consumer for one in each.compose().subscriptions]
    for each in SERVICES
    if each.compose().subscriptions
}
"""The consumers that each worker process hosts; killing it kills them all."""

POISON = b"Dear colleague, this is no event."


@dataclass
class Storm:
    """A hundred faults while referrals flow.

    Parameters:
        processes: all of Kersey.
        node: its RabbitMQ.
        databases: its PostgreSQL, from outside.
        traffic: the referrals.
        kills: of each consumer.
        web_kills: of each web process.
        seed: of everything that chance decides.
    """

    processes: Processes
    node: PrivateNode
    databases: Databases
    traffic: Traffic
    kills: int
    web_kills: int
    seed: int
    killed: Counter[str] = field(default_factory=Counter)
    befell: Counter[str] = field(default_factory=Counter)
    taken_back: list[str] = field(default_factory=list)
    poisoned: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._frozen: Started | None = None
        self._wakes_at = 0.0

    def rage(self) -> None:
        """Let it all happen. The traffic and it wait for each other, so that it befalls all of it,
        on a quick machine and on a slow one."""
        plan = self._plan()
        ahead = self.traffic.number // 20 + 1
        for number, act in enumerate(plan):
            due = number * self.traffic.number // len(plan)
            self.traffic.let(due + ahead)
            self.traffic.wait_for_sent(due)
            self._wake(by_force=False)
            time.sleep(self._chance.uniform(0, 0.15))  # a moment of chance, nobody waits for it
            act()
        self._wake(by_force=True)

    def _plan(self) -> list[Callable[[], None]]:
        """Kills in any order; the rest each at its place among them."""
        names = [each for each in CONSUMERS for _ in range(self.kills)]
        webs = [each for each in self.processes.names if each not in CONSUMERS]
        names += [each for each in webs for _ in range(self.web_kills)]
        self._chance.shuffle(names)
        plan: list[Callable[[], None]] = [partial(self._kill, each) for each in names]
        others = (
            (0.1, self._poison),
            (0.2, self._freeze),
            (0.35, self._without_broker),
            (0.45, self._jump_ahead),
            (0.5, self._restart_database),
            (0.6, self._repeat),
            (0.7, self._crash_database),
            (0.75, self._jump_ahead),
            (0.8, self._restart_broker),
        )
        for place, act in reversed(others):
            plan.insert(int(place * len(plan)), act)
        return plan

    # --- the faults -----------------------------------------------------------------------------

    def _kill(self, name: str, *, ready: bool = True) -> None:
        """Kill one replica, which was at work, and start it again."""
        found: list[Started] = []

        def at_work() -> bool:
            replicas = [each for each in self.processes.of(name) if each is not self._frozen]
            self._chance.shuffle(replicas)
            found[:] = islice((each for each in replicas if each.ready or not ready), 1)
            return bool(found)

        eventually(f"a {name} is ready to be killed", at_work)
        (victim,) = found
        victim.kill()
        self.processes.restart(victim)
        self.killed.update(CONSUMERS.get(name, [name]))

    def _freeze(self) -> None:
        """Stop the relay that leads; it does not know, and wakes as if nothing had been."""
        found: list[Started] = []

        def leads() -> bool:
            found[:] = [each for each in self.processes.of("referrals-worker") if leading(each)]
            return bool(found)

        eventually("a relay leads", leads)
        self._frozen = found[0]
        self._frozen.process.send_signal(signal.SIGSTOP)
        self._wakes_at = time.monotonic() + FROZEN_FOR

    def _wake(self, *, by_force: bool) -> None:
        if self._frozen is None:
            return
        left = self._wakes_at - time.monotonic()
        if left > 0 and not by_force:
            return
        time.sleep(max(0.0, left))
        eventually(
            "another relay led while the leader was frozen",
            lambda: any(
                leading(each)
                for each in self.processes.of("referrals-worker")
                if each is not self._frozen
            ),
        )
        self._frozen.process.send_signal(signal.SIGCONT)
        self._frozen = None
        self.befell["leading relays frozen for 30 s"] += 1

    def _without_broker(self) -> None:
        """Referrals are accepted while RabbitMQ is away; events about some change places."""
        self._stop_broker()
        self.taken_back = self.traffic.ask_and_take_back()
        self.traffic.edit()
        self.traffic.edit()
        for case in self.taken_back:
            self._change_places("referrals", f"case/{case}")
        self._change_places("providers", f"provider/{self.traffic.listing}")
        before = len(self.traffic.sent)
        self.traffic.let(before + 10)
        self.traffic.wait_for_sent(before + 10)
        for name in CONSUMERS:
            self._kill(name, ready=False)
        self.node.start()

    def _restart_broker(self) -> None:
        self._stop_broker()
        self.node.start()

    def _stop_broker(self) -> None:
        self.node.stop()
        self.befell["RabbitMQ stopped and started"] += 1

    def _change_places(self, service: str, subject: str) -> None:
        """Let the last two events of a subject, which wait for the broker, leave the wrong way
        round: a relay that lost its order would do no worse."""
        query = """
            SELECT id, type, envelope, position FROM outbox
            WHERE subject = %s AND published_at IS NULL ORDER BY position DESC LIMIT 2
        """
        last, before = self.databases.rows(service, query, subject)
        put = "UPDATE outbox SET id = %s, type = %s, envelope = %s WHERE position = %s"
        aside = "UPDATE outbox SET id = gen_random_uuid() WHERE position = %s"
        self.databases.run(
            service,
            (aside, (last[3],)),
            (put, (*last[:3], before[3])),
            (put, (*before[:3], last[3])),
        )
        self.befell["orders reversed"] += 1

    def _restart_database(self) -> None:
        self.processes.postgres.cluster.stop()
        self.processes.postgres.cluster.start()
        self.befell["PostgreSQL restarted"] += 1

    def _crash_database(self) -> None:
        """As when its host loses power, but for the disks."""
        server = self.processes.postgres.cluster
        assert server._server
        server._server.send_signal(signal.SIGQUIT)
        server._server.wait()
        server.start()
        self.befell["PostgreSQL crashed and recovered"] += 1

    def _poison(self) -> None:
        """Put what is no event into every consumer's queue."""
        with broker_channel(self.processes) as channel:
            for consumer in (each for hosted in CONSUMERS.values() for each in hosted):
                self.poisoned[consumer] = f"poison-for-{consumer}"
                properties = pika.BasicProperties(
                    message_id=self.poisoned[consumer], delivery_mode=2
                )
                channel.basic_publish("", Topology().queue(consumer), POISON, properties)

    def _repeat(self) -> None:
        """Publish everything again that was published, in the middle of all this."""
        repeat_everything(self.databases)

    def _jump_ahead(self) -> None:
        """What waits for its day or its hour is due now, in the middle of all this."""
        jump_ahead(self.databases, "attempts = 0")
        self.befell["clocks that jumped days ahead"] += 1


DATED = ("person_delivery", "digest_delivery")
"""Where messages wait that have a day: reminders, and messages of the day."""


def jump_ahead(databases: Databases, which: str = "true") -> None:
    """Let the clock of notifications jump past every message's day, or of those that are named."""
    late = "due = now() WHERE state IN ('queued', 'unknown') AND due > now()"
    databases.run(
        "notifications", *((f"UPDATE {each} SET {late} AND {which}", ()) for each in DATED)
    )


def repeat_everything(databases: Databases) -> None:
    """As a relay does that published and was ended before it could mark."""
    for service in WITH_EVENTS:
        databases.run(service, ("UPDATE outbox SET published_at = NULL", ()))


@contextmanager
def broker_channel(processes: Processes) -> Iterator[BlockingChannel]:
    """A confirming channel of an operator's, for the block."""
    address = processes.environment("setup")["KERSEY_AMQP_ADMIN_URL"]
    connection = pika.BlockingConnection(pika.URLParameters(address))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        connection.close()


def metrics(started: Started) -> str:
    """A process's metrics; empty while it cannot tell."""
    answer = started.get("/metrics") if started.port else None
    return answer.text if answer else ""


def leading(started: Started) -> bool:
    """Whether this process's relay leads."""
    return bool(re.search(r"^kersey_outbox_leading\{[^}]*\} 1\.0$", metrics(started), re.MULTILINE))
