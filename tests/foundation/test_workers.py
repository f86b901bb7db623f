"""Background work: watched, restarted, stopped together."""

import threading
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from shared.worker import Wake, WorkerGroup


class Doing:
    """A worker that does what the test says."""

    def __init__(self, name: str, act: Callable[[int, threading.Event], None]) -> None:
        self.name = name
        self.starts: list[float] = []
        self.fault: str | None = None
        self._act = act

    def run(self, stop: threading.Event) -> None:
        self.starts.append(time.monotonic())
        self._act(len(self.starts), stop)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


def crash_before(times: int) -> Callable[[int, threading.Event], None]:
    def act(start: int, stop: threading.Event) -> None:
        if start <= times:
            raise RuntimeError("planted-value")
        stop.wait()

    return act


def end_before(times: int) -> Callable[[int, threading.Event], None]:
    def act(start: int, stop: threading.Event) -> None:
        if start > times:
            stop.wait()

    return act


def wait_for(event: threading.Event) -> None:
    event.wait()


def test_a_crashed_worker_is_logged_and_started_again():
    worker = Doing("test.crashing", crash_before(3))
    group = WorkerGroup([worker])
    with capture_logs() as logs:
        group.start()
        until(lambda: len(worker.starts) == 4)
        assert group.alive() == {"test.crashing": True}
        assert group.stop() == []
    assert [(log["event"], log["worker"]) for log in logs] == [
        ("worker.crashed", "test.crashing")
    ] * 3


def test_one_that_merely_ends_is_started_again_too():
    worker = Doing("test.ending", end_before(2))
    group = WorkerGroup([worker])
    with capture_logs() as logs:
        group.start()
        until(lambda: len(worker.starts) == 3)
        assert group.stop() == []
    assert [log["event"] for log in logs] == ["worker.ended"] * 2


def test_a_worker_that_keeps_crashing_does_not_spin():
    worker = Doing("test.failing", crash_before(10**6))
    group = WorkerGroup([worker])
    with capture_logs():
        group.start()
        time.sleep(1.0)
        assert group.stop() == []
    assert 2 <= len(worker.starts) < 60


def test_stopping_ends_the_pause_after_a_crash():
    worker = Doing("test.failing", crash_before(10**6))
    group = WorkerGroup([worker])
    with capture_logs():
        group.start()
        until(lambda: len(worker.starts) >= 3)
        before = time.monotonic()
        assert group.stop() == []
    assert time.monotonic() - before < 1.0
    assert group.alive() == {"test.failing": False}


def test_a_crash_of_one_leaves_the_others_alone():
    calm = Doing("test.calm", end_before(0))
    wild = Doing("test.wild", crash_before(2))
    group = WorkerGroup([calm, wild])
    with capture_logs():
        group.start()
        until(lambda: len(wild.starts) == 3)
        assert group.alive() == {"test.calm": True, "test.wild": True}
        assert len(calm.starts) == 1
        group.stop()
    assert group.alive() == {"test.calm": False, "test.wild": False}


def test_a_worker_that_does_not_finish_in_time_is_named():
    held = threading.Event()
    slow = Doing("test.slow", lambda *_: wait_for(held))
    quick = Doing("test.quick", end_before(0))
    group = WorkerGroup([slow, quick])
    group.start()
    assert group.stop(timeout=2) == ["test.slow"]
    held.set()
    assert group.stop() == []


def test_a_wake_set_before_the_sleep_is_not_lost():
    wake = Wake()
    wake.set()
    assert wake.wait(30)
    assert not wake.wait(0.01), "one wake, one waking"


def test_a_sleeper_is_woken_at_once():
    wake = Wake()
    threading.Timer(0.1, wake.set).start()
    before = time.monotonic()
    assert wake.wait(10)
    assert time.monotonic() - before < 5


def test_a_sleeper_that_nobody_wakes_goes_on_by_itself():
    assert Wake().wait(0.05) is False


@pytest.mark.parametrize("workers", [[], [Doing("a", end_before(0))]])
def test_what_was_never_started_stops_and_is_not_alive(workers: list[Doing]):
    group = WorkerGroup(workers)
    assert group.stop() == []
    assert group.alive() == {}


def test_what_keeps_a_worker_from_its_work_is_told_and_a_dead_one_is_a_fault_itself():
    waiting, calm = Doing("test.waiting", end_before(0)), Doing("test.calm", end_before(0))
    group = WorkerGroup([waiting, calm])
    assert group.faults() == {}
    group.start()
    waiting.fault = "the broker refuses (403)"
    assert group.faults() == {"test.waiting": "the broker refuses (403)"}
    waiting.fault = None
    assert group.faults() == {}
    group.stop()
    assert group.faults() == dict.fromkeys(
        ["test.waiting", "test.calm"], "the worker is not running"
    )


class Dozing:
    """A worker that looks once in half a minute, unless it is woken."""

    def __init__(self, name: str, wake: Wake) -> None:
        self.name = name
        self.wake = wake

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.wake.wait(300)


def test_stopping_wakes_those_that_sleep_also_where_they_sleep_together():
    shared = Wake()
    group = WorkerGroup([Dozing(f"test.dozing-{n}", shared) for n in range(8)])
    group.start()
    until(lambda: all(group.alive().values()))
    assert group.stop(timeout=30) == []
