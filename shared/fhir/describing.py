"""What is checked of a resource, as a page: ``python -m shared.fhir.describing``.

Drawn from the tables that the checks themselves read, so that the page cannot promise more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from shared.fhir.classes import type_info
from shared.fhir.elements import TypeInfo
from shared.fhir.invariants import invariants
from shared.fhir.profiles import profiles
from shared.fhir.types import all_types

_CONTAINERS = ("Bundle", "OperationOutcome", "Parameters")
_HEAD = """# What is checked of a FHIR resource

Drawn from the tables in `shared/fhir`; do not edit. To draw it again:
`python -m shared.fhir.describing > docs/conformance/validation.md`.

Of every resource that is written, alone, in a Bundle or contained, these hold: the elements, their
cardinalities and datatypes, and the types that references lead to, as FHIR R4 (4.0.1) has them; the
codes and rules below; and the profiles that it names in `meta.profile`, of those below. What is
refused is told [with its element](errors.md). `$validate` tells the same, and what would be
better.

"""

_RULES = """## Rules

A warning is told by `$validate` and stands against nothing. Beside these:

- txt-1 and txt-2 (narratives), ref-1 and ele-1. CDATA is taken in a narrative where a browser,
  which knows none in HTML, sees no element in it either.
- The `url` of an extension is absolute; within another extension it may be a name. HL7's own
  extensions stand only on what their definitions in R4 name; of others' nothing is known, and
  they are taken anywhere.
- Nothing stands beside an element's `id`, `Extension.url` or `Narrative.div` (as `_div`): R4 has
  the first two as attributes of XML, and xhtml without extensions. A resource's `id` may have
  extensions.
- `urn:oid:` is followed by an OID, in every uri, url, canonical and reference.
- A language may be any of BCP 47, beyond those that R4 prefers (elementdefinition-maxValueSet),
  and nothing else.
- R4 asks for an absolute `system` of codes only. Of an Identifier `$validate` advises it.

"""


def document() -> str:
    """The page."""
    return _HEAD + "\n".join(
        [*_profiles(), "", *_code_lists(), "", *_required(), "", *_rules(), ""]
    )


def _profiles() -> Iterator[str]:
    yield "## Profiles"
    yield ""
    yield "Each is read at `/fhir/StructureDefinition/` and its id, without a token. What a profile"
    yield "of UK Core asks for beside it is not checked, but for nhs-4 below. Examples are in"
    yield "[profiles](../profiles)."
    for definition in profiles().by_url.values():
        if definition["resourceType"] != "StructureDefinition":
            continue
        yield ""
        yield f"### {definition['title']}"
        yield ""
        yield f"`{definition['url']}`, from `{definition['baseDefinition']}`. " + str(
            definition["description"]
        )
        yield ""
        yield "| element | how often | what |"
        yield "|---|---|---|"
        for element in definition["differential"]["element"]:
            if "." in element["path"]:
                low, high = element.get("min", ""), element.get("max", "")
                often = f"{low}..{high}" if "min" in element or "max" in element else ""
                yield f"| {element['id']} | {often} | {_asked(element)} |"


def _asked(element: dict[str, object]) -> str:
    said = [str(element["short"])] if "short" in element else []
    binding = element.get("binding")
    if isinstance(binding, dict):
        said.append(f"{binding['strength']}: `{binding['valueSet']}`")
    said += [f"`{element[name]}`" for name in ("fixedUri", "patternCode") if name in element]
    pattern = element.get("patternCodeableConcept")
    if isinstance(pattern, dict):
        said += [f"`{each['code']}` of `{each['system']}`" for each in pattern["coding"]]
    types = element.get("type")
    for each in types if isinstance(types, list) else ():
        targets = [url.rpartition("/")[2] for url in each.get("targetProfile", ())]
        targets += [f"`{url}`" for url in each.get("profile", ())]
        said.append(", ".join(targets) or each["code"])
    return "; ".join(said)


def _code_lists() -> Iterator[str]:
    yield "## Value sets"
    yield ""
    yield "Each is read at `/fhir/ValueSet/` and its id. *Verified* says that the source of codes"
    yield "that are not Kersey's was checked."
    yield ""
    yield "| value set | codes |"
    yield "|---|---|"
    for definition in profiles().by_url.values():
        if definition["resourceType"] == "ValueSet":
            codes = [
                f"{', '.join(sorted(listed)) or 'any'} of `{system}`"
                for system, listed in profiles().codes(definition["url"]).items()
            ]
            marked = any(
                "extension" in concept
                for include in definition["compose"]["include"]
                for concept in include.get("concept", ())
            )
            said = " (verified)" if marked else ""
            yield f"| `{definition['id']}`: {definition['title']} | {'; '.join(codes)}{said} |"


def _required() -> Iterator[str]:
    yield "## Required codes"
    yield ""
    yield "Of the served types, what Bundles are made of, and their datatypes."
    yield ""
    yield "| element | codes |"
    yield "|---|---|"
    for path, codes in sorted(set(_bindings())):
        yield f"| {path} | {codes} |"


def _bindings() -> Iterator[tuple[str, str]]:
    for info in _types():
        for element in info.elements.values():
            path = f"{info.path}.{element.name}"
            if element.codes is not None:
                shown = element.codes.codes[:30]
                more = f" and {len(element.codes.codes) - 30} others"
                yield path, " ".join(shown) + (more if len(element.codes.codes) > 30 else "")
            elif element.concept is not None:
                for system, binding in element.concept.systems.items():
                    yield path, f"{' '.join(binding.codes)} (of `{system}`)"
            elif element.pattern is not None:
                if element.name == "language":
                    of_all = f"Resource.{element.name}" if info.resource else path
                    yield of_all, "a language tag (BCP 47)"
                else:
                    yield path, "a media type (BCP 13)"


def _types() -> Iterator[TypeInfo]:
    waiting = [type_info(name) for name in (*all_types(), *_CONTAINERS)]
    seen: set[str] = set()
    while waiting:
        info = waiting.pop()
        if info.path not in seen:
            seen.add(info.path)
            yield info
            waiting += [each.type for each in info.elements.values() if each.type is not None]


def _rules() -> Iterator[str]:
    yield from _RULES.splitlines()
    yield "| key | where | what |"
    yield "|---|---|---|"
    for path, rules in sorted(invariants().items()):
        for rule in rules:
            said = rule.human.replace("|", "\\|")
            warning = " (warning)" if rule.severity != "error" else ""
            yield f"| {rule.key} | {path} | {said}{warning} |"


if __name__ == "__main__":
    sys.stdout.write(document())
