"""Notifications lose nothing, whatever befalls them, the broker, the database and the receivers.

The events are committed to referrals' outbox as its handlers commit them. From there on all is
Kersey, in processes of its own: the relay, RabbitMQ behind a cable that can be pulled, three
workers of notifications, and receivers that refuse, hang, reset, redirect and drop.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

import pika
import psycopg
import pytest
from pydantic import SecretStr

from deploy.databases import in_database
from services.notifications.channels.webhook import new_secret
from services.notifications.keys import Keys
from services.referrals.app import SOURCE
from shared.messaging.events import ReferralCancelled, ReferralRequested
from shared.messaging.outbox import Outbox
from shared.messaging.rabbit import RabbitBroker, Topology
from tests.faults.account import FOLLOWING
from tests.faults.conftest import SURVIVES_A_CRASH
from tests.faults.databases import Databases, eventually
from tests.faults.moody import FOR_GOOD, HOOKS, MAILS, MoodyHooks, MoodyMail, moody_hooks
from tests.faults.sinks import mail_server
from tests.faults.storm import POISON, broker_channel
from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.nursery import nursery
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.processes import Processes
from tests.infrastructure.rabbitmq_node import PrivateNode
from tests.messaging.tools import Cable

EVENTS = int(os.environ.get("KERSEY_BREAK_EVENTS", "500"))
"""What fits beside the rest of `make test`; `make soak` has 10,000."""
PROVIDERS = 42
CONSUMER = "notifications.cases"
NEVER_STARTED = "providers.replies"
"""Its queue is there, and no process of its service."""
ONLY = ("referrals-worker", "notifications-worker")
LEASE = 15

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + EVENTS)]

_EVENT = """
INSERT INTO outbox (id, subject, type, recipient, envelope)
VALUES (%(id)s, %(subject)s, %(type)s, %(recipient)s, %(envelope)s)
"""
_CONTACT = """
INSERT INTO contact (id, party, role, means, address, source, label, sealed_secret, active,
                     verified_by_hub, revision)
VALUES (%s, %s, 'requests', %s, %s, 'hub', '', %s, true, true, 1)
"""
PUBLISHED = "SELECT count(*) = 0 FROM outbox WHERE published_at IS NULL"
"""True once everything is published, and confirmed."""
_KINDS = "kind NOT IN ({})".format(", ".join(f"'{each}'" for each in sorted(FOLLOWING)))


@dataclass
class House:
    processes: Processes
    node: PrivateNode
    databases: Databases
    cable: Cable
    mails: MoodyMail
    hooks: MoodyHooks
    providers: Sequence[UUID]
    chance: random.Random
    outbox: Outbox = field(default_factory=lambda: Outbox(SOURCE))
    asked: list[ReferralRequested] = field(default_factory=list)
    cancelled: list[ReferralRequested] = field(default_factory=list)
    befell: Counter[str] = field(default_factory=Counter)

    def commit(self, *events: ReferralRequested | ReferralCancelled) -> None:
        """Write events in this order, in one transaction."""
        rows = [self.outbox.row(each, version=n + 1) for n, each in enumerate(events)]
        url = in_database(self.processes.postgres.url, "kersey_referrals")
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            cursor.executemany(_EVENT, rows)

    def ask(self, count: int) -> None:
        """Ask providers; of every tenth request it is said that it is needed no more."""
        for _ in range(count):
            number = len(self.asked)
            request = ReferralRequested(
                case=uuid4(), task=uuid4(), service=uuid4(), service_request=uuid4(), team=uuid4(),
                provider=self.providers[number % PROVIDERS],
            )  # fmt: skip
            self.asked.append(request)
            events: list[ReferralRequested | ReferralCancelled] = [request]
            if number % 10 == 9:
                names = ("case", "task", "service", "provider", "team")
                ids = {name: getattr(request, name) for name in names}
                events.append(ReferralCancelled(**ids, reason="other"))
                self.cancelled.append(request)
            if number % 20 == 19:  # it comes the wrong way round
                events.reverse()
                self.befell["orders reversed"] += 1
            self.commit(*events)


@pytest.fixture
def house(node: PrivateNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    try:
        server = PostgresServer.start("embedded", SURVIVES_A_CRASH)
    except Absent as absent:
        give_up(absent)
    mails, hooks = MoodyMail(), MoodyHooks()
    with ExitStack() as stack:
        stack.callback(server.close)
        port = stack.enter_context(mail_server(mails))
        address = stack.enter_context(moody_hooks(hooks))
        settings = {
            "KERSEY_SMTP_HOST": "127.0.0.1",
            "KERSEY_SMTP_PORT": str(port),
            "KERSEY_SMTP_SECURITY": "none",
            "KERSEY_DELIVERY_LEASE_SECONDS": str(LEASE),
            "KERSEY_RELAY_POLL_SECONDS": "0.1",
        }
        processes = Processes(
            server,
            node.server("a node of the test's own"),
            tmp_path_factory.mktemp("breaking"),
            settings=settings,
            launch=stack.enter_context(nursery()).launch,
            only=ONLY,
        )
        amqp = urlsplit(processes.environment("referrals-worker")["KERSEY_AMQP_URL"])
        assert amqp.hostname
        assert amqp.port
        cable = Cable(amqp.hostname, amqp.port)
        stack.callback(cable.close)
        behind = amqp._replace(netloc=amqp.netloc.replace(f":{amqp.port}", f":{cable.port}"))
        for name in ONLY:
            own = processes.compose["services"][name]["environment"]
            processes.compose["services"][name]["environment"] = {
                **own, "KERSEY_AMQP_URL": behind.geturl(),
            }  # fmt: skip
        stack.enter_context(processes.up())
        providers = [uuid4() for _ in range(PROVIDERS)]
        _register(processes, providers, address)
        yield House(
            processes, node, Databases(server.url), cable, mails, hooks, providers,
            random.Random(1812),
        )  # fmt: skip


def _register(processes: Processes, providers: Sequence[UUID], hooks: str) -> None:
    keys = Keys(SecretStr(processes.environment("notifications-worker")["KERSEY_LINK_KEY"]))
    secret = keys.seal(new_secret())
    rows: list[tuple[UUID, str, str, str, str | None]] = []
    for n, each in enumerate(providers):
        mail = f"{MAILS[n % len(MAILS)]}-{n}@providers.example.org"
        hook = f"{hooks}/{HOOKS[n % len(HOOKS)]}-{n}"
        rows.append((uuid5(each, "email"), str(each), "email", mail, None))
        rows.append((uuid5(each, "webhook"), str(each), "webhook", hook, secret))
    url = in_database(processes.postgres.url, "kersey_notifications")
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(_CONTACT, rows)


def never_taken(house: House) -> int:
    """How many messages wait for the consumer that nobody started."""
    with broker_channel(house.processes) as channel:
        queue = Topology().queue(NEVER_STARTED)
        count: int = channel.queue_declare(queue, passive=True).method.message_count
        return count


def breakages(house: House) -> list[Callable[[], None]]:
    """What befalls, in this order, each after as many events."""

    def cut() -> None:
        """RabbitMQ has a message, and its confirm is lost with the connection."""
        house.databases.wait_for("the relay has a connection", "referrals", PUBLISHED)
        before = never_taken(house)
        house.cable.hush()
        house.ask(1)
        eventually("a message is there and not confirmed", lambda: never_taken(house) > before)
        assert not house.databases.one("referrals", PUBLISHED)
        house.cable.pull()
        house.cable.release()
        house.cable.plug()
        house.befell["connections to RabbitMQ cut in mid-confirm"] += 1

    def kill(name: str, n: int = 1) -> Callable[[], None]:
        def killed() -> None:
            for victim in house.processes.of(name)[:n]:
                victim.kill()
                house.processes.restart(victim)
                house.befell[f"kills of {name}"] += 1

        return killed

    def broker() -> None:
        house.node.stop()
        house.ask(EVENTS // 50)
        house.node.start()
        house.befell["RabbitMQ stopped and started"] += 1

    def database() -> None:
        house.processes.postgres.cluster.stop()
        house.processes.postgres.cluster.start()
        house.befell["PostgreSQL restarted"] += 1

    def poison() -> None:
        with broker_channel(house.processes) as channel:
            properties = pika.BasicProperties(message_id="poison", delivery_mode=2)
            channel.basic_publish("", Topology().queue(CONSUMER), POISON, properties)
        house.befell["poisoned messages"] += 1

    def twice() -> None:
        house.databases.run("referrals", ("UPDATE outbox SET published_at = NULL", ()))
        house.befell["times that everything was published again"] += 1

    def clock() -> None:
        house.databases.run(
            "notifications",
            (f"UPDATE delivery SET due = due - interval '2 h' WHERE due > now() AND {_KINDS}", ()),
        )
        house.befell["clocks that jumped two hours"] += 1

    worker = "notifications-worker"
    return [
        poison, cut, kill(worker), clock, cut, kill("referrals-worker"), broker, twice,
        kill(worker, 3), database, cut, clock, kill(worker), twice,
    ]  # fmt: skip


def test_whatever_breaks_every_event_ends_in_sight(house: House, figures) -> None:
    began = time.monotonic()
    acts = breakages(house)
    for number, act in enumerate(acts):
        house.ask((number + 1) * (EVENTS // len(acts)) - len(house.asked))
        time.sleep(house.chance.uniform(0, 0.3))
        act()
    house.ask(EVENTS - len(house.asked))
    house.hooks.over.set()
    settle(house)
    counts = Counter[str]()
    try:
        account(house, counts)
    finally:
        for what, number in [*house.befell.items(), *counts.items()]:
            figures(f"{what}: {number}")
        figures(f"seconds: {round(time.monotonic() - began)}")


_HELD_FOR_LONG = """
UPDATE delivery SET created = created - interval '6 days', due = now()
WHERE last_error = 'endpoint-off' AND due > now() + interval '1 day'
"""
_NEED_NOT_WAIT = f"""
UPDATE delivery SET due = now() WHERE state IN ('queued', 'unknown')
AND due > now() + interval '30 s' AND last_error IS DISTINCT FROM 'endpoint-off' AND {_KINDS}
"""


def settle(house: House) -> None:
    """Wait until nothing is on its way. What waits for another attempt need not wait for hours, and
    what is held for a system that is switched off has been held for long enough: clocks jump."""
    house.databases.wait_for("the outbox is empty", "referrals", PUBLISHED)
    wanted = len(house.asked) + len(house.cancelled)
    query = "SELECT count(*) FROM inbox WHERE consumer = %s"
    eventually(
        "every event is acted on",
        lambda: house.databases.one("notifications", query, CONSUMER) == wanted,
    )

    def ended() -> bool:
        house.databases.run("notifications", (_HELD_FOR_LONG, ()), (_NEED_NOT_WAIT, ()))
        left = f"SELECT count(*) FROM delivery WHERE due IS NOT NULL AND {_KINDS}"
        return bool(house.databases.one("notifications", left) == 0)

    eventually("every delivery has ended", ended, 600.0 + EVENTS / 10)


def account(house: House, counts: Counter[str]) -> None:
    query = f"""
        SELECT id::text, state, channel, address, kind, task::text, last_error FROM delivery
        WHERE {_KINDS}
    """
    rows = house.databases.rows("notifications", query)
    requests = [row for row in rows if row[4] == "request"]
    counts["events committed"] = len(house.asked) + len(house.cancelled)
    counts["requests accepted"] = len(house.asked)
    counts["deliveries of them, one per contact"] = len(requests)
    made = Counter((row[5], row[2]) for row in requests)
    wanted = Counter(
        (str(each.task), means) for each in house.asked for means in ("email", "webhook")
    )
    assert not made - wanted, "told twice"
    # Once a mail server said that there is no such mailbox, the address is used no more.
    missing = {task for task, means in wanted - made if means == "email"}
    gone = {str(each) for n, each in enumerate(house.providers) if MAILS[n % len(MAILS)] == "550"}
    of_provider = {str(each.task): str(each.provider) for each in house.asked}
    counts["mails not made, because the address was given up"] = len(missing)
    assert len(missing) == (wanted - made).total()
    assert {of_provider[task] for task in missing} <= gone
    states = Counter(row[1] for row in rows)
    counts |= {f"... {state}": number for state, number in states.items()}
    ends = ("delivered", "failed", "superseded", "unknown")
    assert sum(states[each] for each in ends) == len(rows), states

    def mood(address: str) -> str:
        return address.rpartition("/")[2].partition("-")[0]

    wrong = [row for row in rows if row[1] == "delivered" and mood(row[3]) in FOR_GOOD]
    assert not wrong, wrong
    about = house.databases.rows(
        "notifications", "SELECT address, id::text FROM contact_delivery WHERE state = 'delivered'"
    )
    counts["mails that a system is switched off"] = len(about)
    lost = 0
    for channel, sink in (("email", house.mails), ("webhook", house.hooks)):
        own = [row for row in rows if row[2] == channel]
        delivered = {(row[3], row[0]) for row in own if row[1] == "delivered"}
        perhaps = {(row[3], row[0]) for row in own if row[1] != "delivered"}
        lost += len(delivered - sink.arrived.keys())
        strangers = sink.arrived.keys() - delivered - perhaps - set(about)
        assert not strangers, f"told, and in no row: {sorted(strangers)[:5]}"
        counts[f"{channel}s that arrived, by id"] = len(sink.arrived)
        counts[f"{channel}s that arrived again under their id"] = sink.arrived.total() - len(
            sink.arrived
        )
    counts["said to be delivered, and lost"] = lost
    assert lost == 0
    backwards = [
        order
        for order in house.hooks.order.values()
        if order != sorted(order, key=lambda kind: "cancelled" in kind)
    ]
    counts["Tasks of which a system heard in the wrong order"] = len(backwards)
    assert not backwards, backwards[:5]
    address = house.processes.environment("setup")["KERSEY_AMQP_ADMIN_URL"]
    broker = RabbitBroker(address, name="tests", declares=False)
    letters = broker.dead_letters(CONSUMER)
    counts["dead letters, all of them poison of the test's own"] = len(letters)
    assert [each.id for each in letters] == ["poison"]
    failed = [row for row in rows if row[1] == "failed" and mood(row[3]) not in FOR_GOOD]
    counts["... failed though their receivers take messages"] = len(failed)
    assert all(row[6] in {"cut-off", "smtp-cut-off"} for row in failed), failed[:5]
    waiting = never_taken(house)
    counts["messages that wait for a consumer that was never started"] = waiting
    assert waiting >= len(house.asked)
