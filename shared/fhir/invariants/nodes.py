"""Looking into JSON that may be anything: what the checks of rules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

Node = Mapping[str, Any]


def objects(node: Node, name: str) -> Iterator[tuple[str, Node]]:
    """(place, object) of each object in the list ``name`` of ``node``; whatever else it is."""
    value = node.get(name)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f".{name}[{index}]", cast("Node", item)


def has(node: Node, start: str) -> bool:
    """Whether an element, or one of a choice, is there, by itself or by its extensions."""
    return any(name.lstrip("_").startswith(start) for name in node)


def number(node: Node, name: str) -> Decimal | None:
    """The number ``name`` of ``node``, exactly; None where it is none."""
    value = node.get(name)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None
