"""What a patch took everything out of goes with it: R4 has no empty lists and objects (json.html).

Who removes the last telephone number of a Patient has no other way to say it, least of all by an
operation that names that number alone.
"""

from __future__ import annotations

from typing import Any


def without_the_emptied(value: Any, *, beside: bool = False) -> Any:
    """A resource as a patch left it, without lists and objects that hold nothing.

    Args:
        value: the resource, or a part of it; it may be changed.
        beside: whether this stands beside a list of primitives (``_given``), where null holds the
            place of what is not there.
    """
    if isinstance(value, dict):
        kept = {
            name: without_the_emptied(each, beside=name.startswith("_"))
            for name, each in value.items()
        }
        return {name: each for name, each in kept.items() if not _holds_nothing(each)}
    if isinstance(value, list):
        items = [without_the_emptied(each) for each in value]
        if beside:
            return [None if _holds_nothing(each) else each for each in items]
        return [each for each in items if not _holds_nothing(each)]
    return value


def _holds_nothing(value: Any) -> bool:
    return isinstance(value, dict | list) and not value
