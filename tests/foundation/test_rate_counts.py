"""Counting for the rate limits: exact under many threads, forgetful, and without a thread."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from shared import rate_counts
from shared.rate_counts import Counts


def test_many_threads_lose_no_count():
    counts = Counts()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counts.incr("caller", 60), range(2000)))
    assert counts.get("caller") == 2000


def test_a_window_that_is_over_begins_anew():
    limiter, twice = FixedWindowRateLimiter(Counts()), RateLimitItemPerSecond(2)
    assert [limiter.hit(twice, "caller") for _ in range(3)] == [True, True, False]
    ends = limiter.get_window_stats(twice, "caller").reset_time
    assert 0 < ends - time.time() <= 1
    time.sleep(max(0.0, ends - time.time()) + 0.01)
    assert limiter.hit(twice, "caller")


def test_callers_that_do_not_come_back_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_counts, "SWEEP_EVERY", 0.0)
    counts = Counts()
    for caller in range(100):
        counts.incr(f"caller {caller}", 0.01)
    time.sleep(0.02)
    counts.incr("another", 60)
    assert len(counts) == 1


def test_one_caller_or_all_can_be_forgotten():
    counts = Counts()
    counts.incr("one", 60)
    counts.incr("two", 60)
    counts.clear("one")
    assert (counts.get("one"), counts.get("two")) == (0, 1)
    assert counts.reset() == 1
    assert counts.get("two") == 0


def test_counting_begins_no_thread():
    before = threading.active_count()
    counts = Counts()
    for _ in range(10):
        counts.incr("caller", 0.001)
    assert threading.active_count() == before
