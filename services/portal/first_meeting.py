"""When a person is expected for the first time: asked in a form, read as clocks show it."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from services.portal.typed import Mistyped, day_of
from shared.languages import _

DAY = ("first_day", "first_month", "first_year")
TIME = "first_time"
FIELDS = (*DAY, TIME)
"""Names of the form's fields."""
LATEST = 1
"""Years ahead that somebody may plan."""
COMPANY: Mapping[str, str] = {
    "link-worker": _("Their link worker"),
    "volunteer": _("A volunteer"),
    "known": _("Somebody they know"),
    "nobody": _("Nobody: they go by themselves"),
}
"""Who goes along, by the code that referrals has."""
TOO_FAR = _("This day is more than a year away. Check the year")
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?", re.IGNORECASE | re.ASCII)


def starts(
    typed: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> tuple[datetime | None, dict[str, str]]:
    """The moment that was typed, and what is wrong by field.

    Args:
        typed: the fields.
        zone: whose clocks are meant.
        now: the moment.
    """
    faults: dict[str, str] = {}
    day = hour = None
    try:
        day = _day(typed, now.astimezone(zone).date())
    except Mistyped as mistyped:
        faults[DAY[0]] = str(mistyped)
    try:
        hour = time_of(typed[TIME])
    except Mistyped as mistyped:
        faults[TIME] = str(mistyped)
    if day is None or hour is None:
        return None, faults
    when = datetime.combine(day, hour, zone)
    if when <= now:
        return None, {TIME: _("This time has passed. Type a time that is still to come")}
    return when, {}


def said(view: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """The fields as they were filled in, to be changed; empty where nobody has said.

    Args:
        view: a request.
        zone: whose clocks are meant.
    """
    visit = view.get("first_visit") or {}
    if visit.get("status") != "booked":
        return dict.fromkeys(FIELDS, "")
    at = datetime.fromisoformat(visit["starts"]).astimezone(zone)
    return dict(zip(FIELDS, (str(at.day), str(at.month), str(at.year), f"{at:%H:%M}"), strict=True))


def _day(typed: Mapping[str, str], today: date) -> date:
    parts = {name: typed[field] for name, field in zip(("day", "month", "year"), DAY, strict=True)}
    last = today.replace(year=today.year + LATEST, day=min(today.day, 28))
    such_as = f"27 3 {today.year + LATEST}"
    when = day_of(parts, last, earliest=today.year, such_as=such_as, too_late=TOO_FAR)
    if when < today:
        raise Mistyped(_("This day has passed. Type a day that is still to come"))
    return when


def time_of(typed: str) -> time:
    """A time of day as people write it: `14:30`, `2.30pm`, `2 pm`.

    Raises:
        Mistyped: it is none.
    """
    found = _TIME.fullmatch(typed.strip())
    if found is None:
        raise Mistyped(_("Type the time, such as 2:30pm") if typed else _("Type the time too"))
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and not 1 <= hour <= 12:
        raise Mistyped(_("There is no such time. Type it like 2:30pm or 14:30"))
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise Mistyped(_("There is no such time. Type it like 2:30pm or 14:30")) from None
