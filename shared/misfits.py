"""What a value should have been, in plain words: for whoever sent it and does not know pydantic.

The library's own messages speak of inputs, tuples and patterns, and that of an id repeats what was
sent, which may hold personal data.
"""

import re
from collections.abc import Mapping
from typing import Any

_BELONGS = {
    "string": "Give a text.",
    "int": "Give a whole number, such as 4.",
    "float": "Give a number, such as 4 or 2.5.",
    "decimal": "Give a number, such as 4 or 2.5.",
    "finite": "Give a number, such as 4 or 2.5.",
    "bool": "Give true or false.",
    "date": "Give a day, such as 2027-01-31.",
    "datetime": "Give a day and a time with its time zone, such as 2027-01-31T09:30:00Z "
    "(in an address + is written %2B).",
    "time": "Give a time of day, such as 09:30.",
    "uuid": "Give an id as the lists have it (a UUID), "
    "such as 51fafa5e-9e0a-539a-8cbf-98f157dcd492.",
    "tuple": "Give a list, even of one: [...].",
    "list": "Give a list, even of one: [...].",
    "set": "Give a list, even of one: [...].",
    "model": "Give a JSON object: {...}; as a whole body, with Content-Type: application/json.",
    "dict": "Give a JSON object: {...}; as a whole body, with Content-Type: application/json.",
}
"""What an error of a type misses, by the beginning of its name."""

_MISSES = re.compile(
    r"([a-z]+)(?:_attributes)?_(?:type|parsing|from_date_parsing|number|inexact)|"
    r"([a-z]+)_from_[a-z_]+"
)

_LIMITS = {
    "greater_than_equal": "Give {ge} or more.",
    "greater_than": "Give more than {gt}.",
    "less_than_equal": "Give {le} or less.",
    "less_than": "Give less than {lt}.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length} of them.",
    "too_long": "Give at most {max_length} of them.",
}

_ALTERNATIVES = re.compile(r"\^\(([a-z0-9-]+(?:\|[a-z0-9-]+)*)\)\$")

_FORMS: dict[str, str] = {r"^[^\x00]+$": "Give words, without the character NUL."}


def form(pattern: str, words: str) -> str:
    """The pattern, whose refusals say `words` from now on.

    Args:
        pattern: a regular expression, for a field's `pattern`.
        words: how that is written, with an example, as a sentence.
    """
    _FORMS[pattern] = words
    return pattern


def in_words(error: Mapping[str, Any]) -> str:
    """What to give instead, of one of `ValidationError.errors()`; never what was given."""
    kind, ctx = error["type"], error.get("ctx") or {}
    if kind == "missing":
        return "This is missing: give it."
    if kind == "extra_forbidden":
        return "Nothing of this name belongs here: leave it out, or see openapi.json for the names."
    if kind in ("literal_error", "enum"):
        return f"Give one of: {ctx['expected'].replace(' or ', ', ').replace(chr(39), '')}."
    if kind == "string_pattern_mismatch":
        return _written(ctx["pattern"])
    if kind in _LIMITS:
        return _LIMITS[kind].format(**{name: _as_written(value) for name, value in ctx.items()})
    misses = _MISSES.fullmatch(kind)
    if misses and (words := _BELONGS.get(misses[1] or misses[2])):
        return words
    return str(error["msg"]).removeprefix("Value error, ")


def _as_written(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(pattern: str) -> str:
    if words := _FORMS.get(pattern):
        return words
    if alternatives := _ALTERNATIVES.fullmatch(pattern):
        return f"Give one of: {', '.join(alternatives[1].split('|'))}."
    return "It is not written as it has to be: see its pattern in openapi.json."
