"""What the directory looks at by itself, again and again: what is due without anybody asking."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog

from services.providers import capacity_asking, documents, expiring
from services.providers.assurance import reviewing
from services.providers.domain import ReviewPlan
from services.providers.handlers import Directory
from services.providers.life.deciding import publish_due
from services.providers.settings import ProvidersSettings
from shared.database import Lease

log = structlog.get_logger(__name__)

Round = Callable[[], object]


class Rounds:
    """Makes each round in turn, one replica at a time; what is due counts by the day.

    A round that fails is logged, and the others are made: an edit that cannot be published must not
    keep reminders from going out.

    Args:
        directory: what to work with.
        rounds: by name.
        seconds: from the end of one look to the next.
    """

    name = "providers.rounds"

    def __init__(self, directory: Directory, rounds: Mapping[str, Round], seconds: float) -> None:
        self._rounds = rounds
        self._seconds = seconds
        self._lease = Lease(directory.engine, self.name)

    def run(self, stop: threading.Event) -> None:
        """Make the rounds until told to stop; another replica leads from then on."""
        try:
            while not stop.is_set():
                if self._lease.leads() is not None:
                    self.make()
                stop.wait(self._seconds)
        finally:
            self._lease.release()

    def make(self) -> dict[str, object]:
        """Make each round once; what each came to."""
        made: dict[str, object] = {}
        for name, once in self._rounds.items():
            try:
                made[name] = once()
            except Exception as error:
                log.exception("round.failed", round=name, exc_info=error)
        log.info("rounds.made", **{name: str(came) for name, came in made.items()})
        return made


def plan(settings: ProvidersSettings) -> ReviewPlan:
    """When somebody is to look whether a listing is still right."""
    unlist = settings.unlist_after_days
    return ReviewPlan(
        cycle={
            tier: timedelta(days=days) for tier, days in enumerate(settings.review_days, start=1)
        },
        then_hub=timedelta(days=settings.review_hub_after_days),
        then_unlisted=timedelta(days=unlist) if unlist else None,
    )


def rounds(directory: Directory, settings: ProvidersSettings) -> dict[str, Round]:
    """Every round that there is: a new one is a line here."""
    every = timedelta(days=settings.capacity_ask_days)
    asking = {"asking": partial(capacity_asking.ask, directory, every)} if every else {}
    return asking | {
        "capacities": partial(expiring.expire, directory),
        "documents": partial(documents.fill, directory.engine),
        "publishing": lambda: publish_due(directory, directory.clock().date()),
        "reviewing": partial(reviewing.review, directory, plan(settings)),
        "tiers": partial(reviewing.tiers, directory),
    }
