"""What changed between two versions of a listing, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def differences(before: Any, after: Any) -> list[Json]:
    """The fields that differ, as `{field, before?, after?}` in the order of their names.

    A field is named by its path, such as `contacts.0.email`; `before` is absent where it is new,
    `after` where it is gone.
    """
    return list(_between("", before, after))


def _between(path: str, before: Any, after: Any) -> Iterator[Json]:
    old, new = _parts(before), _parts(after)
    if old is None or new is None or isinstance(before, Mapping) != isinstance(after, Mapping):
        if before != after:
            yield {"field": path} | _there("before", before) | _there("after", after)
        return
    for name in sorted(old.keys() | new.keys(), key=_in_order):
        below = f"{path}.{name}" if path else str(name)
        yield from _between(below, old.get(name), new.get(name))


def _parts(value: Any) -> Mapping[Any, Any] | None:
    """What is below a value, by name or by place; None where it is no more than itself."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return dict(enumerate(value))
    return None


def _in_order(name: Any) -> tuple[int, str]:
    return (name, "") if isinstance(name, int) else (0, str(name))


def _there(name: str, value: Any) -> Json:
    return {} if value is None else {name: value}
