"""What R4 4.0.1 asks for beyond the shape of a resource, as data beside this file.

``codes.toml``: required bindings where the model classes' own lists are missing or wrong, and the
resource types of R4; ``extensions.toml``: where HL7's extensions may stand;
``extension_values.toml``: what they may hold;
``references.toml``: reference targets that differ between R4 and R4B;
``invariants.toml``: the rules with their keys; ``narrative.toml``: what XHTML may hold;
``nhs.toml``: national code lists.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class CodeBinding:
    """The codes that an element of type code may hold."""

    codes: tuple[str, ...]
    allowed: frozenset[str]

    @classmethod
    def of(cls, codes: tuple[str, ...]) -> CodeBinding:
        return cls(codes, frozenset(codes))


@dataclass(frozen=True, slots=True)
class ConceptBinding:
    """The codings of which a CodeableConcept must have one: codes by their system."""

    systems: Mapping[str, CodeBinding]


@dataclass(frozen=True, slots=True)
class Bindings:
    """The tables of ``codes.toml`` and ``references.toml``, by element path."""

    resource_types: frozenset[str]
    codes: Mapping[str, CodeBinding]
    concepts: Mapping[str, ConceptBinding]
    patterns: Mapping[str, re.Pattern[str]]
    unbound: frozenset[str]
    added: Mapping[str, tuple[str, str]]
    targets: Mapping[str, frozenset[str]]


def read(name: str) -> dict[str, Any]:
    """The table in file ``name`` beside this one."""
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


@cache
def bindings() -> Bindings:
    """The bindings, read once."""
    table = read("codes.toml")
    types: tuple[str, ...] = tuple(table["resource_types"])
    value_sets: dict[str, tuple[str, ...]] = {
        name: tuple(codes) for name, codes in table["value_sets"].items()
    }
    value_sets["resource-types"] = (*types, "Resource", "DomainResource")
    return Bindings(
        resource_types=frozenset(types),
        codes={path: CodeBinding.of(value_sets[name]) for path, name in table["required"].items()},
        concepts={
            path: ConceptBinding(
                {system: CodeBinding.of(tuple(codes)) for system, codes in systems.items()}
            )
            for path, systems in table["concepts"].items()
        },
        patterns={
            path: re.compile(table["patterns"][name]) for path, name in table["patterned"].items()
        },
        unbound=frozenset(table["unbound"]),
        added={path: (choice, kind) for path, (choice, kind) in table["added"].items()},
        targets={
            path: frozenset(types) for path, types in read("references.toml")["targets"].items()
        },
    )
