"""Why a service was found, and what is still to be asked, in plain English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.providers.domain import CapacityState
from services.providers.listing import Json
from services.providers.queries import NeedSearch

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


@dataclass(frozen=True)
class Words:
    """The names of needs and of access terms, by code."""

    needs: Mapping[str, str]
    access: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """A service that was found.

    Attributes:
        listing: its public listing.
        location: its nearest location.
        metres: how far that is.
        answers: yes, no or unknown (None) by facet.
        access: the same by access code.
    """

    listing: Json
    location: Json | None
    metres: int | None
    answers: Mapping[str, bool | None]
    access: Mapping[str, bool | None]


def why(found: Found, query: NeedSearch, words: Words) -> list[str]:
    """The reasons for a service, the most telling first."""
    own = found.listing["kersey"]
    helps = own.get("terms", {}).get("need", ())
    met = [_inline(words.needs[code]) for code in query.need if code in helps]
    said = [
        f"helps with {_joined(met)}" if met else None,
        _where(found),
        _joined(times(found.listing)[:2]) or None,
        _access(found.access, words),
        _cost_reason(found, query),
        _language(found, query),
        places(own["capacity"]),
    ]
    return [reason for reason in said if reason]


def to_ask(found: Found, query: NeedSearch, words: Words) -> list[str]:
    """What nobody knows and somebody should ask; unknown is never a no (care 26)."""
    said = []
    if query.near is not None and found.metres is None and _where(found) is None:
        said.append("where it meets")
    if query.day is not None and found.answers["day"] is None:
        said.append(f"whether it runs on a {DAYS[query.day]}")
    if _room_unknown(found.listing["kersey"]["capacity"]):
        said.append("whether there is room")
    if query.cost_max is not None and found.answers["cost_max"] is None:
        said.append("what it costs")
    if query.language is not None and found.answers["language"] is None:
        said.append("whether the language can be arranged")
    unknown = [code for code, yes in found.access.items() if yes is None]
    said += [f"about {_inline(words.access[code])}" for code in unknown]
    return said


def distance(metres: int | None) -> str | None:
    """How far, as people say it: to 50 m below a kilometre, to 100 m above."""
    if metres is None:
        return None
    if metres < 975:
        return f"about {max(50, round(metres / 50) * 50)} m away"
    return f"about {metres / 1000:.1f} km away"


def places(capacity: Mapping[str, Any]) -> str | None:
    """The room there is, in words; None where it is not known."""
    state, free = capacity["state"], capacity.get("places")
    if state == CapacityState.TAKING:
        if free is None:
            return "taking people now"
        return f"{free} place{'' if free == 1 else 's'} now"
    if state == CapacityState.WAITING_LIST:
        waiting = capacity.get("waiting")
        return f"a waiting list of {waiting}" if waiting else "keeps a waiting list"
    if state == CapacityState.FULL:
        return "full just now"
    if state == CapacityState.ASK_FIRST:
        return "likes to talk first"
    return None


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


def cost(listing: Json) -> Json | None:
    """The least it costs a session, in pounds, and in words; None where nobody said."""
    amounts = [each["amount"] for each in listing.get("cost_options", ()) if "amount" in each]
    if not amounts:
        return {"text": listing["fees"]} if "fees" in listing else None
    least = min(amounts)
    return {"from": least, "text": listing.get("fees") or pounds(least)}


def pounds(amount: float) -> str:
    """An amount as people write it."""
    if amount == 0:
        return "free"
    return f"£{amount:.0f}" if float(amount).is_integer() else f"£{amount:.2f}"


def _time(schedule: Json) -> str:
    days = [_day(part, schedule) for part in schedule.get("byday", "").split(",") if part]
    words = _joined(days)
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


def _joined(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


_WITHOUT_GOING = {"at-home": "comes to you", "phone": "by phone", "online": "online"}


def _where(found: Found) -> str | None:
    """How one meets: at a distance, or without going anywhere."""
    formats = found.listing["kersey"].get("terms", {}).get("format", ())
    for code, words in _WITHOUT_GOING.items():
        if code in formats:
            return words
    if found.location and found.location["location_type"] == "virtual":
        return "online"
    return distance(found.metres)


def _inline(name: str) -> str:
    """A term's name inside a sentence; names with capitals of their own keep them."""
    return name if name[1:] != name[1:].lower() else name.lower()


def _access(answers: Mapping[str, bool | None], words: Words) -> str | None:
    known = [_inline(words.access[code]) for code, yes in answers.items() if yes]
    return _joined(known) or None


def _cost_reason(found: Found, query: NeedSearch) -> str | None:
    known = cost(found.listing)
    if known is None or "from" not in known:
        return None
    if known["from"] == 0:
        return "free"
    return f"{pounds(known['from'])} a session" if query.cost_max is not None else None


def _language(found: Found, query: NeedSearch) -> str | None:
    if query.language is None or not found.answers["language"]:
        return None
    spoken = (
        each.get("name", query.language)
        for each in found.listing.get("languages", ())
        if each.get("code", "").split("-")[0].lower() == query.language.lower()
    )
    return f"in {next(spoken, query.language)}"


def _room_unknown(capacity: Mapping[str, Any]) -> bool:
    return capacity["state"] in (CapacityState.UNKNOWN, CapacityState.ASK_FIRST)
