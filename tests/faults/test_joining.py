"""Who joins later learns how things stand, and tells nobody of what is over.

Referrals and notifications as they are, their own databases, RabbitMQ between them.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from deploy.demo.clients import PROVIDER
from services.notifications.app import CASES
from services.notifications.domain import Role
from services.notifications.settings import NotificationsSettings
from services.referrals.republishing import STATE
from shared.database import create_engine
from shared.messaging.broker import Subscription
from shared.messaging.rabbit import RabbitBroker
from shared.messaging.relay import Relay
from shared.messaging.republishing import republish
from shared.migrate import migrate
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.messaging.tools import eventually, running
from tests.notifications.conftest import House as Notifications
from tests.notifications.conftest import Tokens
from tests.referrals.house import TEAM, House, house_at, prepare

CASES_BEFORE = int(os.environ.get("KERSEY_JOIN_CASES", "12"))
ALREADY_THERE = Subscription("somebody", "cases", CASES.types)
"""Another consumer: what nobody takes at all is kept for whoever comes first, and is not old."""

pytestmark = pytest.mark.slow


@pytest.fixture
def referrals(database: NewDatabase) -> Iterator[House]:
    with house_at(database("referrals", prepare)) as made:
        yield made


@pytest.fixture
def newcomer(database: NewDatabase, tmp_path: Path) -> Iterator[Notifications]:
    """Notifications that nobody has told anything, with contacts who would hear of everything."""
    url = database("notifications", partial(migrate, "notifications"))
    engine = create_engine(url, pool_size=8, application_name="tests")
    settings = NotificationsSettings(
        environment="test",
        database_url=SecretStr(url),
        link_key=SecretStr("k" * 40),
        maildir=tmp_path / "mail",
    )
    made = Notifications(engine, settings, settings.maildir, Tokens())
    made.contact(party=str(PROVIDER), address="desk@stitch.example.org")
    made.contact(party=str(TEAM), role=Role.TEAM.value, address="team@links.example.org")
    yield made
    engine.dispose()


@contextmanager
def carried(referrals: House, broker: RabbitBroker) -> Iterator[None]:
    """Within the block the relay runs; in the end all is published."""
    with running(Relay(referrals.engine, broker, service="referrals", poll=0.02)):
        yield
        left = "select count(*) from outbox where published_at is null"
        eventually(lambda: referrals.scalar(left) == 0, "the outbox is empty")


def number(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_who_joins_later_catches_up_and_sends_nothing_of_what_is_over(
    referrals: House, newcomer: Notifications, rabbitmq_server: RabbitServer, figures
) -> None:
    broker = RabbitBroker(rabbitmq_server.new_vhost(), name="tests")
    broker.declare([ALREADY_THERE])
    counts = Counter[str]()
    starts = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    for each in range(CASES_BEFORE):
        _, task = referrals.asked() if each % 3 == 0 else referrals.accepted()
        if each % 3 == 1:
            body = {"starts": starts}
            referrals.provider.put(f"/referrals/requests/{task}/first-visit", body)
            counts["first visits that are known"] += 1
    with carried(referrals, broker):
        pass
    counts["cases before it came"] = CASES_BEFORE
    counts["events that went by without it"] = referrals.scalar(
        "select count(*) from outbox where type = any(:types)", types=sorted(CASES.types)
    )

    broker.declare([CASES])
    consumer = broker.consumer(CASES, newcomer._consume[CASES])
    with running(consumer), carried(referrals, broker):
        told = sum(
            republish(referrals.engine, referrals.desk.outbox, each, CASES) for each in STATE
        )
        counts["events told again"] = told
        acted = "select count(*) from inbox"
        eventually(lambda: number(newcomer.engine, "inbox") == told, acted)
        assert number(newcomer.engine, "case_order") == CASES_BEFORE
        assert number(newcomer.engine, "first_meeting") == counts["first visits that are known"]
        for kind in ("delivery", "person_delivery", "listing_delivery", "contact_delivery"):
            counts["messages made of what is over"] += number(newcomer.engine, kind)
        assert counts["messages made of what is over"] == 0

        referrals.asked()
        eventually(lambda: number(newcomer.engine, "delivery") == 1, "what is new is told")
    assert newcomer.send() == 1
    (mail,) = newcomer.mails()
    assert mail["to"] == "desk@stitch.example.org"
    counts["mails of what came then"] = 1
    for what, count in counts.items():
        figures(f"{what}: {count}")
