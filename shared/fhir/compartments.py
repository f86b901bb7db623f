"""Compartments: what belongs to a Patient or an Encounter (FHIR R4 compartmentdefinition.html).

``bindings/compartments.toml`` says by which search parameters; addresses, `$everything` and
/metadata derive from it, of the types and parameters that are served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from shared.fhir.bindings import read
from shared.fhir.outcome import not_found, refusal
from shared.fhir.search.parameters import SearchParam, Types
from shared.fhir.search.request import Either, Filter

ITSELF = "{def}"
ALL = "*"
BESIDE: Mapping[str, Sequence[str]] = {"Task": ("patient",)}
"""What `$everything` has of a Patient beside its compartment, in which R4 forgot the Task: of a
referral the Tasks say what came of it, and R5 has them in."""


@cache
def definitions() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """By the type that a compartment is of, types and parameters; read once."""
    found: Mapping[str, Mapping[str, Sequence[str]]] = read("compartments.toml")
    return found


def members(types: Types, of: str, *, everything: bool = False) -> dict[str, list[SearchParam]]:
    """By type, the parameters by which resources are in a compartment.

    Args:
        types: the served types.
        of: the type that the compartment is of.
        everything: with what `$everything` has beside it.

    Raises:
        FhirError: 404 for a type that has no compartment.
    """
    defined = dict(definitions().get(of, {}))
    if not defined or of not in types:
        has = ", ".join(name for name in definitions() if name in types)
        raise not_found(f"There is nothing at this address: compartments are of {has}.")
    if everything:
        defined |= BESIDE
    return {
        name: [types[name].params[code] for code in codes if code in types[name].params]
        for name, codes in defined.items()
        if name in types
    }


def within(types: Types, of: str, logical_id: str, type_name: str) -> Either:
    """The condition that a resource of a type is in one compartment.

    Raises:
        FhirError: 404 for a type that is never in it.
    """
    by_type = members(types, of)
    if type_name not in by_type:
        words = f"A {type_name} is never in the compartment of a {of}. In it are: "
        raise not_found(words + ", ".join(sorted(by_type)) + ".")
    filters = [Filter(p, None, (f"{of}/{logical_id}",)) for p in by_type[type_name]]
    if ITSELF in definitions()[of][type_name]:
        filters.append(Filter(types[type_name].params["_id"], None, (logical_id,)))
    return Either(tuple(filters))


def types_asked(
    types: Types, pairs: Sequence[tuple[str, str]]
) -> tuple[list[tuple[str, str]], frozenset[str]]:
    """The types that ``_type`` names, none for all, and the other parameters.

    Raises:
        FhirError: 400 for a type that is not served.
    """
    rest = [(name, value) for name, value in pairs if name != "_type"]
    named = {each for name, value in pairs if name == "_type" for each in value.split(",")}
    if named - set(types):
        words = f"_type names types that are served: {', '.join(sorted(types))}."
        raise refusal(400, words, "http._type", code="value")
    return rest, frozenset(named)


def canonical(of: str) -> str:
    """The address of R4's definition of a compartment."""
    return f"http://hl7.org/fhir/CompartmentDefinition/{of[0].lower()}{of[1:]}"
