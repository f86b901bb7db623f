"""From a query string to a SearchRequest (FHIR R4 search.html).

Refuse, don't guess: a filter that is not understood is an error, because leaving out a filter on
patients' data returns too much. Only with ``Prefer: handling=lenient`` is it left out, and then
the answer says so, and its ``self`` link does not show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import parse_qsl

from shared.fhir.outcome import FhirError, Issue, refusal
from shared.fhir.search.conditions import condition_of
from shared.fhir.search.parameters import Types
from shared.fhir.search.request import DEFAULT_COUNT, Condition, SearchRequest
from shared.fhir.search.shape import RESULT_PARAMETERS, Given, readers

#: Characters of a whole query: room for a thousand ids, and the answer's `self` repeats all of it.
MAX_QUERY = 64 * 1024


@dataclass(slots=True)
class _Draft:
    """What was understood so far, and what was not."""

    issues: list[Issue] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)

    def apply(self, given: Given, understand: Callable[[], None] | None) -> None:
        """Apply parameters, unless they are not understood: a client hears of all those at once."""
        try:
            if understand is not None:
                understand()
        except FhirError as error:
            self.issues += [each for each in error.issues if each not in self.issues]
        else:
            self.applied.extend(given)


def parse_query(query: str) -> list[tuple[str, str]]:
    """Name and value pairs of a query string or form body, in their order, percent-decoded."""
    if len(query) > MAX_QUERY:
        words = f"A search has {MAX_QUERY:,} characters at most."
        raise refusal(400, words, "http.query", code="too-long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=500)
    except ValueError as error:
        raise refusal(
            400, "The query could not be decoded.", "http.query", code="invalid"
        ) from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise refusal(400, "A query holds no NUL character.", "http.query", code="value")
    return pairs


def parse_search(
    types: Types,
    searched: str | Sequence[str],
    pairs: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    default_count: int = DEFAULT_COUNT,
) -> SearchRequest:
    """Understand a search.

    Args:
        types: the served types.
        searched: the type or types searched; each must be served. Of several, all must have each
            parameter (R4 http.html, search: parameters are common to the types).
        pairs: names and values in the order given.
        lenient: leave out what is not understood (``Prefer: handling=lenient``).
        default_count: matches per page where ``_count`` says nothing.

    Raises:
        FhirError: 400 naming every parameter that is not understood as ``http.<name>``.
    """
    names = (searched,) if isinstance(searched, str) else tuple(searched)
    ways: dict[str, list[Condition]] = {name: [] for name in names}
    shape: dict[str, list[tuple[str, str]]] = {}
    draft = _Draft()
    for name, value in pairs:
        base = name.partition(":")[0]
        if base in RESULT_PARAMETERS:
            shape.setdefault(base, []).append((name, value))
        elif value:  # R4: a parameter without value filters nothing
            draft.apply([(name, value)], partial(_understand, types, ways, name, value))
    members: dict[str, object] = {"count": default_count}
    read = readers(types, [types[name] for name in names], ways[names[0]])
    for base, given in shape.items():
        reader = read.get(base)
        draft.apply(given, partial(_read, members, reader, given) if reader else None)
    if draft.issues and not lenient:
        raise FhirError(400, draft.issues)
    several = tuple((name, tuple(conditions)) for name, conditions in ways.items())
    return SearchRequest(
        type=names[0] if len(names) == 1 else "",
        conditions=several[0][1] if len(names) == 1 else (),
        ways=several if len(names) > 1 else (),
        applied=tuple(draft.applied),
        left_out=tuple(_left_out(each) for each in draft.issues),
        **members,  # type: ignore[arg-type]
    )


def _understand(types: Types, ways: dict[str, list[Condition]], name: str, value: str) -> None:
    found = [condition_of(types, types[each], name, value) for each in ways]
    for each, condition in zip(ways.values(), found, strict=True):
        each.append(condition)


def _read(
    members: dict[str, object], reader: Callable[[Given], dict[str, object]], given: Given
) -> None:
    members.update(reader(given))


def _left_out(issue: Issue) -> Issue:
    """What a lenient client is told of a parameter that was left out."""
    return replace(issue, severity="warning", diagnostics=f"Left out: {issue.diagnostics}")
