"""How ``search_parameters.json`` comes about: from HL7's own definitions, by this program.

    python -m shared.fhir.types.deriving FOLDER > shared/fhir/types/search_parameters.json

FOLDER is where R4's (4.0.1) ``definitions.json.zip`` was unpacked; of it are read
``search-parameters.json``, ``profiles-resources.json``, ``profiles-types.json`` and
``valuesets.json``. A parameter's FHIRPath expression becomes paths in a resource's JSON with the
datatype that stands at each end; an expression that this program does not understand stops it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as File
from typing import Any

from shared.fhir.elements import TypeInfo
from shared.fhir.model import type_info

TYPES = (
    "ServiceRequest", "Task", "Patient", "RelatedPerson", "Practitioner", "PractitionerRole",
    "Organization", "HealthcareService", "Location", "CareTeam", "CarePlan", "Goal", "Condition",
    "Observation", "Questionnaire", "QuestionnaireResponse", "Encounter", "Appointment",
    "Procedure", "Communication", "Consent", "DocumentReference", "Provenance", "AuditEvent",
    "Endpoint", "Group", "Subscription",
)  # fmt: skip

#: The datatypes whose values each kind of parameter can compare; a choice of others is passed over
#: (R4 search.html; SampledData, which ``value-quantity`` names, has no one value to compare).
DATATYPES: Mapping[str, frozenset[str]] = {
    "date": frozenset({"date", "dateTime", "instant", "Period", "Timing"}),
    "number": frozenset({"decimal", "integer", "positiveInt", "unsignedInt"}),
    "quantity": frozenset({"Quantity", "Age", "Duration", "Range", "Money"}),
    "reference": frozenset({"Reference", "canonical", "uri"}),
    "special": frozenset({"Location.position"}),
    "string": frozenset({"string", "markdown", "HumanName", "Address"}),
    "token": frozenset(
        {"CodeableConcept", "Coding", "Identifier", "ContactPoint", "code", "boolean", "string",
         "id", "uri"}
    ),
    "uri": frozenset({"uri", "url", "canonical"}),
}  # fmt: skip

#: Datatypes that are compared as another is.
_AS = {"markdown": "string", "url": "uri"}

#: Where a composite's definition names the wrong element: the two of ``relationship`` are swapped.
_MISPRINTS = {
    ("DocumentReference-relatesto", "code"): "target",
    ("DocumentReference-relation", "target"): "code",
}

_SUBJECTS_OF_ALL = 100
"""A parameter that lists more targets than this lists every type that there is."""

_STEP = re.compile(
    r"\.(?:(?:as|ofType)\((?P<cast>\w+)\)|where\(resolve\(\) is (?P<only>\w+)\)"
    r"|where\((?P<where>\w+)='(?P<value>\w+)'\)|(?P<key>\w+))"
)
_CAST = re.compile(r"\((?P<path>[\w.]+) as (?P<cast>\w+)\)")
_IN_BRACKETS = re.compile(r"\((?P<path>[\w.]+\.ofType\(\w+\))\)")
_TRUE_IF_THERE = re.compile(r"(?P<path>[\w.]+)\.exists\(\) and (?P=path) != false")

Entry = dict[str, Any]


class Definitions:
    """HL7's definitions.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: File) -> None:
        self.parameters = list(_resources(folder / "search-parameters.json"))
        self._by_url = {each["url"]: each for each in self.parameters}
        self._value_sets = {
            each["url"]: each
            for each in _resources(folder / "valuesets.json")
            if each["resourceType"] == "ValueSet"
        }
        self._bindings: dict[str, str] = {}
        for name in ("profiles-types.json", "profiles-resources.json"):
            for each in _resources(folder / name):
                for element in (each.get("snapshot") or {}).get("element", ()):
                    bound = element.get("binding") or {}
                    if bound.get("strength") == "required" and "valueSet" in bound:
                        self._bindings[element["path"]] = bound["valueSet"].partition("|")[0]

    def declared(self, type_name: str) -> dict[str, Entry]:
        """The entries of one type by code."""
        found = (each for each in self.parameters if type_name in each["base"])
        return {
            each["code"]: self._entry(type_name, each)
            for each in sorted(found, key=lambda each: str(each["code"]))
        }

    def _entry(self, type_name: str, parameter: Mapping[str, Any]) -> Entry:
        kind, expression = parameter["type"], parameter["expression"]
        entry: Entry = {"type": kind}
        info = type_info(type_name)
        if kind == "composite":
            entry["at"] = [part.partition(".")[2] for part in _parts(expression, type_name)]
            at = entry["at"][-1]
            inside = _inside(info, at)
            entry["of"] = [self._component(inside, each) for each in parameter["component"]]
        else:
            entry |= self._simple(type_name, info, kind, _parts(expression, type_name))
        if kind == "reference" and "target" not in entry:
            targets = parameter["target"]
            entry["target"] = ["*"] if len(targets) > _SUBJECTS_OF_ALL else targets
        name = parameter["url"].rsplit("/", 1)[-1]
        if name != f"{type_name}-{parameter['code']}":
            entry["url"] = name
        return entry

    def _component(self, inside: TypeInfo, component: Mapping[str, str]) -> Entry:
        defined = self._by_url[component["definition"]]
        expression = component["expression"]
        name = component["definition"].rsplit("/", 1)[-1]
        expression = _MISPRINTS.get((name, expression), expression)
        parts = [f"X.{part.strip()}" for part in expression.split("|")]
        entry: Entry = {"type": defined["type"]}
        if defined["type"] == "reference":
            entry["target"] = defined["target"]
        return entry | self._simple(inside.path, inside, defined["type"], parts)

    def _simple(self, owner: str, info: TypeInfo, kind: str, parts: Iterable[str]) -> Entry:
        entry: Entry = {}
        paths: list[str] = []
        systems: set[str | None] = set()
        for part in parts:
            there = _TRUE_IF_THERE.fullmatch(part)
            steps = _steps(there["path"] if there else part)
            for path, datatype, last in _ends(info, steps):
                if datatype in DATATYPES[kind]:
                    paths.append(f"{path}:{_AS.get(datatype, datatype)}")
                elif there:
                    paths.append(f"{path}:present")
                systems.add(self._system(owner, path, last) if datatype == "code" else None)
            if there:
                entry["absent"] = "false"
            only = next((step["only"] for step in steps if step["only"]), None)
            if only:
                entry |= {"only": True, "target": [only]}
        if not paths:
            raise SystemExit(f"nothing of {owner} can be compared as {kind}: {list(parts)}")
        entry["path"] = list(dict.fromkeys(paths))
        if len(systems) == 1 and None not in systems:
            entry["system"] = systems.pop()
        order = ("only", "path", "target", "absent", "system")
        return {name: entry[name] for name in order if name in entry}

    def _system(self, owner: str, path: str, last: str) -> str | None:
        """The system that a code has by the value set to which its element is bound."""
        bound = self._bindings.get(f"{owner}.{path}") or self._bindings.get(last)
        include = (self._value_sets.get(bound or "", {}).get("compose") or {}).get("include", ())
        systems = {each.get("system") for each in include}
        return str(systems.pop()) if len(systems) == 1 and None not in systems else None


def text_of(declared: Mapping[str, Mapping[str, Entry]]) -> str:
    """The file's text: a line for each parameter."""
    types = []
    for name, entries in declared.items():
        lines = [f"    {json.dumps(code)}: {json.dumps(each)}" for code, each in entries.items()]
        types.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(types) + "\n}\n"


def derived(folder: File) -> str:
    """The text of ``search_parameters.json`` by the definitions in a folder."""
    definitions = Definitions(folder)
    return text_of({name: definitions.declared(name) for name in TYPES})


def _resources(file: File) -> Iterator[dict[str, Any]]:
    for entry in json.loads(file.read_text(encoding="utf-8"))["entry"]:
        yield entry["resource"]


def _parts(expression: str, type_name: str) -> list[str]:
    """The alternatives of an expression that are about a type."""
    parts = [part.strip() for part in expression.split(" | ")]
    return [part for part in parts if re.match(rf"\(?{type_name}\b", part)]


def _steps(part: str) -> list[dict[str, str | None]]:
    """The steps behind the type's name: keys, casts and conditions."""
    text = _CAST.sub(r"\g<path>.as(\g<cast>)", part)
    text = _IN_BRACKETS.sub(r"\g<path>", text)
    name = re.match(r"\w+", text)
    rest = text[name.end() :] if name else text
    steps = [match.groupdict() for match in _STEP.finditer(rest)]
    if "".join(match[0] for match in _STEP.finditer(rest)) != rest:
        raise SystemExit(f"this expression is not understood: {part}")
    return steps


def _ends(
    info: TypeInfo, steps: list[dict[str, str | None]], before: str = ""
) -> Iterator[tuple[str, str, str]]:
    """What stands at the end of a path: (JSON path, datatype, the element's place in its type)."""
    step, rest = steps[0], steps[1:]
    key = step["key"]
    assert key is not None
    cast = rest[0]["cast"] if rest else None
    rest = rest[1:] if cast else rest
    for name in _named(info, key, cast):
        element = info.elements[name]
        path = f"{before}{name}"
        condition = ""
        if rest and rest[0]["where"]:
            condition = f"[{rest[0]['where']}={rest[0]['value']}]"
        left = [each for each in rest if each["key"] or each["cast"]]
        if left and element.type is not None and element.primitive is None:
            yield from _ends(element.type, left, f"{path}.")
            continue
        datatype = element.primitive or (element.type.path if element.type else "")
        yield f"{path}{condition}", datatype, f"{info.path}.{name}"


def _named(info: TypeInfo, key: str, cast: str | None) -> list[str]:
    """The JSON names of an element: one, or those of a choice such as ``value[x]``."""
    if key in info.elements:
        return [key]
    names = [n for group, names, _ in info.choices if group in (key, f"{key}_x", f"{key}[x]")
             for n in names]  # fmt: skip
    if cast is not None:
        names = [n for n in names if n.casefold() == f"{key}{cast}".casefold()]
    return [name for name in names if name in info.elements]


def _inside(info: TypeInfo, path: str) -> TypeInfo:
    for key in path.split(".") if path else ():
        inner = info.elements[key].type
        assert inner is not None
        info = inner
    return info


if __name__ == "__main__":
    sys.stdout.write(derived(File(sys.argv[1])))
