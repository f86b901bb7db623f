"""Rules of R4 on datatypes, named in ``invariants.toml``."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha1

from shared.fhir.dates import surely_after
from shared.fhir.elements import ABSOLUTE
from shared.fhir.invariants.nodes import Node, has, number

UCUM = "http://unitsofmeasure.org"


def coding_system(node: Node) -> bool:
    """The system of a code, which is what CodeSystem.url is: "an absolute URI"."""
    system = node.get("system")
    return not isinstance(system, str) or ABSOLUTE.fullmatch(system) is not None


def period_order(node: Node) -> Iterator[str]:
    """per-1."""
    start, end = node.get("start"), node.get("end")
    if isinstance(start, str) and isinstance(end, str) and surely_after(start, end):
        yield ".end"


def attachment_size(node: Node) -> bool:
    """att-size."""
    data, size = _data(node), node.get("size")
    return data is None or type(size) is not int or len(data) == size


def attachment_hash(node: Node) -> bool:
    """att-hash; R4 asks for SHA-1, which is here a check sum and no secret."""
    data, told = _data(node), node.get("hash")
    if data is None or not isinstance(told, str):
        return True
    return _bytes(told) == sha1(data, usedforsecurity=False).digest()


def _data(node: Node) -> bytes | None:
    data = node.get("data")
    return _bytes(data) if isinstance(data, str) else None


def _bytes(text: str) -> bytes | None:
    """What base64 stands for; None where it is none, which its shape is refused for."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        return None


def dose_simple(node: Node) -> Iterator[str]:
    """sqty-1 of Dosage."""
    for name in ("doseQuantity", "rateQuantity"):
        quantity = node.get(name)
        if isinstance(quantity, dict) and "comparator" in quantity:
            yield f".{name}.comparator"


def trigger_either(node: Node) -> bool:
    """trd-1."""
    return not has(node, "timing")


def trigger_whole(node: Node) -> bool:
    """trd-3."""
    kind = str(node.get("type"))
    if kind == "named-event":
        return has(node, "name")
    if kind == "periodic":
        return has(node, "timing")
    return not kind.startswith("data-") or has(node, "data")


def age_value(node: Node) -> Iterator[str]:
    """age-1."""
    value = number(node, "value")
    yield from _measured(node)
    if value is not None and value <= 0:
        yield ".value"


def distance_value(node: Node) -> Iterator[str]:
    """dis-1."""
    return _measured(node)


def count_value(node: Node) -> Iterator[str]:
    """cnt-3."""
    value = number(node, "value")
    yield from _measured(node)
    if node.get("code", "1") != "1":
        yield ".code"
    if value is not None and value != int(value):
        yield ".value"


def _measured(node: Node) -> Iterator[str]:
    """A value has a code, and a system is UCUM's: what R4 asks of age, count and distance."""
    if "value" in node and "code" not in node and "_code" not in node:
        yield ".code"
    if node.get("system", UCUM) != UCUM:
        yield ".system"


def range_order(node: Node) -> bool:
    """rng-2, where both ends are in one unit."""
    low, high = node.get("low"), node.get("high")
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return True
    least, most = number(low, "value"), number(high, "value")
    if least is None or most is None:
        return True
    unit = "code" if "code" in low and "code" in high else "unit"
    return low.get(unit) != high.get(unit) or least <= most
