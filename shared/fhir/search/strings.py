"""The strings of a resource, and the way to its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_HUMAN_NAME = ("text", "family", "given", "prefix", "suffix")
_ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


def strings(value: Any, datatype: str) -> Iterator[str]:
    """The strings of one element's value; a name or address is searched by any of its parts."""
    if isinstance(value, str):
        if value.strip():
            yield value
        return
    if not isinstance(value, dict):
        return
    if datatype == "HumanName":
        yield from _parts(value, _HUMAN_NAME)
        whole = [*_parts(value, ("given",)), *_parts(value, ("family",))]
        if len(whole) > 1:
            yield " ".join(whole)
    elif datatype == "Address":
        yield from _parts(value, _ADDRESS)
    else:
        yield from _parts(value, ("text",))


def _parts(value: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        part = value.get(name)
        for text in part if isinstance(part, list) else (part,):
            if isinstance(text, str) and text.strip():
                yield text
