"""What a chain finds inside a resource (R4 search.html, contained).

R4: nothing contained is found by itself, but a chained condition is asked of what is contained. So
what a contained resource is found by stands among what its container is found by, under names of
its own: those of its type's parameters, as if the type were called after the parameter that refers
to it (``Task.owner#Organization``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.fhir.search.parameters import ResourceType, SearchParam, Types
from shared.fhir.search.request import Chain, Condition, Filter, Has
from shared.fhir.search.terms import known_term
from shared.fhir.search.walking import walk

#: Contained resources that refer to contained ones are looked into so far.
MAX_DEPTH = 2
#: The key of the link rows that say what is contained; such a row leads to no document.
HOLDS = known_term("link", "contained")
_BY_ITSELF = ("_id", "_lastUpdated")


class Inside(ResourceType):
    """A type as a parameter refers to it inside one resource."""

    @property
    def held(self) -> int:
        """What a link row of `HOLDS` leads to where there is one of it."""
        return known_term("contained", self.name)


def inside(param: SearchParam, resource_type: ResourceType) -> Inside:
    """The type of what a parameter refers to in the same resource."""
    made = resource_type.inside.get(param.name)
    if made is None:
        name = f"{param.name}#{resource_type.name}"
        renamed = {
            each.code: replace(
                each, resource=name, of=tuple(replace(part, resource=name) for part in each.of)
            )
            for each in resource_type.params.values()
            if each.code not in _BY_ITSELF
        }
        made = resource_type.inside[param.name] = Inside(name, renamed)
    assert isinstance(made, Inside)
    return made


def held(
    types: Types,
    holder_type: ResourceType,
    holder: Mapping[str, Any],
    contained: Mapping[str, dict[str, Any]],
    depth: int = 1,
) -> Iterator[tuple[Inside, dict[str, Any]]]:
    """The contained resources that a resource refers to, each as the type that it is there.

    Args:
        types: the served types.
        holder_type: of the resource.
        holder: the resource, or one that it contains.
        contained: all that are contained, by their id.
        depth: how far in ``holder`` is.
    """
    for param in holder_type.params.values():
        for path in param.paths if param.type == "reference" and depth <= MAX_DEPTH else ():
            for value in walk(holder, path.keys, path.where):
                literal = value.get("reference") if isinstance(value, dict) else None
                if not isinstance(literal, str) or literal[:1] != "#":
                    continue
                far = contained.get(literal[1:])
                kind = far and types.get(str(far.get("resourceType")))
                if not far or not kind or not param.may_refer_to(kind.name):
                    continue
                far_type = inside(param, kind)
                yield far_type, far
                yield from held(types, far_type, far, contained, depth + 1)


def contained_in(resource: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources that one contains, by their id."""
    return {str(each.get("id")): each for each in resource.get("contained") or ()}


def inner_conditions(types: Types, chain: Chain) -> Iterator[tuple[Inside, Condition]]:
    """What a chain asks of contained resources, by their type there.

    `_has` and ``_id`` are left out: nothing else refers to a contained resource, by whatever id.
    """
    for target, inner in chain.inner:
        far = inside(chain.param, types[target])
        if isinstance(inner, Filter | Chain) and inner.param.code in far.params:
            yield far, replace(inner, param=far.params[inner.param.code])


def kinds_asked(types: Types, conditions: Iterable[Condition]) -> Iterator[Inside]:
    """All types of contained resources that conditions may look into."""
    for each in conditions:
        if isinstance(each, Has):
            yield from kinds_asked(types, [each.inner])
        elif isinstance(each, Chain):
            yield from kinds_asked(types, [inner for _, inner in each.inner])
            if each.param.resource.count("#") < MAX_DEPTH:
                for far, inner in inner_conditions(types, each):
                    yield far
                    yield from kinds_asked(types, [inner])
