"""The filters of a Subscription: searches that can be served, and that something can meet.

A filter that was misspelt would be silence that looks like good news, so whatever no resource can
meet is refused when it is registered.
"""

from collections.abc import Iterator

from services.referrals.disclosure import refuse_guessing
from shared.auth import Principal
from shared.fhir.bindings import CodeBinding
from shared.fhir.classes import type_info
from shared.fhir.outcome import FhirError, forbidden, rule_broken
from shared.fhir.search.parameters import SearchParam, Types
from shared.fhir.search.query import parse_query, parse_search
from shared.fhir.search.request import Chain, Condition, Filter, Has
from shared.fhir.search.shape import RESULT_PARAMETERS
from shared.scopes import may, narrowed

CRITERIA = "Subscription.criteria"


def check_filter(text: str, focus: str, types: Types, principal: Principal) -> None:
    """Refuse a filter that cannot be served.

    Args:
        text: such as `Task?status=accepted`.
        focus: the type of resource whose changes the topic tells.
        types: the served types, with what can be searched.
        principal: who wants to be told.

    Raises:
        FhirError: 422 for what is not understood and what nothing can meet; 403 for what looks
            into types that the client may not search, or by which a provider would learn who a
            person is.
    """
    resource_type, _, query = text.partition("?")
    if resource_type != focus:
        raise rule_broken(f"This topic tells changes of {focus}s: filter by {focus}?.", CRITERIA)
    try:
        pairs = parse_query(query)
        request = parse_search(types, resource_type, pairs)
    except FhirError as error:
        words = f"This filter is not understood: {error.issues[0].diagnostics}"
        raise rule_broken(words, CRITERIA) from error
    for name, value in pairs:
        if name.partition(":")[0] in RESULT_PARAMETERS:
            words = "A filter says which resources are meant; nothing in it shapes an answer."
            raise rule_broken(words, CRITERIA)
        if not value:
            raise rule_broken(f"{name} has no value, so it keeps nothing back.", CRITERIA)
    for condition in request.conditions:
        for param, value in _unmet(condition):
            allowed = ", ".join(_codes(param).codes)
            words = f"No {param.resource} has the {param.code} {value[:60]!r}; there are {allowed}."
            raise rule_broken(words, CRITERIA)
    for looked_into in request.types_searched():
        if looked_into == focus or may(principal, looked_into, "s"):
            continue
        if not narrowed(principal, looked_into, "s"):
            words = f"This filter looks into {looked_into}: it needs system/{looked_into}.s."
            raise forbidden(words, CRITERIA)
    refuse_guessing(request, principal)


def _unmet(condition: Condition) -> Iterator[tuple[SearchParam, str]]:
    """Codes that are asked for, and that the element's required binding does not have."""
    if isinstance(condition, Chain):
        for _, inner in condition.inner:
            yield from _unmet(inner)
    elif isinstance(condition, Has):
        yield from _unmet(condition.inner)
    elif isinstance(condition, Filter) and condition.modifier in {None, "not"}:
        allowed = _codes(condition.param).allowed
        for value in condition.values if allowed else ():
            system, _, code = value.rpartition("|")
            if code not in allowed or system not in {"", condition.param.system}:
                yield condition.param, value


_ANY = CodeBinding.of(())


def _codes(param: SearchParam) -> CodeBinding:
    """The codes that the element of a parameter may hold; none where they are not bound."""
    if len(param.paths) != 1 or param.paths[0].datatype != "code":
        return _ANY
    *above, name = param.paths[0].keys
    info = type_info(param.resource)
    for key in above:
        inner = info.elements[key].type
        if inner is None:
            return _ANY
        info = inner
    element = info.elements.get(name)
    return (element.codes if element else None) or _ANY
