"""The table of services."""

import re
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.fernet import Fernet

from deploy.services import BROKER_CONNECTIONS, SERVICES, NoSuchService, service
from shared.database import create_engine
from shared.messaging.broker import Subscription
from shared.worker import Wake

MOST_CONNECTIONS = 80
README = Path(__file__).parents[2] / "README.md"


class Recording:
    """A broker that notes what workers consume."""

    def __init__(self) -> None:
        self.subscriptions: list[Subscription] = []

    def consumer(self, subscription: Subscription, handler: object) -> Any:
        self.subscriptions.append(subscription)
        return Idle()

    def publisher(self) -> None:
        return None

    def fault(self) -> None:
        return None


class Idle:
    name = "idle"

    def run(self, stop: Event) -> None:
        stop.wait()


@pytest.mark.parametrize("each", SERVICES, ids=lambda each: each.name)
def test_what_a_service_consumes_is_what_an_operator_declares(each, tmp_path):
    composition = each.compose()
    settings = composition.settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        key_encryption_key=Fernet.generate_key().decode(),
        link_key="k" * 32,
        paging_key="k" * 32,
        maildir=tmp_path,
    )
    engine = create_engine("postgresql://nobody@127.0.0.1:1/none", pool_size=1, application_name="")
    broker = Recording()
    composition.workers(settings, engine, broker, Wake())
    assert set(broker.subscriptions) == set(composition.subscriptions)


def test_no_two_services_share_a_path_a_port_or_a_database():
    for values in (
        [prefix for each in SERVICES for prefix in each.prefixes],
        [each.port for each in SERVICES],
        [each.database_name for each in SERVICES],
    ):
        assert len(values) == len(set(values))


def test_the_all_in_one_opens_no_more_connections_than_planned_and_the_readme_says_how_many():
    planned = {each.name: each.connections for each in SERVICES}
    planned["embedded broker"] = BROKER_CONNECTIONS
    assert sum(planned.values()) <= MOST_CONNECTIONS
    said = README.read_text("utf-8").partition("## Connections")[2].partition("\n## ")[0]
    assert {
        who: int(most) for who, most in re.findall(r"\| ([a-z ]+) \| (\d+) \|", said)
    } == planned
    assert f"at most {sum(planned.values())} database connections" in said


def test_an_unknown_service_is_told_with_those_there_are():
    with pytest.raises(NoSuchService, match="no service 'refferals'; there are: identity, prov"):
        service("refferals")
