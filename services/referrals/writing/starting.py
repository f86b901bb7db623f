"""Which requests start a referral, and what a sender is told of those that do not (care 1)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.fhir.outcome import Issue

NOT_STARTING = frozenset({"option"})
"""Intents that ask for nothing yet (R4 request-intent): one of several ways, none chosen.

`proposal` and `plan` start a referral as orders do: England's booking and referral standard (BaRS)
refers with `plan`, and a proposal to a link-worker service is what its triage is for.
"""


_NOT_UNDERSTOOD: Mapping[str, str] = MappingProxyType(
    {
        "modifierExtension": "It has an extension that changes its meaning and is not known here.",
        "implicitRules": "It follows rules that are not known here.",
    }
)
"""What makes a resource one that must not be acted on (R4 extensibility.html, resource.html)."""


def never_starts(request: Mapping[str, Any]) -> tuple[str, str] | None:
    """The element that makes a request none for a referral, and why; None where nothing does."""
    for element, why in _NOT_UNDERSTOOD.items():
        if request.get(element):
            return element, why
    if request.get("doNotPerform") is True:
        return "doNotPerform", "It asks that this is not done."
    if request.get("intent") in NOT_STARTING:
        return "intent", "An option asks for nothing yet."
    return None


def not_started(request: Mapping[str, Any], path: str) -> Issue | None:
    """What to tell the sender of a request that starts nothing now; None where it starts."""
    found = never_starts(request)
    if found is None and request.get("status") != "active":
        found = "status", "Its status is not active."
    if found is None:
        return None
    element, why = found
    words = f"No referral was started: {why[0].lower()}{why[1:]}"
    return Issue("warning", "business-rule", words, (f"{path}.{element}",))


WITHOUT_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "status": "The case goes on. To take the referral back, set its status to revoked.",
        "code": "The case stays with whom it was sent to. To send it elsewhere, set this request's"
        " status to revoked and send a new one.",
        "requester": "The case stays with whom it was sent to, and its answers go where they went."
        " To send it for another, set this request's status to revoked and send a new one.",
    }
)
"""Elements of a running referral that its sender may change, and what that does not do."""


def changed_without_effect(
    before: Mapping[str, Any], wanted: Mapping[str, Any], path: str
) -> list[Issue]:
    """What to tell the sender of changes that the case does not follow."""
    return [
        Issue("warning", "business-rule", words, (f"{path}.{element}",))
        for element, words in WITHOUT_EFFECT.items()
        if before.get(element) != wanted.get(element)
    ]


def placed(issue: Issue, path: str, before: str = "ServiceRequest") -> Issue:
    """A remark whose elements begin with `path` instead of `before`."""
    places = tuple(place.replace(before, path, 1) for place in issue.expression)
    return Issue(issue.severity, issue.code, issue.diagnostics, places)
