"""Fields of a form: what they ask, and what was typed into them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.typed import EARLIEST_YEAR, Mistyped, any_day_of, too_long, unwrapped, visible
from shared.languages import _

Kind = Literal["radios", "select", "checkboxes", "line", "words", "number", "day"]

MOST = {"line": 200, "words": 2000}
"""Letters that the services take."""

_OF_A_PROGRAM = re.compile("(String|Input|List|Field|Value|Extra) ")
"""How a service says by itself that a field does not fit, which tells a person nothing."""


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: in the form, and in the answer of a service that finds it wrong.
        label: what it asks.
        kind: how it is asked.
        options: what can be chosen, by code.
        hint: more words under the label.
        missing: what is said when nothing was typed; empty where nothing need be.
        most: the largest number.
        least: the smallest.
        letters: at most so many; by default what the services take of such a field.
        earliest: the first year of which a day may be.
    """

    name: str
    label: str
    kind: Kind = "line"
    options: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    missing: str = ""
    most: int = 600
    least: int = 0
    letters: int = 0
    earliest: int = EARLIEST_YEAR

    def choosing(self, options: Mapping[str, str]) -> "Field":
        """The same with other options."""
        return replace(self, options=options)


Typed = dict[str, Any]
"""What was typed, by field: a text, a list of codes for checkboxes, or the three parts of a day."""

PARTS = ("day", "month", "year")


def day_in(typed: Mapping[str, Any], name: str) -> str | None:
    """The day in a field that was found right, as an API takes it; None where none was typed."""
    parts = typed[name]
    return any_day_of(parts, earliest=1).isoformat() if parts else None


def as_typed(day: str | None) -> dict[str, str]:
    """A day of an API as somebody would have typed it; empty for none."""
    when = date.fromisoformat(day) if day else None
    return {part: str(getattr(when, part)) for part in PARTS} if when else {}


def typed_into(form: FormData, fields: Iterable[Field]) -> tuple[Typed, dict[str, str]]:
    """What was typed, and what is wrong with it by field."""
    typed: Typed = {}
    faults: dict[str, str] = {}
    for each in fields:
        if each.kind == "checkboxes":
            given = [value for value in form.getlist(each.name) if isinstance(value, str)]
            typed[each.name] = [value for value in given if value in each.options]
        elif each.kind == "day":
            parts = {part: str(form.get(f"{each.name}-{part}") or "").strip() for part in PARTS}
            typed[each.name] = parts if any(parts.values()) else {}
        else:
            value = form.get(each.name)
            typed[each.name] = unwrapped(value) if isinstance(value, str) else ""
        fault = _fault(each, typed[each.name])
        if fault:
            faults[each.name] = fault
            if isinstance(typed[each.name], str):
                typed[each.name] = visible(typed[each.name])
    return typed, faults


def _fault(asked: Field, value: Any) -> str:
    if not value:
        return asked.missing
    if asked.kind in ("radios", "select") and value not in asked.options:
        return asked.missing or _("Choose one of these")
    # More digits than six would be too large a number, were they not all noughts.
    if asked.kind == "number" and not (
        value.isdecimal() and len(value) <= 6 and asked.least <= int(value) <= asked.most
    ):
        return _("Type a whole number from {least} to {most}").format(
            least=asked.least, most=asked.most
        )
    if asked.kind == "day":
        try:
            any_day_of(value, earliest=asked.earliest)
        except Mistyped as mistyped:
            return str(mistyped)
    most = asked.letters or MOST.get(asked.kind)
    if most and len(value) > most:
        return too_long(len(value), most)
    if isinstance(value, str) and visible(value) != value:
        return _(
            "There was a character that cannot be seen, perhaps from copying. We took it out."
            " Check what you typed and send it again"
        )
    return ""


def key_of(form: FormData, said: Mapping[str, Any]) -> str:
    """A key for what a form says: the same when it is sent again because no answer came, another
    on another page or for other words.

    Args:
        form: as it was sent; its page has a `sheet` of its own.
        said: what is handed on of it.
    """
    words = json.dumps(said, sort_keys=True, default=str)
    return uuid5(NAMESPACE_URL, f"{form.get('sheet')}/{words}").hex


def at_its_field(refusal: Refusal, fields: Iterable[Field]) -> dict[str, str]:
    """What a service finds wrong, at the field it is about, or at the first one.

    Raises:
        Refusal: it is not about what was typed.
    """
    if (
        refusal.moved_on
        or refusal.status not in (409, 422)
        or not (refusal.detail or refusal.title)
    ):
        raise refusal
    words = (refusal.detail or refusal.title).rstrip(".")
    parts = refusal.element.replace("[", ".").split(".")
    asked = list(fields)
    named = [each for each in asked if each.name in parts] or asked[:1]
    if _OF_A_PROGRAM.match(words):
        hint = named[0].hint if named else ""
        words = f"{_('Check what you typed here.')} {hint}".strip()
    return {named[0].name if named else "": words}
