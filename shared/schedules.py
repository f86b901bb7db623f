"""When a service runs, as people say it: of a listing in Open Referral UK's shape."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}


def times(listing: Json) -> list[str]:
    """When it runs: 'Tuesday 10:00 to 12:00', 'second Monday of the month 14:00 to 16:00'."""
    every = [
        *listing.get("schedules", ()),
        *(
            each
            for at in listing.get("service_at_locations", ())
            for each in at.get("schedules", ())
        ),
    ]
    said = [_time(each) for each in every]
    return list(dict.fromkeys(each for each in said if each))


def wanted(days: Iterable[str], start: int | None, end: int | None) -> str:
    """The times that were asked for: 'on a Monday, Tuesday or Friday from 10:00 until 12:00'."""
    names = joined([DAYS[day] for day in days]).replace(" and ", " or ")
    words = [f"on a {names}"] if names else []
    if start is not None:
        words.append(f"from {_clock(start)}")
    if end is not None:
        words.append(f"until {_clock(end)}")
    return " ".join(words)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _time(schedule: Json) -> str:
    days = [_day(part, schedule) for part in schedule.get("byday", "").split(",") if part]
    words = joined(days)
    if words and schedule.get("freq") == "WEEKLY" and schedule.get("interval", 1) == 2:
        words = f"every other {words}"
    if "opens_at" in schedule:
        words += f" {schedule['opens_at']}"
        if "closes_at" in schedule:
            words += f" to {schedule['closes_at']}"
    return words.strip() or schedule.get("description", "")


def _day(part: str, schedule: Json) -> str:
    number, day = part[:-2], DAYS[part[-2:]]
    if not number or schedule.get("freq") != "MONTHLY":
        return day
    return f"{_NTH.get(int(number), number)} {day} of the month"


def joined(words: list[str]) -> str:
    """Words as a list in a sentence: 'a, b and c'."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
