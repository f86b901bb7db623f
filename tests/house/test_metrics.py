"""The metrics that an operator reads about are those that there are."""

import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY

from deploy.services import SERVICES
from services.notifications.reach.gauges import OFF
from shared.gauges import READ
from shared.messaging import consuming
from shared.metrics import UP

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "operator.md"
ROW = re.compile(r"^\| `(kersey_\w+)` \| ([a-z_, `]*?) \|", re.MULTILINE)


def exposed() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and labels of each metric of our own, under the name by which it is asked for."""
    for service in SERVICES:
        service.compose()
    brokers = (consuming.CONSUMED, consuming.ERRORS)  # of which no service imports one
    for collector in {*REGISTRY._collector_to_names, *brokers}:
        name = getattr(collector, "_name", "")
        if name.startswith("kersey_"):
            suffix = {"counter": "_total"}.get(getattr(collector, "_type", ""), "")
            yield name + suffix, tuple(getattr(collector, "_labelnames", ()))
    for gauge in (*READ, OFF, UP):
        yield gauge.name, gauge.labels


def test_each_metric_stands_in_the_catalogue_with_its_labels() -> None:
    told = {
        name: tuple(re.findall(r"`(\w+)`", labels))
        for name, labels in ROW.findall(GUIDE.read_text("utf-8"))
    }
    assert told == dict(exposed())
