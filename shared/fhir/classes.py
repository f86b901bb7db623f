"""What R4 says of each type, read off the model classes and the tables that correct them.

The only place that imports fhir.resources, with its R4B classes (measured to be R4's for the types
that matter; ``bindings`` holds the differences).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, cast, get_args

from pydantic import BaseModel, TypeAdapter

from shared.fhir.bindings import CodeBinding, bindings
from shared.fhir.elements import PRIMITIVES, Element, TypeInfo, element_id
from shared.fhir.invariants import invariants

#: What the classes' own validators raise on input that they did not foresee.
UNFORESEEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
#: Datatypes of R4B that R4 does not have.
_NOT_IN_R4 = frozenset({"CodeableReference", "RatioRange"})

_building = threading.RLock()
_types: dict[str, TypeInfo] = {}
_by_class: dict[type[BaseModel], TypeInfo] = {}


def type_info(name: str) -> TypeInfo:
    """What R4 says of the elements of a resource type or datatype; built at first use.

    Raises KeyError where the classes have no such type.
    """
    info = _types.get(name)
    if info is None:
        model = class_of(name)
        if model is None:
            raise KeyError(name)
        with _building:
            # Worked on apart and published whole: nobody reads a table that is half built.
            building = dict(_by_class)
            info = _describe(model, name, building)
            _by_class.update(building)
            _types[name] = info
    return info


@cache
def class_of(name: str) -> type[BaseModel] | None:
    """The R4B class called ``name``, None where there is none."""
    # Imported at first use: it takes a quarter of a second, and not every process validates.
    from fhir.resources.R4B import get_fhir_model_class

    try:
        model = get_fhir_model_class(name)
    except (KeyError, ValueError, ImportError):
        return None
    return cast("type[BaseModel]", model)


def _describe(
    model: type[BaseModel], path: str, building: dict[type[BaseModel], TypeInfo]
) -> TypeInfo:
    """The table of ``model``, which stands at ``path``, and of every type that it uses."""
    known = building.get(model)
    if known is not None:
        return known
    cls = cast("Any", model)
    info = TypeInfo(path, _is_resource(model))
    building[model] = info
    rules = invariants()
    info.invariants = rules.get(path, ()) + (
        rules.get("DomainResource", ()) if "contained" in model.model_fields else ()
    )
    choices: dict[str, tuple[list[str], bool]] = {}
    required: list[str] = []
    summary: list[str] = []
    for name in cls.elements_sequence():
        field_name = cls.get_alias_mapping()[name]
        field = model.model_fields[field_name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        element = _element(name, field.annotation, extra, f"{path}.{name}", model, building)
        if element is None:
            continue
        info.elements[name] = element
        if extra.get("summary_element_property"):
            summary.append(name)
        group = extra.get("one_of_many")
        if isinstance(group, str):
            names, _ = choices.setdefault(group, ([], bool(extra["one_of_many_required"])))
            names.append(name)
        elif field.is_required() or extra.get("element_required"):
            required.append(name)
    for place, (group, kind) in bindings().added.items():
        above, _, name = place.rpartition(".")
        if above == path:
            added = class_of(kind)
            assert added is not None
            info.elements[name] = Element(name, False, type=_describe(added, kind, building))
            choices[group][0].append(name)
    info.required = tuple(required)
    info.summary = frozenset(summary)
    info.choices = tuple(
        (group, tuple(names), needed) for group, (names, needed) in choices.items()
    )
    return info


def _is_resource(model: type[BaseModel]) -> bool:
    return bool(cast("Any", model).has_resource_base())


def _element(
    name: str,
    annotation: Any,
    extra: Mapping[str, Any],
    path: str,
    owner: type[BaseModel],
    building: dict[type[BaseModel], TypeInfo],
) -> Element | None:
    """The element at ``path``; None where R4 does not have its type."""
    many = "List" in str(annotation)
    written, model = _type_of(annotation)
    tables = bindings()
    if written is not None:
        kind = _primitive_names()[written]
        if kind not in PRIMITIVES:
            return None
        return Element(
            name,
            many,
            primitive=kind,
            check=element_id if (name, kind) == ("id", "string") else PRIMITIVES[kind],
            taken=_takes(written),
            type=None if _stands_alone(path, name, kind) else _extensions_of_primitives(building),
            codes=_codes(path, kind, extra),
            pattern=tables.patterns.get(path) or _pattern_of_all(name, owner),
        )
    assert model is not None
    if model.__name__ in _NOT_IN_R4:
        return None
    if model.__name__ == "Resource":
        return Element(name, many, resource=True)
    named = model.__module__.rsplit(".", 1)[-1] == model.__name__.lower()
    targets = tables.targets.get(path) or frozenset(extra.get("enum_reference_types", ()))
    return Element(
        name,
        many,
        type=_describe(model, model.__name__ if named else path, building),
        concept=tables.concepts.get(path),
        targets=targets if targets and "Resource" not in targets else None,
    )


def _codes(path: str, kind: str, extra: Mapping[str, Any]) -> CodeBinding | None:
    """The required binding at ``path``: the table's, else the class's own where it is whole."""
    tables = bindings()
    if path in tables.codes:
        return tables.codes[path]
    own = extra.get("enum_values")
    if kind != "code" or not own or path in tables.unbound or "+" in own:
        return None
    return CodeBinding.of(tuple(own))


def _pattern_of_all(name: str, owner: type[BaseModel]) -> re.Pattern[str] | None:
    """The pattern of an element that every resource has."""
    return bindings().patterns.get(f"Resource.{name}") if _is_resource(owner) else None


def _stands_alone(path: str, name: str, kind: str) -> bool:
    """Whether nothing may stand beside a primitive.

    R4's definitions make attributes of XML of these: the id of an element, Extension.url. Of xhtml
    they leave no extension, and its id is in its own text. A resource's id is an element of XML.
    """
    return (name, kind) == ("id", "string") or path == "Extension.url" or kind == "xhtml"


def _extensions_of_primitives(building: dict[type[BaseModel], TypeInfo]) -> TypeInfo:
    """What may stand in ``_birthDate``: an id and extensions."""
    model = class_of("Element")
    assert model is not None
    return _describe(model, "Element", building)


@cache
def _takes(written: Any) -> Callable[[Any], bool]:
    """Whether the classes take a value for a primitive that they annotate so."""
    validator = TypeAdapter(written).validator

    def takes(value: Any) -> bool:
        try:
            return validator.isinstance_python(value)
        except UNFORESEEN:
            return False

    return takes


def _type_of(annotation: Any) -> tuple[Any, type[BaseModel] | None]:
    """(primitive's annotation, None) or (None, class) of a field's, behind list and None."""
    primitives = _primitive_names()
    waiting: list[Any] = [annotation]
    while waiting:
        item = waiting.pop()
        if hasattr(item, "get_model_klass"):
            return None, cast("type[BaseModel]", item.get_model_klass())
        if isinstance(item, Hashable) and item in primitives:
            return item, None
        waiting.extend(get_args(item))
    raise LookupError(f"a model class has a field of an unknown type: {annotation}")


@cache
def _primitive_names() -> Mapping[Any, str]:
    """FHIR's primitive types by how the classes annotate them."""
    from fhir_core.constraints import FHIR_PRIMITIVES_MAPS

    return FHIR_PRIMITIVES_MAPS
