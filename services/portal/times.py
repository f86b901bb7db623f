"""Days and moments in UK words."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from fastapi import Request

LOCALE = "en_GB"

WEEKDAYS: Mapping[str, str] = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
"""By their codes in the directory (RFC 5545)."""


class Times:
    """Tells times as people say them.

    Args:
        zone: the name of the time zone in which the pages are read.
        now: the moment at which they are.
    """

    def __init__(self, zone: str, now: datetime) -> None:
        self._zone = ZoneInfo(zone)
        self._now = now.astimezone(self._zone)

    @property
    def today(self) -> date:
        """The day."""
        return self._now.date()

    def ago(self, moment: str | None) -> str:
        """How long ago an instant was, such as `3 days ago`; empty for none."""
        if not moment:
            return ""
        days = (self.today - self._local(moment).date()).days
        if days <= 0:
            return "today"
        if days == 1:
            return "yesterday"
        return format_timedelta(
            timedelta(days=-days), add_direction=True, threshold=1.5, locale=LOCALE
        )

    def day(self, moment: str | None) -> str:
        """A day, such as `3 March 2026`; what is no whole day stays as it is."""
        if not moment:
            return ""
        try:
            when = date.fromisoformat(moment) if len(moment) <= 10 else self._local(moment).date()
        except ValueError:
            return moment
        return format_date(when, "d MMMM y", locale=LOCALE)

    def moment(self, moment: str | None) -> str:
        """A day and the time of it, such as `3 March 2026, 14:05`."""
        if not moment:
            return ""
        return format_datetime(self._local(moment), "d MMMM y, HH:mm", locale=LOCALE)

    def _local(self, moment: str) -> datetime:
        return datetime.fromisoformat(moment).astimezone(self._zone)


def times_at(request: Request) -> Times:
    """Of the moment at which a page is asked for, in the zone of the settings."""
    return Times(request.app.state.settings.timezone, datetime.now(UTC))
