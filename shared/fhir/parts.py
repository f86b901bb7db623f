"""A part of a resource: what was asked for of it, and what must not be stored (R4 search.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.fhir.json import dumps, parse
from shared.fhir.model import type_info
from shared.fhir.outcome import rule_broken
from shared.fhir.store import Stored

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
"""The tag of a part of a resource."""


def part(stored: Stored, elements: Sequence[str], summary: str | None) -> str:
    """The part of a resource that was asked for, marked as a part (R4 search.html, summary).

    Args:
        stored: the resource.
        elements: names of elements (``_elements``); what is mandatory comes along.
        summary: ``true``, ``text`` or ``data`` (``_summary``).
    """
    if not elements and summary not in ("true", "text", "data"):
        return stored.body
    resource = parse(stored.body.encode())
    info = type_info(stored.type)
    kept = {"resourceType", "id", "meta", *info.required}
    named = {each.removeprefix(f"{stored.type}.") for each in elements}
    if summary == "true":
        named |= info.summary
    elif summary == "text":
        named.add("text")
    elif summary == "data":
        named |= resource.keys() - {"text"} if not elements else set()
    # A choice is asked for by its name without a type; extensions of a primitive stand beside it,
    # under its name with an underscore.
    for group, names, _ in info.choices:
        if group.removesuffix("_x").removesuffix("[x]") in named:
            named.update(names)
    kept |= named
    resource = {n: v for n, v in resource.items() if n.removeprefix("_") in kept}
    meta = resource.get("meta") or {}
    resource["meta"] = meta | {"tag": [*(meta.get("tag") or []), SUBSETTED]}
    return dumps(resource).decode()


def refuse_part(resource: Mapping[str, Any], path: str) -> None:
    """Refuse to store a part of a resource as if it were the whole.

    R4 search.html, elements: a part is marked so that nobody overwrites the whole with it.

    Args:
        resource: valid FHIR JSON.
        path: where it stands, for expressions.

    Raises:
        FhirError: 422 naming the tag.
    """
    for n, tag in enumerate((resource.get("meta") or {}).get("tag") or ()):
        if SUBSETTED.items() <= tag.items():
            words = (
                "This is a part of a resource, as _elements or _summary gave it: storing it would"
                " lose the rest. Read all of it, change that, and send it."
            )
            raise rule_broken(words, f"{path}.meta.tag[{n}]")
