"""`docs/conformance/search.md`, made by `python -m services.referrals.searchable`."""

import sys
from collections.abc import Iterator

from services.referrals.served import SERVED
from shared.fhir.search.conditions import MAX_HOPS, NOT_OFFERED, UNHELD, modifiers
from shared.fhir.search.contained import MAX_DEPTH
from shared.fhir.search.parameters import ANY_TYPE, Path, ResourceType, SearchParam
from shared.fhir.search.request import DEFAULT_COUNT
from shared.fhir.search.shape import MAX_COUNT, RESULT_PARAMETERS, includable
from shared.fhir.search.values import NEAR_KM
from shared.fhir.store.stored import TOTAL_LIMIT
from shared.fhir.types import COMMON

INTERACTIONS = (
    "read", "vread", "search-type", "history-instance", "history-type", "create", "update",
    "patch", "delete",
)  # fmt: skip

KINDS = {
    "string": "begins with the value, without regard to case, accents and further spaces",
    "token": "`code`, `system|code`, `|code`, `system|`; codes without regard to case, identifiers "
    "with it",
    "reference": "`id`, `Type/id`, this server's address or another's, a canonical URL with or "
    "without `|version`; any version of what it refers to",
    "date": "`eq` `ne` `gt` `lt` `ge` `le` `sa` `eb` `ap`, by the precision given, to the "
    "millisecond; without a zone it is London's",
    "quantity": "`number`, `number|system|code`, `number||unit`, with the same prefixes and the "
    "precision given; with UCUM's system, mass, length, volume, time, pressure, energy, amount and "
    "concentration are found in each other's multiples, other units as they are written",
    "uri": "the whole of it, letter by letter; a canonical without its version too; `:above` and "
    "`:below` follow the path of a URL, or the parts of a canonical's version: `url|2` has "
    "`url|2.1` below it",
    "composite": "`first$second`, both of one object",
    "special": f"`near=latitude|longitude|distance|units`; within {NEAR_KM} km where no distance "
    "is given, and in km where no unit is",
}


BEGIN = """\
# What can be searched

Made from the declarations; do not edit. To make it again:
`python -m services.referrals.searchable > docs/conformance/search.md`.

These are all search parameters that FHIR R4 (4.0.1) defines for the served types, but for those
named under [What is refused](#what-is-refused). `/fhir/metadata` has the same."""

HOW = f"""
Commas between values are *or*, a parameter given again is *and*; `\\,` `\\|` `\\$` `\\\\` are the
characters themselves. A parameter without value filters nothing. `:missing` takes `true` or
`false`. A token's `:text` begins with the value like a string. On a reference, `:Type` says to
which type it is, and `:above` and `:below` follow the tree of its type (a Location's `partOf`), or
of a canonical the path of its URL and the parts of its version.

Chains (`patient.name`, `focus:ServiceRequest.status`) and `_has` mix, {MAX_HOPS} links at most;
each link leads only to what the client may read, or to what the resource itself contains
({MAX_DEPTH} deep): what is contained is found by chains, and not by itself.

## The answer

Taken are {", ".join(f"`{each}`" for each in sorted(RESULT_PARAMETERS))}.
`_count` is {DEFAULT_COUNT} where none is given and {MAX_COUNT} at most. What has no value to sort
by comes last. `_sort=near` is nearest first, beside a `near`, from where that looks.
`_total=accurate` counts all; without it totals end at {TOTAL_LIMIT:,}. `_include` and `_revinclude`
take `*` and `:iterate`. `GET /fhir?_type=...` and `POST /fhir/_search` search several
types by parameters that all of them have, sorted by `_id` or `_lastUpdated`. Pages go on by
the `next` link.

## What is refused

A search that is not understood is a 400 that names the parameter: a filter that was left out would
return too much about people. With `Prefer: handling=lenient` it is left out, and an
OperationOutcome in the answer says so.

| parameter | why |
|---|---|"""


def document() -> str:
    """The page in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from BEGIN.splitlines()
    yield from _interactions()
    yield from _kinds()
    yield from HOW.splitlines()
    yield from _refusals()
    yield from ("", "## Parameters of every type", "")
    some = next(iter(SERVED.values()))
    yield from _table([some.params[code] for code in sorted(COMMON)])
    for name in sorted(SERVED):
        yield from ("", f"## {name}", "")
        params = SERVED[name].params
        yield from _table([params[code] for code in sorted(params) if code not in COMMON])


def _interactions() -> Iterator[str]:
    yield from ("", "## Types and interactions", "")
    yield f"| type | {' | '.join(INTERACTIONS)} |"
    yield "|---" * (len(INTERACTIONS) + 1) + "|"
    for name in sorted(SERVED):
        yield f"| {name} | {' | '.join(_offers(SERVED[name]))} |"


def _offers(declared: ResourceType) -> Iterator[str]:
    for each in INTERACTIONS:
        yield "yes" if declared.offers(each) else ""


def _kinds() -> Iterator[str]:
    yield from ("", "## Kinds of parameter", "", "| kind | what is matched |", "|---|---|")
    for kind, words in KINDS.items():
        yield f"| {kind} | {words.replace('|', chr(92) + '|')} |"


def _refusals() -> Iterator[str]:
    for code, words in NOT_OFFERED.items():
        yield f"| `{code}` | {words} |"
    for modifier, words in UNHELD.items():
        yield f"| a token's `:{modifier}` | {words} |"
    yield "| `_contained=true`, `both` | What is contained is not found by itself |"
    yield "| a uri's `:above`, `:below` with a URN | A URN has no path |"
    yield "| `value-quantity` of SampledData | It has no one value |"


def _table(params: list[SearchParam]) -> Iterator[str]:
    yield "| parameter | kind | elements | refers to | modifiers |"
    yield "|---|---|---|---|---|"
    for param in params:
        refers = ", ".join("any" if t == ANY_TYPE else t for t in param.targets)
        taken = " ".join(f"`:{each}`" for each in sorted(modifiers(param)))
        along = "" if not refers or includable(param) else " (no include)"
        yield f"| `{param.code}` | {param.type} | {_where(param)} | {refers}{along} | {taken} |"


def _where(param: SearchParam) -> str:
    if not param.of:
        return ", ".join(_place(path) for path in param.paths)
    pair = " $ ".join("/".join(_place(path) for path in part.paths) for part in param.of)
    return "; ".join(f"{'.'.join(keys)}: {pair}" if keys else pair for keys in param.at)


def _place(path: Path) -> str:
    condition = f" ({path.where[0]} is {path.where[1]})" if path.where else ""
    return f"`{path.dotted}`{condition}"


if __name__ == "__main__":  # pragma: no cover - what it writes is checked
    sys.stdout.write(document())
