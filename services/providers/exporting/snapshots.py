"""A file of the whole directory for each day, for whoever wants yesterday's or cannot ask us."""

import gzip
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine

from services.providers.exporting.documents import document
from services.providers.settings import ProvidersSettings
from shared.database import Lease

log = structlog.get_logger(__name__)

NAME = "directory-{day}.ndjson.gz"


class Snapshots:
    """Writes each day's file once it is `snapshot_hour`, and removes those that are too old.

    Of several processes one writes, who holds the lease; a file is there whole or not at all.

    Args:
        engine: the directory's database.
        settings: where to, from which hour, and for how many days.
        clock: the time of day, UTC.
        every: seconds between two looks at whether it is time.
    """

    name = "providers.snapshots"

    def __init__(
        self,
        engine: Engine,
        settings: ProvidersSettings,
        clock: Callable[[], datetime],
        *,
        every: float = 60.0,
    ) -> None:
        assert settings.snapshot_dir is not None
        self._engine = engine
        self._folder: Path = settings.snapshot_dir
        self._hour = settings.snapshot_hour
        self._days = settings.snapshot_days
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._every = every
        self._lease = Lease(engine, self.name, seconds=3600)

    def run(self, stop: threading.Event) -> None:
        """Look again and again until told to stop."""
        while not stop.is_set():
            self.keep()
            stop.wait(self._every)

    def keep(self) -> Path | None:
        """Write today's file if it is time and there is none; the file that was written."""
        now = self._clock()
        today = now.astimezone(self._zone)
        file = self._folder / NAME.format(day=today.date())
        if today.hour < self._hour or file.exists() or self._lease.acquire() is None:
            return None
        try:
            self._write(file, now)
            self._remove_before(today.date() - timedelta(days=self._days - 1))
        finally:
            self._lease.release()
        log.info("directory.snapshot", file=file.name)
        return file

    def _write(self, file: Path, now: datetime) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        with gzip.open(unfinished, "wb") as target:
            for piece in document(self._engine, now, lined=True):
                target.write(piece)
        unfinished.replace(file)

    def _remove_before(self, oldest: date) -> None:
        for file in self._folder.glob(NAME.format(day="*")):
            if file.name < NAME.format(day=oldest):
                file.unlink(missing_ok=True)
