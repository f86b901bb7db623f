"""Single facts of a service, as people say them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from services.providers.domain import CapacityState
from services.providers.matching.languages import name_of, primary
from services.providers.nested import Json
from services.providers.replies import Replies
from shared.schedules import joined, times


@dataclass(frozen=True)
class Found:
    """A service that was found.

    Attributes:
        listing: its public listing.
        location: its nearest location.
        metres: how far that is, in a straight line.
        answers: yes, no or unknown (None) to each question.
        access: the same by access code.
        today: the present day.
        by: how the person gets there, where that was said.
        replies: how it answers, where enough is known.
    """

    listing: Json
    location: Json | None
    metres: int | None
    answers: Mapping[str, bool | None]
    access: Mapping[str, bool | None]
    today: date
    by: str | None = None
    replies: Replies | None = None

    def terms(self, taxonomy: str) -> list[str]:
        """The codes of a taxonomy that the service has."""
        found: list[str] = self.listing["kersey"].get("terms", {}).get(taxonomy, [])
        return found

    @cached_property
    def when(self) -> list[str]:
        """When it runs."""
        return times(self.listing)

    @cached_property
    def cost(self) -> Json | None:
        """The least it costs a session, in pounds, and in words; None where nobody said."""
        said = self.listing.get("cost_options", ())
        fees = self.listing.get("fees")
        amounts = [each["amount"] for each in said if "amount" in each]
        if not amounts:
            return {"text": fees} if fees is not None else None
        least = min(amounts)
        return {"from": least, "text": fees or pounds(least)}

    @cached_property
    def where(self) -> str | None:
        """How one meets: at a distance, or without going anywhere."""
        formats = self.terms("format")
        for code, words in _WITHOUT_GOING.items():
            if code in formats:
                return words
        if self.location and self.location["location_type"] == "virtual":
            return "online"
        return distance(self.metres)


_WITHOUT_GOING = {"at-home": "comes to you", "phone": "by phone", "online": "online"}


def distance(metres: int | None) -> str | None:
    """How far, as people say it: to 50 m below a kilometre, to 100 m above."""
    if metres is None:
        return None
    if metres < 975:
        return f"about {max(50, round(metres / 50) * 50)} m away"
    return f"about {metres / 1000:.1f} km away"


def places(capacity: Mapping[str, Any]) -> str | None:
    """The room there is, in words; None where it is not known. A first date is among what is known
    as long as it lies ahead: until then nobody can come."""
    state, free, first = capacity["state"], capacity.get("places"), capacity.get("first_date")
    begins = "" if first is None else f"from {_day(first)}"
    if state == CapacityState.TAKING:
        if free is None:
            return f"taking people {begins or 'now'}"
        return f"{free} place{'' if free == 1 else 's'} {begins or 'now'}"
    if state == CapacityState.FULL:
        return "full just now"
    if state == CapacityState.WAITING_LIST:
        waiting = capacity.get("waiting")
        said = f"a waiting list of {waiting}" if waiting else "keeps a waiting list"
    elif state == CapacityState.ASK_FIRST:
        said = "likes to talk first"
    else:
        return None
    return f"{said}, {begins}" if begins else said


def _day(said: str) -> str:
    day = date.fromisoformat(said)
    return f"{day.day} {day:%B %Y}"


def checked(found: Found) -> str | None:
    """How long ago a person last looked whether the listing is right; None where nobody did."""
    said = found.listing["kersey"].get("assurance", {}).get("last_verified")
    if said is None:
        return None
    days = max((found.today - date.fromisoformat(said)).days, 0)
    return f"last checked by a person {_ago(days)}"


def _ago(days: int) -> str:
    if days < 2:
        return ("today", "yesterday")[days]
    for unit, length, most in (("day", 1, 14), ("week", 7, 60), ("month", 30, 720)):
        if days < most:
            return f"{days // length} {unit}s ago"
    return "more than a year ago" if days < 730 else f"{days // 365} years ago"


def pounds(amount: float) -> str:
    """An amount as people write it."""
    if amount == 0:
        return "free"
    return f"£{amount:.0f}" if float(amount).is_integer() else f"£{amount:.2f}"


def languages(listing: Json, codes: Iterable[str] | None = None) -> list[str]:
    """The names of the languages spoken, or of those among some codes. A listing may have the code
    alone, which is no word.
    """
    said = listing.get("languages", ())
    return [
        each.get("name") or name_of(each["code"])
        for each in said
        if "code" in each and (codes is None or primary(each["code"]) in codes)
    ]


def company(codes: Iterable[str], names: Mapping[str, str]) -> str | None:
    """For whom a group is; None where nobody said.

    Args:
        codes: of the taxonomy `company`.
        names: its terms' names.
    """
    said = joined([inline(names[code]) for code in codes])
    return f"for {said}" if said else None


def inline(name: str) -> str:
    """A term's name inside a sentence; names with capitals of their own keep them."""
    return name if name[1:] != name[1:].lower() else name.lower()
