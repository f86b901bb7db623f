"""Where the rate limits count: in memory, without a thread.

The library's own storage in memory begins a thread a hundred times a second to drop what is over,
and the event loop waits for each to begin. Here whoever counts drops it.
"""

import threading
import time
from dataclasses import dataclass

from limits.storage import Storage

SWEEP_EVERY = 10.0
"""Seconds between two looks for windows that are over."""


@dataclass(slots=True)
class _Window:
    count: int
    ends: float


class Counts(Storage):
    """Fixed windows that begin with their first request; see `limits.storage.Storage`."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing in particular."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and begin a window of `expiry` seconds where none runs."""
        now = time.time()
        with self._lock:
            window = self._windows.get(key)
            if window is None or window.ends <= now:
                self._sweep(now)
                window = self._windows[key] = _Window(0, now + expiry)
            window.count += amount
            return window.count

    def get(self, key: str) -> int:
        """How many were counted in the window that runs."""
        window = self._windows.get(key)
        return window.count if window and window.ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since the epoch; now, where none runs."""
        now = time.time()
        window = self._windows.get(key)
        return max(window.ends, now) if window else now

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many windows that were."""
        with self._lock:
            forgotten = len(self._windows)
            self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one caller."""
        with self._lock:
            self._windows.pop(key, None)

    def __len__(self) -> int:
        """How many windows are remembered."""
        return len(self._windows)

    def _sweep(self, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY
            self._windows = {key: each for key, each in self._windows.items() if each.ends > now}
