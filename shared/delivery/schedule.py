"""When to try again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Schedule:
    """The waits between attempts, declared, so that an operator can read when it ends.

    Attributes:
        delays: the wait after the first failed attempt, after the second, and so on; after the
            attempt that follows the last wait a delivery has failed.
        jitter: up to this fraction is added to a wait, so that what failed together does not
            come back together.
        longest: no receiver's `Retry-After` delays an attempt by more than this.
        resends: how often an attempt that was cut off between sending and recording is sent
            again; the receiver may then have it twice, under one id.
    """

    delays: tuple[timedelta, ...]
    jitter: float = 0.2
    longest: timedelta = timedelta(hours=12)
    resends: int = 1

    def wait(
        self,
        failed_attempts: int,
        retry_after: timedelta | None = None,
        *,
        chance: Callable[[], float] = random.random,
    ) -> timedelta | None:
        """How long to wait after the given number of failed attempts; None when it is over.

        Args:
            failed_attempts: from 1.
            retry_after: what the receiver asked for, if it did.
            chance: gives numbers in [0, 1).
        """
        if failed_attempts > len(self.delays):
            return None
        spread = self.delays[failed_attempts - 1] * (1 + self.jitter * chance())
        return max(spread, min(retry_after or timedelta(), self.longest))


def minutes(*values: float) -> tuple[timedelta, ...]:
    """Waits written in minutes."""
    return tuple(timedelta(minutes=value) for value in values)
