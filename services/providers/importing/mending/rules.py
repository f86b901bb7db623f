"""The repairs: everything that an import may change of what a source said, rule by rule.

A rule is asked where a value does not fit the shape of a listing (`hsds`). It mends the value in
its entity and says so, or it does not know how. What no rule mends is left out if a listing can do
without it, and the record is refused if it cannot. Nothing is guessed that somebody might rely on:
an age or a time that cannot be read is absent, and so `ask`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.providers.importing.mending.days import WEEK, days_of
from services.providers.importing.mending.tidying import storable
from services.providers.importing.reading.records import Said

_HERE = ZoneInfo("Europe/London")
"""Where a day is that a source gave in milliseconds: its midnight in summer is 23:00 in UTC."""
_EMAIL = re.compile(r"[^\s\x00@<>,;:()\"]+@[^\s\x00@<>,;:()\"]+\.[A-Za-z]{2,}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}(?:[/?#:].*)?$")
_AMOUNT = re.compile(
    r"£?\s*(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)\s*"
    r"(?:gbp|pounds?|years?(?: old)?|yrs?|\+)?$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(\d{1,2})(?:[:.]?(\d{2}))?(?:[:.]\d{2}(?:\.\d+)?)?\s*(am|pm|z)?$", re.IGNORECASE
)
_FROM_TO = re.compile(r"\s*(?:-|–|to|until)\s*", re.IGNORECASE)
_NOON = frozenset(["noon", "midday", "12 noon", "12noon"])
_FREE = re.compile(r"(?:free|no (?:charge|cost|fee)|nil)(?: of charge)?[.!]?$", re.IGNORECASE)
_PRICE = re.compile(
    r"£\s*(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?)(?![\d.,]*\d)([^£\d]*)$"
)
"""A price and what it is for, such as '£3.50 per session': one number, so that no range is one."""
_DATES = (
    (10, "%Y-%m-%d"),
    (10, "%d/%m/%Y"),
    (10, "%d-%m-%Y"),
    (10, "%d.%m.%Y"),
    (10, "%Y/%m/%d"),
    (8, "%d/%m/%y"),
    (8, "%Y%m%d"),
    (30, "%d %B %Y"),
    (30, "%d %b %Y"),
    (30, "%B %d, %Y"),
    (30, "%b %d, %Y"),
    (16, "%a, %d %b %Y"),
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_MILLISECONDS = re.compile(r"/Date\((-?\d{11,14})(?:[+-]\d{4})?\)/$")
"""As older programs of Microsoft write an instant into JSON."""
_STATUSES = {
    "open": "active",
    "live": "active",
    "published": "active",
    "closed": "defunct",
    "deleted": "defunct",
    "archived": "defunct",
    "expired": "defunct",
    "marked for deletion": "defunct",
    "pending": "inactive",
    "invisible": "inactive",
    "scheduled": "inactive",
    "draft": "inactive",
    "unpublished": "inactive",
    "temporarily_closed": "temporarily closed",
    "temporarily-closed": "temporarily closed",
    "suspended": "temporarily closed",
}
_FREQUENCIES = {"WEEK": "WEEKLY", "MONTH": "MONTHLY", "DAY": "DAILY"}
_EACH = {
    "FORTNIGHTLY": ("WEEKLY", 2),
    "FORTNIGHT": ("WEEKLY", 2),
    "QUARTERLY": ("MONTHLY", 3),
}
"""What is said by a word, and by RFC 5545 with an interval."""


@dataclass(frozen=True)
class Fault:
    """A value that does not fit.

    Attributes:
        kind: pydantic's name of the error.
        limit: the number that it goes beyond, if it does.
    """

    kind: str
    limit: int | None = None


@dataclass(frozen=True)
class Rule:
    """One declared repair.

    Attributes:
        code: its name in reports.
        words: what it does.
        elements: the members that it is for; empty for all.
        mend: changes the member in its entity; False where it does not know how.
    """

    code: str
    words: str
    elements: frozenset[str]
    mend: Callable[[Said, str, Fault], bool]


def _text(said: Said, name: str, fault: Fault) -> bool:
    if fault.kind != "string_type" or isinstance(said[name], bool | dict | list):
        return False
    said[name] = str(said[name])
    return True


def _cut(said: Said, name: str, fault: Fault) -> bool:
    if fault.limit is None:
        return False
    if fault.kind == "string_too_long":
        said[name] = said[name][: fault.limit - 1].rstrip() + "…"
    elif fault.kind == "too_long" and isinstance(said[name], list):
        said[name] = said[name][: fault.limit]
    else:
        return False
    return True


def _scheme(said: Said, name: str, fault: Fault) -> bool:
    text = said.get(name)
    if not isinstance(text, str):
        return False
    bare = text.strip().replace(" ", "%20")
    if bare.lower().startswith(("http://", "https://")):
        mended = bare
    elif _HOST.match(bare):
        mended = f"https://{bare}"
    else:
        return False
    said[name] = mended
    return bool(mended != text)


def _address(said: Said, name: str, fault: Fault) -> bool:
    found = _EMAIL.search(said[name]) if isinstance(said.get(name), str) else None
    if found is None or found[0] == said[name]:
        return False
    said[name] = found[0]
    return True


def _number(said: Said, name: str, fault: Fault) -> bool:
    found = _AMOUNT.match(said[name].strip()) if isinstance(said.get(name), str) else None
    if found is None or "parsing" not in fault.kind:
        return False
    said[name] = float(found[1].replace(",", ""))
    return True


def _date(said: Said, name: str, fault: Fault) -> bool:
    text = said.get(name)
    if isinstance(text, str) and (found := _MILLISECONDS.match(text)):
        text = int(found[1])
    if isinstance(text, int | float) and not isinstance(text, bool):
        if 1e11 < abs(text) < 1e14:
            said[name] = datetime.fromtimestamp(text / 1000, _HERE).date().isoformat()
            return True
        text = str(text)
    if not isinstance(text, str):
        return False
    plain = _ORDINAL.sub("", text)
    for length, form in _DATES:
        try:
            day = datetime.strptime(plain[:length].strip(), form)  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        said[name] = day.date().isoformat()
        return bool(said[name] != text)
    return False


def _amount(said: Said, name: str, fault: Fault) -> bool:
    """What no number is stays in words, beside the option that it belongs to."""
    text = said.get(name)
    if not isinstance(text, str):
        return False
    text = text.strip()
    price = _PRICE.match(text)
    if _FREE.match(text):
        said[name] = 0
        return True
    if price is not None:
        said[name] = float(price[1].replace(",", ""))
    else:
        del said[name]
    said.setdefault("amount_description", text)
    return True


def _clock(said: Said, name: str, fault: Fault) -> bool:
    text = said.get(name)
    if not isinstance(text, str):
        return False
    mended = _time_of(text)
    parts = _FROM_TO.split(text.strip())
    if mended is None and name == "opens_at" and len(parts) == 2 and "closes_at" not in said:
        opens, closes = map(_time_of, parts)
        if opens is None or closes is None:
            return False
        said |= {"opens_at": opens, "closes_at": closes}
        return True
    if mended is None:
        return False
    said[name] = mended
    return bool(mended != text)


def _time_of(text: str) -> str | None:
    plain = text.rpartition("T")[2].strip()
    plain = re.sub(r"([ap])\.\s?m\b\.?", r"\1m", plain, flags=re.IGNORECASE)
    if plain.lower() in _NOON:
        return "12:00"
    found = _TIME.match(plain)
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif found[2] is None or len(plain) == 3:
        return None
    return f"{hour:02}:{minute:02}" if hour <= 23 and minute <= 59 else None


def _days(said: Said, name: str, fault: Fault) -> bool:
    value = said.get(name)
    found = days_of(",".join(map(str, value)) if isinstance(value, list) else str(value))
    if found is None:
        return False
    said[name] = ",".join(found)
    if not all(each in WEEK for each in found):
        said.setdefault("freq", "MONTHLY")  # the first Monday is one of a month
    return bool(said[name] != value)


def _frequency(said: Said, name: str, fault: Fault) -> bool:
    word = str(said.get(name)).strip().upper()
    word = _FREQUENCIES.get(word, word)
    if word == "DAILY":
        said[name] = "WEEKLY"
        said.setdefault("byday", ",".join(WEEK))
        return True
    if word in _EACH and said.get("interval") in (None, 1, "1", _EACH[word][1]):
        said[name], said["interval"] = _EACH[word]
        return True
    if word == said.get(name) or word not in ("WEEKLY", "MONTHLY"):
        return False
    said[name] = word
    return True


def _status(said: Said, name: str, fault: Fault) -> bool:
    word = str(said.get(name)).strip().lower()
    mended = _STATUSES.get(word, word)
    if mended == said.get(name):
        return False
    said[name] = mended
    return True


def _language(said: Said, name: str, fault: Fault) -> bool:
    said.setdefault("name", str(said[name]))
    del said[name]
    return True


def _country(said: Said, name: str, fault: Fault) -> bool:
    del said[name]
    return True


def _pounds(said: Said, name: str, fault: Fault) -> bool:
    if said.get(name) not in ("£", "GB£", "pounds", "Pounds"):
        return False
    said[name] = "GBP"
    return True


def _lower(said: Said, name: str, fault: Fault) -> bool:
    word = said.get(name)
    if not isinstance(word, str) or word == word.lower():
        return False
    said[name] = word.lower()
    return True


def _from(*others: str) -> Callable[[Said, str, Fault], bool]:
    def fill(said: Said, name: str, fault: Fault) -> bool:
        found = next((said[other] for other in others if isinstance(said.get(other), str)), None)
        if fault.kind != "missing" or found is None:
            return False
        said[name] = found
        return True

    return fill


def _for(names: str) -> frozenset[str]:
    return frozenset(names.split())


RULES = (
    Rule("text", "a number where a text belongs is written as text", frozenset(), _text),
    Rule(
        "web-address",
        "an address without its scheme gets https://, a space in it becomes %20",
        _for("url website logo uri schedule_link term_uri"),
        _scheme,
    ),
    Rule(
        "e-mail-address",
        "the first e-mail address in the text is taken",
        _for("email assurer_email"),
        _address,
    ),
    Rule(
        "number",
        "a number with its unit ('£1,200.50', '18+', '16 years') is that number",
        _for("minimum_age maximum_age amount latitude longitude interval year_incorporated"),
        _number,
    ),
    Rule(
        "date",
        "an instant, in milliseconds too, is its day; a date with the day first or the month in"
        " words is read so",
        _for("valid_from valid_to dtstart assured_date"),
        _date,
    ),
    Rule(
        "amount",
        "'Free' is 0; of '£3 a session' 3 is the amount; words are its description",
        _for("amount"),
        _amount,
    ),
    Rule(
        "time",
        "'9am', '9.30 pm', '0900', 'noon' and an instant are times; '9am to 5pm' is from and to",
        _for("opens_at closes_at"),
        _clock,
    ),
    Rule(
        "days",
        "days by name ('Mon-Fri', 'weekdays', 'first Monday') are written by code (RFC 5545)",
        _for("byday"),
        _days,
    ),
    Rule(
        "frequency",
        "'week' is WEEKLY; every day is WEEKLY on seven days; fortnightly is every second week",
        _for("freq"),
        _frequency,
    ),
    Rule("status", "'Open' is active, 'closed', 'archived', 'expired' are defunct, 'draft',"
         " 'pending' are inactive, 'suspended' is temporarily closed",
         _for("status"), _status),
    Rule("language", "what is no code of a language is its name", _for("code"), _language),
    Rule("country", "a country that is no two-letter code is GB", _for("country"), _country),
    Rule("currency", "'£' is GBP", _for("currency"), _pounds),
    Rule("lower-case", "a code in capitals is written small",
         _for("location_type address_type"), _lower),
    Rule(
        "description-from-name",
        "an organisation without a description is described by its name",
        _for("description"),
        _from("name"),
    ),
    Rule(
        "first-line-from-name",
        "an address without its first line has what stands for it",
        _for("address_1"),
        _from("attention", "city", "region"),
    ),
    Rule("town-from-region", "an address without a town has its region's name",
         _for("city"), _from("region", "state_province", "address_1")),
    Rule("county-from-town", "an address without a county has its town's name",
         _for("state_province"), _from("region", "city")),
    Rule("kind-from-register", "an identifier without a kind has its register's name",
         _for("identifier_type"), _from("identifier_scheme")),
    Rule(
        "cut",
        "a text that is too long ends with an ellipsis, a list of terms that is ends sooner",
        frozenset(),
        _cut,
    ),
)  # fmt: skip
"""In the order in which they are asked."""

TOGETHER: Mapping[str, tuple[str, ...]] = {
    "service": ("minimum_age", "maximum_age"),
    "schedule": ("valid_from", "valid_to"),
    "location": ("latitude", "longitude"),
}
"""Members that contradict each other, or make sense only together: then none of them is taken."""

LEFT_OUT = "left-out"
APART = "contradiction"
MARKUP = "markup"
ALONE = "one-for-list"
DECLARED: Mapping[str, str] = {rule.code: rule.words for rule in RULES} | {
    LEFT_OUT: "what no other rule mends, and what a listing can do without, is absent; an entity"
    " that lacks what it needs goes as a whole",
    APART: "ages, dates or coordinates that contradict each other are absent",
    ALONE: "one entity where a list belongs is a list of one",
    MARKUP: "HTML beyond simple paragraphs, lists, emphasis and links is removed",
    "point": "latitude and longitude that were swapped are put right; 0,0 is no place",
    "unknown-term": "a link to a term that nobody described is left out",
    "unknown-parent": "an organisation is listed without a parent that is not there, or that would"
    " make it its own ancestor",
    "one-place": "a place that stands in the service itself, in a list of one or as its name alone"
    " is put where a place belongs",
    "postcode-from-lines": "an address without a postcode has the one that stands in its lines",
    "address-in-words": "an address without any postcode, which HSDS does not know, stands in the"
    " words about its place",
    "rule-in-one": "a rule that is written in one ('FREQ=WEEKLY;BYDAY=MO') is told in its parts",
    "interval": "'2 weeks', 'every second week' are a number; where an interval cannot be read, how"
    " often is absent with it",
    "last-time": "'count', how many times it is, becomes the day of the last time",
    "not-weekly": "what is once has that day alone, what is once a year has no day of the week",
    "month-days": "days of a month ('1st, 15th', a list) are written as numbers",
    "for-whom": "a service of which nothing is said but that it is for women ('female'), for men or"
    " for both gets that term",
    "charset": "a file that is no UTF-8 is read as windows-1252",
    "kept-here": "what was changed here, or was said by somebody else first, is not overwritten",
}
"""Every repair by its code, in words: what guides and reports say."""


def age_of(value: Any) -> float | None:
    """An age, also one that was written with its unit ('18+', '16 years'); None for all else."""
    if isinstance(value, str) and (found := _AMOUNT.match(value.strip())):
        value = found[1].replace(",", "")
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def any_of(value: Any) -> str:
    """A value fit to be told: short, in one line."""
    text = " ".join(storable(str(value)).split())
    return text if len(text) <= 60 else text[:59] + "…"
