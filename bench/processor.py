"""How much processor time each of all that runs has used.

Whoever else keeps the machine busy slows everything down; this they change much less.
"""

from collections import defaultdict
from collections.abc import Mapping

import psutil

from bench.house import House

NAMES: Mapping[str, str] = {
    "notifications-worker": "the worker of notifications",
    "referrals-worker": "the worker of referrals: its relay, and what it is told of each",
    "postgres": "PostgreSQL",
    "beam.smp": "RabbitMQ",
    "bench": "the bench itself: commits and webhooks",
}
"""What is told of, by the name of a service or a program."""


def used(house: House) -> Mapping[str, float]:
    """Seconds since each was started, by its name among `NAMES`.

    Parameters:
        house: what runs.
    """
    services = {each.process.pid: each.name for each in house.processes.running}
    bench = psutil.Process()
    seconds = defaultdict[str, float](float, bench=_seconds(bench))
    for each in bench.children(recursive=True):
        try:
            name = services.get(each.pid) or each.name()
            if name in NAMES:
                seconds[name] += _seconds(each)
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue
    return seconds


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
