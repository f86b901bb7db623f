"""What is done to every record before anything is asked of it: it changes no meaning.

An empty text, a null and an empty list say nothing, so they go: Open Referral UK wants them absent.
So do the words by which databases and spreadsheets write that there is nothing.
Characters that no text may hold go too, and what HTML wrote as an entity is written as a character.
"""

import html
import re
from typing import Any

from services.providers.importing.reading.records import Said

DEEPEST = 24
"""Levels of a record; HSDS itself has seven."""

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")


_NOTHING = frozenset(["NULL", "null", "<null>", "undefined", "NaN", "nan", "#N/A", "#REF!"])
"""But no 'None', which is what people write of fees, and no 'Null', which is a name."""


class TooDeep(Exception):
    """A record is nested deeper than `DEEPEST`."""


def tidied(said: Said) -> Said:
    """A copy of a record without what says nothing.

    Raises:
        TooDeep: it is nested too deep.
    """
    found = _tidied(said, 0)
    return found if isinstance(found, dict) else {}


def _tidied(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise TooDeep
    if isinstance(value, str):
        text = _text(value)
        return None if text in _NOTHING else text or None
    if isinstance(value, dict):
        members = {}
        for name, each in value.items():
            if (kept := _tidied(each, depth + 1)) is not None:
                members[str(name)] = kept
        return members or None
    if isinstance(value, list):
        return [kept for each in value if (kept := _tidied(each, depth + 1)) is not None] or None
    return value


def storable(text: str) -> str:
    """A text without the characters that no text may hold; PostgreSQL keeps none of them."""
    return text if text.isprintable() else _NO_TEXT.sub("", text)


def _text(text: str) -> str:
    text = storable(text).strip()
    if "&" in text and "<" not in text and _ENTITY.search(text):
        text = html.unescape(text).replace("\xa0", " ").strip()
    return text
