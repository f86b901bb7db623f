"""The way to the values of a path in a resource's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def walk(node: Any, keys: tuple[str, ...], where: tuple[str, str] | None) -> Iterator[Any]:
    """The values at the end of a path, through every array on the way."""
    if isinstance(node, list):
        for each in node:
            yield from walk(each, keys, where)
    elif keys:
        if isinstance(node, dict) and keys[0] in node:
            yield from walk(node[keys[0]], keys[1:], where)
    elif node is not None and (
        where is None or (isinstance(node, dict) and node.get(where[0]) == where[1])
    ):
        yield node
