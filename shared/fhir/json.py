"""JSON in and out without losing a digit, and without trusting the sender.

Python's own ``json`` reads (its hooks keep decimals exactly and let duplicate keys be seen) and
msgspec writes. ``1.10`` stays ``1.10``: FHIR R4 datatypes.html makes the precision of a decimal
part of its meaning. What two readers could understand differently is refused, not repaired:
duplicate keys, NaN, text that is not UTF-8 (RFC 8259 sections 4, 6 and 8.1).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from shared.fhir.outcome import FhirError, Issue, invalid, too_large

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 64
#: Objects and arrays in one body. A body of 5 MB can hold a million of them, and validation pays
#: for each; a Bundle of 2,000 full referrals has some 50,000.
MAX_NODES = 100_000
#: Bounds of one number: enough for any measurement, too little to make the database or a float
#: conversion fail later on.
MAX_DIGITS = 64
MAX_EXPONENT = 300

_BOM = b"\xef\xbb\xbf"
#: A JSON string, or the rest of the text where a string is not closed, so that hostile text is
#: still read only once.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
#: The escapes that can write a character which the text itself may not hold.
_ESCAPES = ("\\u", "\\b", "\\f")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ELEMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class _Written(Decimal):
    """A decimal that Python writes otherwise than its sender: ``1e5``, ``0.0000001``."""

    text: str

    @classmethod
    def of(cls, text: str) -> _Written:
        number = cls(text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Written.of, (self.text,))

    def __copy__(self) -> _Written:
        return self

    def __deepcopy__(self, _: Any) -> _Written:
        return self


class _MinusZero(int):
    """-0, of which a plain integer forgets the sign."""


def _as_written(value: object) -> msgspec.Raw:
    if isinstance(value, _MinusZero):
        return msgspec.Raw(b"-0")
    if isinstance(value, _Written):
        return msgspec.Raw(value.text.encode())
    raise NotImplementedError(type(value).__name__)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_written)


class _Duplicated(dict[str, Any]):
    """An object in which ``names`` came more than once; kept until its place is known."""

    names: tuple[str, ...] = ()


class _Refused:
    """A number that is not taken, standing where it was until its place is known."""

    def __init__(self, why: str) -> None:
        self.why = why


def parse_json(
    raw: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_NODES,
) -> Any:
    """Any JSON value, with numbers that have a point or an exponent as `Decimal`.

    A UTF-8 byte order mark is passed over, as RFC 8259 section 8.1 allows. Raises `FhirError`:
    413 above ``max_bytes`` or ``max_nodes`` (objects and arrays); 400 for what is no JSON, is
    nested deeper than ``max_depth``, has a duplicate key (named), a number that cannot be kept,
    or a character that cannot be stored.
    """
    if len(raw) > max_bytes:
        raise too_large(f"The body has more than the {max_bytes:,} bytes that are taken.")
    raw = raw.removeprefix(_BOM)
    if not raw.strip():
        raise invalid("The body is missing: send what you mean as JSON.", code="structure")
    _refuse_nesting(raw, max_depth, max_nodes)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid(
            f"The body is not UTF-8 (byte {error.start}). Send JSON in UTF-8.", code="structure"
        ) from None
    faults: list[object] = []
    try:
        value = _decode(text, faults)
    except json.JSONDecodeError as error:
        raise invalid(
            f"The body is not valid JSON (line {error.lineno}, column {error.colno}): mend it there"
            " and send it again.",
            code="structure",
        ) from None
    if faults or any(escape in text for escape in _ESCAPES):
        issues = _located(value)
        if issues:
            raise FhirError(400, issues)
    return value


def parse(
    raw: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_NODES,
) -> dict[str, Any]:
    """The JSON object of one FHIR resource: `parse_json`, and it says what resource it is.

    Raises `FhirError` as `parse_json` does, and 400 where the body is no object or has no
    ``resourceType`` (FHIR R4 json.html).
    """
    value = parse_json(raw, max_bytes=max_bytes, max_depth=max_depth, max_nodes=max_nodes)
    if not isinstance(value, dict):
        raise invalid("The body must be one JSON object: a FHIR resource.", code="structure")
    kind = value.get("resourceType")
    if not isinstance(kind, str) or not kind:
        raise invalid(
            "The body must say what it is: give resourceType as a string, "
            'for example "resourceType": "ServiceRequest".',
            "resourceType",
            code="required",
        )
    return value


def dumps(resource: Any) -> bytes:
    """``resource`` as UTF-8 JSON: keys in their order, decimals as they came, digit by digit."""
    return _encoder.encode(resource)


def indented(body: bytes) -> bytes:
    """JSON with each member on a line of its own, its values letter by letter as they were."""
    return msgspec.json.format(body, indent=2)


def _decode(text: str, faults: list[object]) -> Any:
    """Read ``text``; whatever is refused is put into ``faults`` and left standing in its place."""

    def refuse(why: str) -> _Refused:
        fault = _Refused(why)
        faults.append(fault)
        return fault

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) == len(items):
            return found
        fault = _Duplicated(found)
        counted = Counter(name for name, _ in items)
        fault.names = tuple(name for name, count in counted.items() if count > 1)
        faults.append(fault)
        return fault

    def whole(digits: str) -> int | _Refused:
        if digits == "-0":
            return _MinusZero()
        if len(digits) > MAX_DIGITS:
            return refuse(f"has more than the {MAX_DIGITS} digits that are kept")
        return int(digits)

    def fraction(digits: str) -> Decimal | _Refused:
        if len(digits) > MAX_DIGITS:
            return refuse(f"has more than the {MAX_DIGITS} digits that are kept")
        number = Decimal(digits)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > MAX_EXPONENT:
            return refuse(f"has an exponent beyond {MAX_EXPONENT}")
        return number if str(number) == digits else _Written.of(digits)

    return json.loads(
        text,
        object_pairs_hook=pairs,
        parse_int=whole,
        parse_float=fraction,
        parse_constant=lambda _: refuse("is NaN or Infinity, which JSON does not have"),
    )


def _refuse_nesting(raw: bytes, max_depth: int, max_nodes: int) -> None:
    """Refuse deep or crowded text before any reader recurses into it."""
    if raw.count(b"{") + raw.count(b"[") <= min(max_depth, max_nodes):
        return
    depth = nodes = 0
    for bracket in _STRING.sub(b"", raw).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            nodes += 1
            if depth > max_depth:
                raise _too_deep(max_depth)
        else:
            depth -= 1
    if nodes > max_nodes:
        raise too_large(f"The body has more than the {max_nodes:,} objects and lists taken.")


def _too_deep(max_depth: int) -> FhirError:
    return invalid(f"The body is nested deeper than {max_depth} levels.", code="structure")


def _located(value: Any) -> list[Issue]:
    """What is refused inside ``value``, each with the path at which it stands."""
    issues: list[Issue] = []
    root = value.get("resourceType") if isinstance(value, dict) else None
    start = root if isinstance(root, str) and _ELEMENT_NAME.fullmatch(root) else ""
    _locate(value, start, issues)
    return issues


def _locate(value: Any, path: str, issues: list[Issue]) -> None:
    if isinstance(value, str):
        if _unstorable(value):
            issues.append(_issue("holds a character that is no text (a control character)", path))
    elif isinstance(value, _Refused):
        issues.append(_issue(value.why, path))
    elif isinstance(value, dict):
        if isinstance(value, _Duplicated):
            issues.extend(
                _issue("is given more than once in one object", _child(path, name))
                for name in value.names
            )
        for name, item in value.items():
            if _unstorable(name):
                issues.append(_issue("has a key with a character that is no text", path))
            _locate(item, _child(path, name), issues)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _locate(item, f"{path}[{index}]", issues)


def _unstorable(text: str) -> bool:
    """Whether ``text`` has half a surrogate pair or a control character.

    Neither survives UTF-8 and PostgreSQL; R4 datatypes.html keeps both out of its strings.
    """
    if text.isascii():
        return _CONTROL.search(text) is not None
    return any("\ud800" <= char <= "\udfff" for char in text) or bool(_CONTROL.search(text))


def _child(path: str, name: str) -> str:
    """The path of ``name`` below ``path``; a name that is no element name is not repeated."""
    shown = name if _ELEMENT_NAME.fullmatch(name) else "?"
    return f"{path}.{shown}" if path else shown


def _issue(why: str, path: str) -> Issue:
    subject = path or "The body"
    return Issue("error", "value", f"{subject} {why}.", (path,) if path else ())
