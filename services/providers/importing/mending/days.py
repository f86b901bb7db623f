"""Days of the week as people write them, by code (RFC 5545, `byday`).

A word that is not known makes the whole unreadable: 'weekdays' is no Wednesday, and who is told of
a wrong day stands before a locked door.
"""

import re

WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FORMS = (
    "mo(?:n(?:days?)?)?",
    "tu(?:e(?:s(?:days?)?)?)?",
    "we(?:ds?|dnesdays?)?",
    "th(?:u(?:r(?:s(?:days?)?)?)?)?",
    "fr(?:i(?:days?)?)?",
    "sa(?:t(?:urdays?)?)?",
    "su(?:n(?:days?)?)?",
)
_DAYS = tuple((re.compile(form), code) for form, code in zip(_FORMS, WEEK, strict=True))
_TOKEN = re.compile(
    r"(1(?=st\b)|2(?=nd\b)|3(?=rd\b)|[45](?=th [a-z]))(?:st|nd|rd|th)"  # but 4TH is a Thursday
    r"|([+-]?[1-5])?([a-z]+)|(-)|([^\s,;/&.]+)"
)
_SEVERAL = {
    "weekday": WEEK[:5],
    "weekdays": WEEK[:5],
    "weekend": WEEK[5:],
    "weekends": WEEK[5:],
    "daily": WEEK,
    "everyday": WEEK,
}
_WHICH = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "last": "-1"}
_RANGE = frozenset(["to", "until", "till", "through", "-"])
_NOTHING = frozenset(["and", "every", "each", "on", "the"])


def days_of(text: str) -> list[str] | None:
    """The codes of days, in their order; None where it says anything else.

    Args:
        text: such as 'Mon-Fri', 'Tuesdays and Thursdays', 'first Monday', '1MO,-1FR'.
    """
    plain = text.lower().replace("–", "-").replace("every day", "daily")
    found: list[str] = []
    which: list[str] = []
    onward = False
    for ordinal, number, word, dash, other in _TOKEN.findall(plain):
        if other:
            return None
        if ordinal or (word in _WHICH and not number):
            which.append(ordinal or _WHICH[word])
        elif dash or (word in _RANGE and not number):
            onward = True
        elif word in _SEVERAL and not number:
            found += _SEVERAL[word]
        elif (day := _day(word)) is not None:
            if onward and not (found := _through(found, day)):
                return None
            if not onward:
                named = [number.lstrip("+")] if number else which or [""]
                found += [f"{each}{day}" for each in named]
            onward, which = False, []
        elif word not in _NOTHING or number:
            return None
    if onward or which or not found:
        return None
    return list(dict.fromkeys(found))


def _day(word: str) -> str | None:
    return next((code for form, code in _DAYS if form.fullmatch(word)), None)


def _through(found: list[str], day: str) -> list[str]:
    """With all days after the last one up to this; none where that is no range."""
    if not found or found[-1] not in WEEK or WEEK.index(found[-1]) >= WEEK.index(day):
        return []
    return found + list(WEEK[WEEK.index(found[-1]) + 1 : WEEK.index(day) + 1])
