"""Hours of the day in which somebody is written to, and what is due outside them; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Hours:
    """The hours in which somebody may hear from a program; over midnight where they end earlier
    than they begin. Local time.

    Attributes:
        start: the first minute.
        end: the first minute after.
        zone: of the place.
    """

    start: time
    end: time
    zone: ZoneInfo

    @property
    def others(self) -> "Hours":
        """The rest of the day: whoever names quiet hours may hear in the others."""
        return Hours(self.end, self.start, self.zone)

    def next(self, at: datetime) -> datetime:
        """The first moment from `at` on that lies within the hours."""
        local = at.astimezone(self.zone)
        if self._holds(local.time()):
            return at
        begun = local.time() >= self.start  # and over: they begin again tomorrow
        return self.on(local.date() + timedelta(days=1 if begun else 0))

    def on(self, day: date) -> datetime:
        """When they begin on a day."""
        return datetime.combine(day, self.start, self.zone)

    def _holds(self, now: time) -> bool:
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


@dataclass(frozen=True)
class SheetDays:
    """When sheets are printed.

    Attributes:
        zone: of the place.
        weekday: 1 is Monday, 7 is Sunday.
        of_hubs: the weekday of each hub that has another one, by its code.
        hour: of that day, local.
    """

    zone: ZoneInfo
    weekday: int = 1
    of_hubs: Mapping[str, int] = field(default_factory=dict)
    hour: int = 7

    def last(self, hub: str | None, at: datetime) -> datetime:
        """When the hour of a hub's day struck last.

        Args:
            hub: its code; None where a provider belongs to none.
            at: the moment from which to look back.
        """
        weekday = self.of_hubs.get(hub or "", self.weekday)
        local = at.astimezone(self.zone)
        day = local - timedelta(days=(local.isoweekday() - weekday) % 7)
        struck = day.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return struck if struck <= local else struck - timedelta(days=7)


def hours_of(text: str, zone: str) -> Hours:
    """Hours as a setting says them, such as `09:00-20:00`.

    Raises:
        ValueError: they are none.
    """
    start, dash, end = text.partition("-")
    hours = Hours(time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone))
    if not dash or hours.start >= hours.end:
        raise ValueError("hours are written 09:00-20:00, the earlier first")
    return hours
