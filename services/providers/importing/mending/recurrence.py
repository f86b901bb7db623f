"""When a service runs, where a feed wrote the rule of RFC 5545 in one, or parts of it for which a
schedule of Open Referral UK has no place.

What of a rule cannot be read takes with it what it would make wrong: 'every second week' without
its 'second' is every week, and who believes it stands before a locked door.
"""

import re
from datetime import datetime
from typing import Any

from dateutil import rrule

from services.providers.importing.mending.listings import Repair
from services.providers.importing.mending.outpost import dicts
from services.providers.importing.mending.rules import any_of
from services.providers.importing.reading.records import Said

IN_ONE = "rule-in-one"
INTERVAL = "interval"
LAST_TIME = "last-time"
NOT_WEEKLY = "not-weekly"
MONTH_DAYS = "month-days"

MOST_TIMES = 1000
"""Of a rule that says how often; what is more goes on."""
_MEMBERS = ("rrule", "recurrence", "freq", "byday", "bymonthday", "description")
_COUNTED = frozenset(["DAILY", "WEEKLY", "MONTHLY"])
"""Counted in steps that are long enough for their end to be found quickly."""
_PARTS = {
    "FREQ": "freq",
    "INTERVAL": "interval",
    "BYDAY": "byday",
    "BYMONTHDAY": "bymonthday",
    "UNTIL": "valid_to",
    "COUNT": "count",
}
_RULE = re.compile(r"(?:RRULE:)?([A-Z]+=[^;\s]+(?:;[A-Z]+=[^;\s]+)*);?", re.IGNORECASE)
_BEGIN = re.compile(r"DTSTART(?:;[^:\s]*)?:(\d{8})", re.IGNORECASE)
_NUMBERS = {"one": 1, "two": 2, "second": 2, "other": 2, "three": 3, "third": 3, "four": 4}
_EVERY = re.compile(
    r"(?:every )?(?:(?P<number>\d{1,3})(?:st|nd|rd|th)?|(?P<word>[a-z]+))(?: (?:week|month)s?)?",
    re.IGNORECASE,
)
_ONCE = frozenset(["once", "one-off", "one off", "single"])
_SELDOM = frozenset(["yearly", "annual", "annually"])


def settle(said: Said) -> list[Repair]:
    """Bring the schedules of a service into the parts that a schedule has; changed in place.

    Returns:
        What was done, if anything.
    """
    repairs: list[Repair] = []
    for number, each in enumerate(dicts(said.get("schedules"))):
        repairs += _schedule(each, f"schedules.{number}")
    for at, place in enumerate(dicts(said.get("service_at_locations"))):
        for number, each in enumerate(dicts(place.get("schedules"))):
            repairs += _schedule(each, f"service_at_locations.{at}.schedules.{number}")
    return repairs


def _schedule(said: Said, where: str) -> list[Repair]:
    made = [_in_one(said), _month_days(said), _every(said), _seldom(said), _count(said)]
    return [Repair(rule, f"{where}.{name}", words) for rule, name, words in filter(None, made)]


_Made = tuple[str, str, str] | None
"""A repair: its rule, the member, and what stood there."""


def _in_one(said: Said) -> _Made:
    for name in _MEMBERS:
        text = said.get(name)
        if not isinstance(text, str) or "freq=" not in text.lower():
            continue
        rule = next((each for each in _RULE.findall(text) if "freq=" in each.lower()), None)
        if rule is None or (name == "description" and "freq" in said):
            continue
        if name != "description":
            del said[name]
        for part in rule.split(";"):
            key, _, value = part.partition("=")
            if (member := _PARTS.get(key.upper())) is not None:
                said.setdefault(member, value)
        if begin := _BEGIN.search(text):
            said.setdefault("dtstart", begin[1])
        return IN_ONE, name, f"was '{any_of(text)}'"
    return None


def _month_days(said: Said) -> _Made:
    was = said.get("bymonthday")
    if isinstance(was, bool) or not isinstance(was, str | int | list):
        return None
    text = ",".join(map(str, was)) if isinstance(was, list) else str(was)
    days = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text.lower()).replace(" ", "")
    if days == was or not re.fullmatch(r"-?\d{1,2}(,-?\d{1,2})*", days):
        return None
    said["bymonthday"] = days
    return MONTH_DAYS, "bymonthday", f"was '{any_of(was)}'"


def _every(said: Said) -> _Made:
    was = said.get("interval")
    if was is None or (
        not isinstance(was, bool) and re.fullmatch(r"0*[1-9]\d{0,2}(\.0)?", str(was))
    ):
        return None
    found = _EVERY.fullmatch(str(was).strip())
    number = _NUMBERS.get(found["word"].lower()) if found and found["word"] else None
    number = int(found["number"]) if found and found["number"] else number
    if number:
        said["interval"] = number
        return INTERVAL, "interval", f"was '{any_of(was)}'"
    del said["interval"]
    freq = said.pop("freq", None)
    return (
        INTERVAL,
        "interval",
        f"was '{any_of(was)}': then 'freq' ('{any_of(freq)}') is absent too",
    )


def _seldom(said: Said) -> _Made:
    word = str(said.get("freq")).strip().lower()
    days = said.get("byday")
    if word in _ONCE:
        was = said.pop("freq")
        day = said.get("dtstart", said.get("valid_from"))
        if day is not None:
            said["valid_from"] = said["valid_to"] = day
        return NOT_WEEKLY, "freq", f"was '{any_of(was)}'"
    if word in _SELDOM and days is not None:
        del said["byday"]
        return NOT_WEEKLY, "byday", f"was '{any_of(days)}', {word}"
    return None


def _count(said: Said) -> _Made:
    """How often, told by its last day: nothing else says that it has ended."""
    count = said.pop("count", None)
    if count is None or "valid_to" in said:
        return None
    parts = {
        "FREQ": said.get("freq"),
        "INTERVAL": said.get("interval"),
        "BYDAY": said.get("byday"),
        "BYMONTHDAY": said.get("bymonthday"),
        "COUNT": count,
    }
    last = _last(parts, said.get("dtstart", said.get("valid_from")))
    if last is None:
        return LAST_TIME, "count", f"was '{any_of(count)}': absent"
    said["valid_to"] = last.date().isoformat()
    return LAST_TIME, "valid_to", f"was said as '{any_of(count)}' times"


def _last(parts: dict[str, Any], begin: Any) -> datetime | None:
    plain = ";".join(f"{name}={each}" for name, each in parts.items() if each is not None)
    if not str(parts["COUNT"]).isdecimal() or not 0 < int(parts["COUNT"]) <= MOST_TIMES:
        return None
    if str(parts["FREQ"]).upper() not in _COUNTED:
        return None
    try:
        start = datetime.fromisoformat(str(begin)[:10])
        return rrule.rrulestr(plain.upper(), dtstart=start)[-1]
    except (ValueError, KeyError, TypeError, IndexError, OverflowError):
        return None
