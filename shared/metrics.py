"""What `/metrics` shows: what this process counted, and gauges that are read when they are asked.

What is read is read anew at each scrape, by any replica: a process that died would else leave its
last word behind, and one that hangs would call itself well.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import anyio
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from shared.asking import Asking

log = structlog.get_logger(__name__)


class Gauge(NamedTuple):
    """A gauge that is read at each scrape."""

    name: str
    documentation: str
    labels: tuple[str, ...]


class Reading(NamedTuple):
    """One value of a gauge, with its labels' values in the gauge's order."""

    gauge: Gauge
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Source:
    """What gauges are read from.

    Attributes:
        service: whose it is.
        name: `database` or `broker`.
        read: reads all its gauges; cheap, because it is asked every few seconds.
    """

    service: str
    name: str
    read: Callable[[], Iterable[Reading]]


UP = Gauge(
    "kersey_up",
    "1 where the gauges of a source could be read; 0 where not, and then they are absent.",
    ("service", "source"),
)


async def exposition(sources: Sequence[Source], asking: Asking) -> Response:
    """Everything in Prometheus' text format. A source that is away costs its own gauges only."""
    readings: list[Reading] = []

    async def read(source: Source) -> None:
        up = 1.0
        try:
            readings.extend(await asking.answer(lambda: list(source.read())))
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be seen
            log.warning(
                "metrics.not_read",
                of=source.service,
                source=source.name,
                error=type(error).__name__,
            )
            up = 0.0
        readings.append(Reading(UP, (source.service, source.name), up))

    async with anyio.create_task_group() as group:
        for source in sources:
            group.start_soon(read, source)
    counted, read_now = generate_latest(REGISTRY), generate_latest(_Gauges(readings))
    return Response(counted + read_now, media_type=CONTENT_TYPE_LATEST)


class _Gauges(Collector):
    """Readings, by gauge."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = list(readings)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See `Collector`."""
        families: dict[str, GaugeMetricFamily] = {}
        for gauge, labels, value in self._readings:
            if gauge.name not in families:
                families[gauge.name] = GaugeMetricFamily(
                    gauge.name, gauge.documentation, labels=gauge.labels
                )
            families[gauge.name].add_metric(labels, value)
        yield from families.values()
