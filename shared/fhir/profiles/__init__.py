"""Kersey's own profiles, code systems and value sets: FHIR resources beside this file, as data.

They are the same in every deployment, under canonical addresses below ``https://kersey.example``.
What a resource names in ``meta.profile`` and is known here, it is held to (R4 profiling.html);
``shared.fhir.conformance`` serves the files as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Definition = Mapping[str, Any]

KINDS = ("CodeSystem", "ImplementationGuide", "StructureDefinition", "ValueSet")
"""The resource types of definitions."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """The definitions, by type and id and by canonical address."""

    by_id: Mapping[tuple[str, str], Definition]
    by_url: Mapping[str, Definition]

    def of(self, resource_type: str) -> tuple[str, ...]:
        """The canonical addresses of the profiles of a resource type."""
        return tuple(
            url
            for url, each in self.by_url.items()
            if each["resourceType"] == "StructureDefinition" and each["type"] == resource_type
        )

    def profile(self, canonical: object) -> Definition | None:
        """The StructureDefinition called so, with its version behind a stroke or without."""
        if not isinstance(canonical, str):
            return None
        url, _, version = canonical.partition("|")
        found = self.by_url.get(url)
        if found is None or found["resourceType"] != "StructureDefinition":
            return None
        return found if version in ("", found["version"]) else None

    def codes(self, value_set: str) -> Mapping[str, frozenset[str]]:
        """The codes of a value set by their system; a system that is no list has none.

        Raises:
            KeyError: for a value set that is not defined here.
        """
        found: dict[str, frozenset[str]] = {}
        for include in self.by_url[value_set]["compose"]["include"]:
            system = include["system"]
            listed = include.get("concept")
            if listed is None:
                defined = self.by_url[system]
                listed = defined["concept"] if defined["content"] == "complete" else ()
            found[system] = frozenset(each["code"] for each in listed)
        return found


@cache
def profiles() -> Profiles:
    """The definitions, read once."""
    definitions = sorted(_read(), key=lambda each: (each["resourceType"], each["id"]))
    return Profiles(
        {(each["resourceType"], each["id"]): each for each in definitions},
        {each["url"]: each for each in definitions},
    )


def claimed(resource: Mapping[str, Any]) -> Iterator[tuple[int, object]]:
    """What a resource says in ``meta.profile``, with its place in that list."""
    meta = resource.get("meta")
    named = meta.get("profile") if isinstance(meta, dict) else None
    if isinstance(named, list):
        yield from enumerate(named)


def _read() -> Iterator[Definition]:
    for file in files(__package__).joinpath("definitions").iterdir():
        if file.name.endswith(".json"):
            yield json.loads(file.read_text("utf-8"))
