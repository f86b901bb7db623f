"""The plain fields of a listing: what stands in them, and the listing with what was typed.

A listing may say more than plain fields can: several places, every second week. That stays as it
is, and the page says so.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from services.portal.cases.words import COMPANY as COMPANIES
from services.portal.keeping.said import chosen
from services.portal.prose import plain
from services.portal.staff.fields import Field, Typed
from services.portal.times import WEEKDAYS
from shared.languages import _

Json = dict[str, Any]

LONGEST = 20_000
"""Letters of a text that the directory takes."""

ABOUT = (
    Field("name", _("What is it called?"), missing=_("Type its name")),
    Field(
        "alert",
        _("Is there news?"),
        hint=_(
            "Such as: closed this week. If you change nothing else, people can read it at once."
        ),
    ),
    Field("description", _("What is it?"), "words", letters=LONGEST),
)
WEEKLY = (
    Field("byday", _("On which days each week?"), "checkboxes", WEEKDAYS),
    Field("opens_at", _("When does it begin?"), hint=_("For example, 10:30")),
    Field("closes_at", _("When does it end?"), hint=_("For example, 12:00")),
)
WHEN = Field("when", _("What else about when?"), hint=_("For example, not in August"))
PLACE = Field("place", _("What is the place called?"), hint=_("For example, the church hall"))
ADDRESS = (
    Field("address_1", _("Street and number"), missing=_("Type the street")),
    Field("city", _("Town or village"), missing=_("Type the town or village")),
    Field("postal_code", _("Postcode"), missing=_("Type the postcode")),
)
COST = Field("fees", _("What does it cost, in words?"), hint=_("For example, £2 with tea; or free"))
AMOUNT = Field(
    "amount", _("How many pounds is that each time?"), hint=_("For example, 2.50. Free is 0")
)
ACCESS = Field("access", _("What is there?"), "checkboxes")
PHONE = Field("number", _("Telephone number"))
REACHED = (
    Field("email", _("E-mail address for anyone to use")),
    Field("url", _("Web page"), hint=_("For example, www.clay.example")),
)
COMPANY = Field(
    "company",
    _("Is it for some people only?"),
    "checkboxes",
    hint=_(
        "A group may be for women only or for men only where there is a good reason. If you do not"
        " choose, it does not say."
    ),
)
FOR_WHOM = (
    Field("eligibility_description", _("Who is it for?"), "words", letters=LONGEST),
    Field("minimum_age", _("From which age?"), "number", hint=_("Empty if any age"), most=150),
    Field("maximum_age", _("Up to which age?"), "number", hint=_("Empty if any age"), most=150),
)

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?::00)?")
_DIGIT = re.compile(r"\d")
LEAST_DIGITS = 3
"""Of a telephone number; what has none, such as "ring me", helps nobody to ring."""
OVER_MIDNIGHT = 12 * 60
"""Minutes that something may go on which ends earlier by the clock than it begins."""
_POUNDS = re.compile(r"£?\s*(\d{1,6}(?:\.\d{1,2})?)")


Terms = Mapping[str, Mapping[str, str]]
"""Terms as people read them, by taxonomy and id."""

CHOSEN = ("access", "company")
"""The taxonomies of which a listing's form asks."""


def named(term: Json) -> str:
    """A term as people read it: whom a group is for, as other pages call it."""
    return COMPANIES.get(term["code"], str(term["name"]))


def fields_of(listing: Json, terms: Terms) -> dict[str, list[Field]]:
    """The fields that fit a listing, under the headings of the page.

    Args:
        listing: what it says.
        terms: of access, and of whom it is for.
    """
    where = [PLACE, *(ADDRESS if _address(listing) else ())] if _location(listing) else []
    cost = [COST, *([AMOUNT] if len(listing.get("cost_options") or ()) <= 1 else [])]
    return {
        _("What"): list(ABOUT),
        _("When"): [*(WEEKLY if is_weekly(listing) else ()), WHEN]
        if len(listing.get("schedules") or ()) <= 1
        else [],
        _("Where"): where,
        _("Cost"): cost,
        _("Access"): [replace(ACCESS, options=terms["access"])],
        _("Contact"): [*([PHONE] if len(_phones(listing)) <= 1 else ()), *REACHED],
        _("Who it is for"): [
            *([replace(COMPANY, options=terms["company"])] if terms["company"] else ()),
            *FOR_WHOM,
        ],
    }


def is_weekly(listing: Json) -> bool:
    """Whether one rule of days and times, each week, says when it is."""
    several = listing.get("schedules") or [{}]
    rule = several[0]
    at_places = any(each.get("schedules") for each in listing.get("service_at_locations") or ())
    return (
        len(several) == 1
        and not at_places
        and rule.get("freq") in (None, "WEEKLY")
        and (rule.get("interval") or 1) == 1
        and not re.search(r"\d", rule.get("byday") or "")
    )


def typed_of(listing: Json) -> Typed:
    """What stands in the fields."""
    rule: Json = next(iter(listing.get("schedules") or ()), {})
    location, address = _location(listing) or {}, _address(listing) or {}
    option: Json = next(iter(listing.get("cost_options") or ()), {})
    said = {
        "when": plain(rule.get("description")),
        "place": location.get("name"),
        "fees": plain(listing.get(_fees(listing))),
        "amount": _pounds(option.get("amount")),
        "number": next(iter(_phones(listing)), {}).get("number"),
        **{name: str(rule.get(name) or "")[:5] for name in ("opens_at", "closes_at")},
        **{name: address.get(name) for name in ("address_1", "city", "postal_code")},
        **{name: listing.get(name) for name in ("name", "email", "url")},
        **{name: plain(listing.get(name)) for name in _PROSE},
        **{name: _number(listing.get(name)) for name in ("minimum_age", "maximum_age")},
    }
    days = [part.strip() for part in (rule.get("byday") or "").split(",")]
    lists = {"byday": [day for day in WEEKDAYS if day in days]}
    lists |= {name: chosen(listing) for name in CHOSEN}
    return {name: value or "" for name, value in said.items()} | lists


_PROSE = ("description", "alert", "eligibility_description")


ONE_OF = ("women", "men", "mixed")
"""Of these a group is one: a group for women and for men is for both."""


def faults_of(typed: Typed, terms: Terms) -> dict[str, str]:
    """What is wrong with what was typed, beside what `typed_into` finds.

    Args:
        typed: by field.
        terms: of access, and of whom it is for.
    """
    faults: dict[str, str] = {}
    apart = {COMPANIES[code] for code in ONE_OF}
    if sum(terms["company"].get(key) in apart for key in typed.get("company") or ()) > 1:
        faults["company"] = _("Choose one: women only, men only, or women and men")
    for name in ("opens_at", "closes_at"):
        if typed.get(name) and not _TIME.fullmatch(typed[name]):
            faults[name] = _("Type a time with hours and minutes, such as 10:30")
    if "closes_at" not in faults and _too_long(typed.get("opens_at"), typed.get("closes_at")):
        faults["closes_at"] = _("It ends before it begins. Check both times")
    if typed.get("number") and len(_DIGIT.findall(typed["number"])) < LEAST_DIGITS:
        faults["number"] = _("Type the number in digits, such as 01632 960417")
    if typed.get("amount") and not _POUNDS.fullmatch(typed["amount"]):
        faults["amount"] = _("Type the pounds in numbers, such as 2.50")
    low, high = typed.get("minimum_age"), typed.get("maximum_age")
    # What has more digits is told by `typed_into`, and too large a number to be read.
    if low and high and low.isdecimal() and high.isdecimal() and int(high[:6]) < int(low[:6]):
        faults["maximum_age"] = _("This age is below the other one. Check both")
    return faults


def _too_long(opens: str | None, closes: str | None) -> bool:
    """Whether two times are the wrong way round; a night's meeting is not."""
    first, last = _TIME.fullmatch(opens or ""), _TIME.fullmatch(closes or "")
    if first is None or last is None:
        return False
    minutes = [int(each[1]) * 60 + int(each[2]) for each in (first, last)]
    lasts = minutes[1] - minutes[0]
    return lasts <= 0 and lasts + 24 * 60 > OVER_MIDNIGHT


def _whole(url: str) -> str:
    """A web address as people type it, with its beginning."""
    return url if not url or "://" in url else f"https://{url}"


def written(listing: Json, typed: Typed, terms: Terms) -> Json:
    """The listing with what was typed; a field that is not on the page changes nothing.

    Args:
        listing: what it says.
        typed: by field.
        terms: of access, and of whom it is for; other terms stay.
    """
    new = deepcopy(listing)
    new.pop("kersey", None)  # the directory keeps what is not said of it
    stood = typed_of(listing)

    def changed(name: str) -> bool:
        return name in typed and typed[name] != stood[name]

    for name in ("name", "email", *_PROSE):
        if changed(name):
            new[name] = typed[name] or None
    if changed("url"):
        new["url"] = _whole(typed["url"]) or None
    for name in ("minimum_age", "maximum_age"):
        if changed(name):
            new[name] = int(typed[name]) if typed[name] else None
    if changed("fees"):
        new[_fees(listing)] = typed["fees"] or None
    _write_cost(new, typed, changed("amount"))
    _write_times(new, typed, [name for name in ("byday", "opens_at", "closes_at") if changed(name)])
    if changed("when"):
        _rule(new)["description"] = typed["when"] or None
    _write_place(new, typed, [name for name in ("place", *_LINES) if changed(name)])
    if changed("number"):
        _write_phone(new, typed["number"])
    for name in CHOSEN:
        if name in typed:
            _write_terms(new, name, set(typed[name]) & terms[name].keys(), set(terms[name]))
    return new


def is_news(listing: Json, new: Json) -> bool:
    """Whether the news alone is different."""
    apart = {"alert": None, "kersey": None}
    return listing.get("alert") != new.get("alert") and {**listing, **apart} == {**new, **apart}


def with_news(listing: Json, new: Json) -> Json:
    """A listing with the news of another."""
    return {name: each for name, each in listing.items() if name != "kersey"} | {
        "alert": new.get("alert")
    }


_LINES = ("address_1", "city", "postal_code")


def moved(listing: Json, new: Json) -> str | None:
    """The postcode to which a place has moved; None where it stays where it was."""
    before, after = _address(listing), _address(new)
    if after is None or before is None or before["postal_code"] == after["postal_code"]:
        return None
    return str(after["postal_code"])


def put_at(new: Json, point: Mapping[str, Any] | None) -> None:
    """Say where the place lies now; with no point nothing is said rather than what was."""
    location = _location(new)
    assert location is not None
    for name in ("latitude", "longitude"):
        location[name] = (point or {}).get(name)


def _write_cost(new: Json, typed: Typed, changed: bool) -> None:
    if not changed:
        return
    found = _POUNDS.fullmatch(typed["amount"])
    options = new.get("cost_options") or [{"option": _("A session"), "currency": "GBP"}]
    new["cost_options"] = [options[0] | {"amount": float(found[1])}] if found else []


def _write_times(new: Json, typed: Typed, changed: list[str]) -> None:
    if not changed:
        return
    rule = _rule(new)
    rule["byday"] = ",".join(typed["byday"]) or None
    rule["freq"] = "WEEKLY" if typed["byday"] else None
    for name in ("opens_at", "closes_at"):
        found = _TIME.fullmatch(typed[name])
        rule[name] = f"{int(found[1]):02}:{found[2]}" if found else None


def _rule(new: Json) -> Json:
    if not new.get("schedules"):
        new["schedules"] = [{}]
    rule: Json = new["schedules"][0]
    return rule


def _write_place(new: Json, typed: Typed, changed: list[str]) -> None:
    location, address = _location(new), _address(new)
    for name in changed:
        if name == "place" and location is not None:
            location["name"] = typed["place"] or None
        elif address is not None:
            address[name] = typed[name]


def _write_phone(new: Json, number: str) -> None:
    contacts = new.get("contacts") or [{}]
    first = next((each for each in contacts if each.get("phones")), contacts[0])
    known: Json = next(iter(first.get("phones") or ()), {})
    first["phones"] = [known | {"number": number}] if number else []
    new["contacts"] = contacts


def _write_terms(new: Json, taxonomy: str, wanted: set[str], terms: set[str]) -> None:
    """Say yes to what is wanted and nothing of the rest, but for what was known to be missing.

    What is there is said of the place, if that is one; whom it is for, of the service.
    """
    there = set(chosen(new)) & terms
    places = [each["location"] for each in new.get("service_at_locations") or ()]
    for holder in (new, *places):
        holder["attributes"] = [
            each
            for each in holder.get("attributes") or ()
            if str(each["taxonomy_term_id"]) not in terms
            or (each.get("value") == "no" and str(each["taxonomy_term_id"]) not in wanted)
            or (each.get("value") != "no" and str(each["taxonomy_term_id"]) in wanted)
        ]
    more = [{"taxonomy_term_id": term, "link_type": taxonomy} for term in sorted(wanted - there)]
    (places[0] if taxonomy == "access" and len(places) == 1 else new)["attributes"] += more


def _location(listing: Json) -> Json | None:
    places: list[Json] = listing.get("service_at_locations") or []
    return places[0]["location"] if len(places) == 1 else None


def _address(listing: Json) -> Json | None:
    addresses: list[Json] = (_location(listing) or {}).get("addresses") or []
    return addresses[0] if len(addresses) == 1 else None


def _phones(listing: Json) -> list[Json]:
    return [each for who in listing.get("contacts") or () for each in who.get("phones") or ()]


def _fees(listing: Json) -> str:
    """The member in which a listing says what it costs: HSDS 3 has two, one of them for old."""
    old = listing.get("fees") and not listing.get("fees_description")
    return "fees" if old else "fees_description"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:g}"


def _pounds(amount: Any) -> str:
    return "" if amount is None else f"{amount:.2f}".removesuffix(".00")
