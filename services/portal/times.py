"""Days and moments in words, as readers of the page's language write them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from fastapi import Request

from shared.languages import _, language

WEEKDAYS: Mapping[str, str] = {
    "MO": _("Monday"),
    "TU": _("Tuesday"),
    "WE": _("Wednesday"),
    "TH": _("Thursday"),
    "FR": _("Friday"),
    "SA": _("Saturday"),
    "SU": _("Sunday"),
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
            return str(_("today"))
        if days == 1:
            return str(_("yesterday"))
        return _days_ago(days, language().locale)

    def day(self, moment: str | None) -> str:
        """A day, such as `3 March 2026`; what is no whole day stays as it is."""
        if not moment:
            return ""
        try:
            when = date.fromisoformat(moment) if len(moment) <= 10 else self._local(moment).date()
        except ValueError:
            return moment
        return _day(when, language().locale)

    def weekday(self, moment: str) -> str:
        """A day with its name, as whoever meets each week thinks of it: `Tuesday 3 March 2026`."""
        when = date.fromisoformat(moment) if len(moment) <= 10 else self._local(moment).date()
        name = tuple(WEEKDAYS.values())[when.weekday()]
        return _("{weekday} {day}").format(weekday=name, day=_day(when, language().locale))

    def moment(self, moment: str | None) -> str:
        """A day and the time of it, such as `3 March 2026, 14:05`."""
        if not moment:
            return ""
        local, locale = self._local(moment), language().locale
        day = _day(local.date(), locale)
        return f"{day}, {format_time(local, 'short', tzinfo=self._zone, locale=locale)}"

    def end_of(self, day: date) -> datetime:
        """The last second of a day."""
        return datetime.combine(day, time(23, 59, 59), self._zone)

    def is_past(self, moment: str) -> bool:
        """Whether an instant is over."""
        return self._local(moment) < self._now

    def _local(self, moment: str) -> datetime:
        return datetime.fromisoformat(moment).astimezone(self._zone)


@lru_cache(maxsize=4096)
def _days_ago(days: int, locale: Locale) -> str:
    """Kept, as `_day`: a list says it for each of its rows, and Babel reads the pattern anew."""
    return format_timedelta(timedelta(days=-days), add_direction=True, threshold=1.5, locale=locale)


@lru_cache(maxsize=4096)
def _day(when: date, locale: Locale) -> str:
    return format_date(when, "long", locale=locale)


def times_at(request: Request) -> Times:
    """Of the moment at which a page is asked for, in the zone of the settings."""
    return Times(request.app.state.settings.timezone, datetime.now(UTC))
