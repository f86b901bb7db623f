"""What a listing says, in words, as people read it: one row for each thing that they ask.

A listing comes as Open Referral UK has it (HSDS 3.0), public or as somebody wrote it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.portal.prose import plain
from services.portal.times import WEEKDAYS
from shared.languages import _, ngettext

Listing = Mapping[str, Any]

_ORDINALS = {
    "1": _("first"),
    "2": _("second"),
    "3": _("third"),
    "4": _("fourth"),
    "5": _("fifth"),
    "-1": _("last"),
}


def rows(listing: Listing, terms: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Names and values; empty where the listing says nothing.

    Args:
        listing: what it says.
        terms: of access, and of whom it is for, by id, as people read them.
    """
    said: tuple[tuple[str, Callable[[Listing], str]], ...] = (
        (_("News"), lambda each: plain(each.get("alert"))),
        (_("What it is"), lambda each: plain(each.get("description"))),
        (_("When"), _when),
        (_("Where"), _where),
        (_("What it costs"), _cost),
        (_("Access"), lambda each: ", ".join(_named(each, terms["access"]))),
        (_("Contact"), _contact),
        (_("Who it is for"), lambda each: _for_whom(each, terms["company"])),
    )
    return [(_("Name"), str(listing.get("name", ""))), *((name, of(listing)) for name, of in said)]


def schedule_words(schedule: Listing) -> str:
    """When something runs, such as "Every Monday, 10:00 to 12:00"."""
    parts = [_rhythm(schedule)]
    opens, closes = _time(schedule, "opens_at"), _time(schedule, "closes_at")
    parts.append(
        _("{opens} to {closes}").format(opens=opens, closes=closes) if opens and closes else opens
    )
    parts.append(plain(schedule.get("description")))
    return ", ".join(part for part in parts if part)


def _named(listing: Listing, terms: Mapping[str, str]) -> list[str]:
    return [terms[term] for term in chosen(listing) if term in terms]


def chosen(listing: Listing) -> list[str]:
    """The ids of the terms that a listing says yes to, at its places and of itself."""
    return list(dict.fromkeys(_yes(listing)))


def _yes(listing: Listing) -> Iterator[str]:
    places = [each["location"] for each in listing.get("service_at_locations") or ()]
    for holder in (listing, *places):
        for each in holder.get("attributes") or ():
            if each.get("value") != "no":
                yield str(each["taxonomy_term_id"])


def _rhythm(schedule: Listing) -> str:
    days = [part.strip() for part in (schedule.get("byday") or "").split(",") if part.strip()]
    named = [_day(each) for each in days]
    if not named:
        return ""
    listed = str(_(" and ")).join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    every = schedule.get("interval") or 1
    if schedule.get("freq") == "MONTHLY":
        monthly = _("The {days} of each month") if days[0][:-2] else _("Each month, {days}")
        return monthly.format(days=listed)
    weekly = ngettext("Every {days}", "Every {count} weeks, {days}", every)
    return weekly.format(days=listed, count=every)


def _day(part: str) -> str:
    number = _ORDINALS.get(part[:-2].lstrip("+"), "")
    return f"{number} {WEEKDAYS.get(part[-2:], '')}".strip()


def _time(schedule: Listing, name: str) -> str:
    return str(schedule.get(name) or "")[:5]


def _when(listing: Listing) -> str:
    places = listing.get("service_at_locations") or ()
    own = [*(listing.get("schedules") or ())]
    own += [each for at in places for each in at.get("schedules") or ()]
    return "; ".join(schedule_words(each) for each in own)


def _where(listing: Listing) -> str:
    return "; ".join(_place(at["location"]) for at in listing.get("service_at_locations") or ())


def _place(location: Listing) -> str:
    address: Listing = next(iter(location.get("addresses") or ()), {})
    parts = (location.get("name"), *(address.get(part) for part in _ADDRESS))
    return ", ".join(str(part) for part in parts if part)


_ADDRESS = ("address_1", "city", "postal_code")


def _cost(listing: Listing) -> str:
    said = plain(listing.get("fees_description") or listing.get("fees"))
    if said:
        return said
    option: Listing = next(iter(listing.get("cost_options") or ()), {})
    amount = option.get("amount")
    return "" if amount is None else _("Free") if amount == 0 else f"£{amount:.2f}"


def _contact(listing: Listing) -> str:
    phones = [
        each.get("number")
        for who in listing.get("contacts") or ()
        for each in who.get("phones") or ()
    ]
    found = (*phones, listing.get("email"), listing.get("url"))
    return ", ".join(str(each) for each in found if each)


def _for_whom(listing: Listing, company: Mapping[str, str]) -> str:
    said = plain(listing.get("eligibility_description"))
    alone = ", ".join(_named(listing, company))
    return ". ".join(part for part in (alone, said.rstrip("."), _ages(listing)) if part)


def _ages(listing: Listing) -> str:
    low, high = listing.get("minimum_age"), listing.get("maximum_age")
    if low is None:
        return "" if high is None else _("Up to {high} years").format(high=f"{high:g}")
    if high is None:
        return _("From {low} years").format(low=f"{low:g}")
    return _("From {low} to {high} years").format(low=f"{low:g}", high=f"{high:g}")
