"""How `make test` spreads the tests over workers: whole files, those that take long first.

A file's tests stay together, because a module's fixtures (twenty processes, a crowd of cases) cost
more than its tests. Two workers for each core: half of the time a test waits, for a broker, a
deadline, a process that starts.
"""

import os
from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

WORKERS_PER_CORE = 2
TOGETHER = {
    "tests/journey/": "running",
    "tests/clients/": "running",
    "tests/faults/": "separate processes",
    "tests/deploy/test_processes.py": "separate processes",
}
"""What is handed out to one worker: the files that share one running Kersey, and those that start
thirty processes each, which two cores carry only one after the other."""


class LongestFirst(LoadFileScheduling):
    """Hands out files in the order in which they were collected, and some folders together."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def remove_node(self, node: WorkerController) -> str | None:
        """Begin no test a second time that ended its worker: it would end the next one too."""
        left = (
            (unit, test)
            for unit in self.assigned_work[node].values()
            for test, ran in unit.items()
            if not ran
        )
        unit, ended_it = next(left, (None, None))
        if unit is not None and ended_it is not None:
            unit[ended_it] = True
        super().remove_node(node)
        return ended_it


def unit_of(nodeid: str) -> str:
    """What a test is handed out with: its file, or what it shares with others."""
    file = nodeid.partition("::")[0]
    return next((shared for folder, shared in TOGETHER.items() if file.startswith(folder)), file)


def workers() -> int:
    """How many workers to start on this machine."""
    return WORKERS_PER_CORE * len(os.sched_getaffinity(0))


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The files with a test marked `slow` before the others."""
    items = list(items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    return sorted(items, key=lambda item: item.path not in slow)
