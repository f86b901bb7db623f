"""What a client asks of the operations $status and $events, in an address or as Parameters.

An unknown parameter is refused, as in a search: to pass over a limit that was meant would tell
more than was asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request

from shared.fhir.http import FHIR_JSON, JSON, require_content_type
from shared.fhir.json import parse, parse_json
from shared.fhir.model import validate
from shared.fhir.outcome import invalid
from shared.fhir.search.query import parse_query

Asked = Mapping[str, list[str]]

HIGHEST = 2**31 - 1
"""No event has a higher number: what is asked beyond it is asked up to it."""

_OF_THE_ANSWER = frozenset({"_format", "_pretty"})


def asked(request: Request, body: bytes, names: Iterable[str]) -> Asked:
    """The parameters of an operation, by name.

    Args:
        request: of either method.
        body: Parameters, or nothing.
        names: those that the operation knows.

    Raises:
        FhirError: 400 naming a parameter that it does not know; 415.
    """
    known = frozenset(names)
    found: dict[str, list[str]] = {}
    for name, value in parse_query(request.url.query):
        if name in _OF_THE_ANSWER:
            continue
        _check(name, known, f"http.{name}")
        found.setdefault(name, []).append(value)
    for n, each in enumerate(_parameters(request, body)):
        place = f"Parameters.parameter[{n}]"
        name = str(each.get("name"))
        _check(name, known, f"{place}.name")
        values = [value for key, value in each.items() if key.startswith("value")]
        if len(values) != 1 or isinstance(values[0], dict | list):
            raise invalid(f"{name} has one simple value.", place, code="value")
        found.setdefault(name, []).append(str(values[0]))
    return found


def number(asked: Asked, name: str) -> int | None:
    """A whole number that may be given once.

    Raises:
        FhirError: 400 where it is none.
    """
    text = single(asked, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid(f"{name} is an event number: digits only.", f"http.{name}", code="value")
    return min(int(text), HIGHEST)


def single(asked: Asked, name: str) -> str | None:
    """A value that may be given once.

    Raises:
        FhirError: 400 where it is given several times.
    """
    values = asked.get(name, [])
    if len(values) > 1:
        raise invalid(f"{name} is given once.", f"http.{name}", code="value")
    return values[0] if values else None


def _parameters(request: Request, body: bytes) -> list[dict[str, Any]]:
    if not body.strip():
        return []
    require_content_type(request, FHIR_JSON, JSON)
    if parse_json(body) == {}:
        return []  # some clients send this where they have nothing to say
    resource = parse(body)
    validate(resource, expected_type="Parameters")
    return list(resource.get("parameter", []))


def _check(name: str, known: frozenset[str], place: str) -> None:
    if name not in known:
        words = f"This operation has no parameter {name[:60]}; it has "
        words += f"{', '.join(sorted(known)) or 'none'}."
        raise invalid(words, place, code="not-supported")
