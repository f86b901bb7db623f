"""The case: which states its Tasks have, what moves them, and who may. Pure rules, no I/O.

The one table below is drawn into `docs/states.md` by `draw` and is what every write is checked
against. It follows the FHIR R4 Task state machine as narrowed by HL7's Clinical Order Workflows
(in progress is never cancelled) with the endings that care 20 keeps apart in `businessStatus`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The two kinds of Task that a case has."""

    TRIAGE = "triage"
    """Asks a link-worker service to look after the person; one in every case."""
    PROVIDER = "provider"
    """Asks a community provider for a place; part of the triage Task (care 5)."""


class Actor(StrEnum):
    """Who may move a Task."""

    SENDER = "sender"
    LINK_WORKER = "link-worker"
    PROVIDER = "provider"
    COORDINATOR = "coordinator"
    CLOCK = "clock"
    PERSON = "person"
    """Whom the case is about, by the link in a message to them (care 16)."""


@dataclass(frozen=True)
class State:
    """A Task's `status` and the finer `businessStatus` beside it."""

    status: str
    business: str

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen in this Task."""
        return self.status in ENDINGS

    def __str__(self) -> str:
        return f"{self.status}/{self.business}"


ENDINGS = frozenset({"completed", "rejected", "failed", "cancelled"})


@dataclass(frozen=True)
class Transition:
    """One allowed move.

    Attributes:
        kind: which kind of Task it moves.
        action: what is done, in one word or two; the same word in the API, the events and the docs.
        sources: the states from which it may be done.
        target: the state afterwards; None where the state stays as it is.
        actors: who may do it.
        reason: whether a reason code must come with it.
    """

    kind: Kind
    action: str
    sources: frozenset[State]
    target: State | None
    actors: frozenset[Actor]
    reason: bool = False

    def after(self, source: State) -> State:
        """The state to which it leads from one of its sources."""
        return self.target or source


def _states(*names: str) -> frozenset[State]:
    return frozenset(State(*name.split("/")) for name in names)


def _move(
    kind: Kind, action: str, sources: str, target: str, actors: str, *, reason: bool = False
) -> Transition:
    return Transition(
        kind,
        action,
        _states(*sources.split()),
        None if target == _SAME else State(*target.split("/")),
        frozenset(Actor(actor) for actor in actors.split()),
        reason,
    )


NEW = State("requested", "new")
UNROUTED = State("requested", "unrouted")
AWAITING_ANSWER = State("requested", "awaiting-answer")
SELECTED = State("accepted", "selected")
"""Where a request begins of whoever came to the provider by themselves: nobody asked for it."""
WITH_PROVIDER = State("on-hold", "with-provider")
"""Somebody came to a provider by themselves, and does not want link workers to hear of it."""

_SAME = "same"
_WAITING = "requested/new requested/unrouted"
_WORKING = (
    "accepted/triage-accepted in-progress/person-accepted in-progress/provider-asked "
    "in-progress/place-found on-hold/nothing-fits in-progress/withdrawal-asked"
)
_ACTIVE = "in-progress/person-accepted in-progress/provider-asked in-progress/place-found"
_T, _P = Kind.TRIAGE, Kind.PROVIDER
_ASKED = "requested/awaiting-answer received/waiting-list"
_PLACE = "accepted/offered accepted/selected"
_RUNNING = "in-progress/started in-progress/attended"

TRANSITIONS: tuple[Transition, ...] = (
    # --- triage: the link-worker service looks after the person --------------------------------
    _move(_T, "route", "requested/unrouted", "requested/new", "coordinator"),
    _move(_T, "accept", "requested/new", "accepted/triage-accepted", "link-worker"),
    _move(_T, "return", _WAITING, "rejected/returned", "link-worker coordinator", reason=True),
    _move(
        _T,
        "person-accepts",
        "accepted/triage-accepted",
        "in-progress/person-accepted",
        "link-worker",
    ),
    _move(
        _T,
        "ask",
        "accepted/triage-accepted on-hold/nothing-fits " + _ACTIVE,
        "in-progress/provider-asked",
        "link-worker",
    ),
    _move(
        _T,
        "place-found",
        "in-progress/person-accepted in-progress/provider-asked",
        "in-progress/place-found",
        "provider coordinator link-worker",
    ),
    _move(
        _T,
        "still-asking",
        "in-progress/place-found",
        "in-progress/provider-asked",
        "link-worker provider coordinator clock person",
    ),
    _move(
        _T,
        "look-again",
        "in-progress/provider-asked in-progress/place-found",
        "in-progress/person-accepted",
        "link-worker provider coordinator clock person",
    ),
    _move(_T, "hold", _ACTIVE, "on-hold/nothing-fits", "link-worker"),
    _move(
        _T,
        "ask-withdrawal",
        "in-progress/provider-asked in-progress/place-found",
        "in-progress/withdrawal-asked",
        "sender",
    ),
    _move(_T, "withdraw", _WAITING + " accepted/triage-accepted", "cancelled/withdrawn", "sender"),
    _move(_T, "withdraw-started", _ACTIVE + " on-hold/nothing-fits", "failed/withdrawn", "sender"),
    _move(
        _T, "complete", _ACTIVE + " in-progress/withdrawal-asked", "completed/closed", "link-worker"
    ),
    _move(_T, "not-reached", "accepted/triage-accepted", "failed/not-reached", "link-worker"),
    _move(
        _T, "person-declines", "accepted/triage-accepted", "failed/person-declined", "link-worker"
    ),
    _move(
        _T,
        "person-ends",
        _ACTIVE + " on-hold/nothing-fits in-progress/withdrawal-asked",
        "failed/person-ended-early",
        "link-worker",
    ),
    _move(
        _T, "nothing-fits", _ACTIVE + " on-hold/nothing-fits", "failed/nothing-fits", "link-worker"
    ),
    _move(_T, "died-or-moved", _WORKING, "failed/died-or-moved", "link-worker"),
    _move(
        _T,
        "hand-over",
        "requested/new " + _WORKING,
        _SAME,
        "link-worker coordinator",
        reason=True,
    ),
    _move(_T, "tell-team", "on-hold/with-provider", "requested/new", "provider"),
    _move(_T, "tell-hub", "on-hold/with-provider", "requested/unrouted", "provider"),
    _move(
        _T,
        "end-with-provider",
        "on-hold/with-provider",
        "completed/with-provider",
        "provider coordinator person",
    ),
    # --- provider: a community provider is asked for a place -----------------------------------
    _move(_P, "offer", _ASKED, "accepted/offered", "provider coordinator"),
    _move(_P, "accept", _ASKED, "accepted/selected", "provider coordinator"),
    _move(
        _P,
        "waiting-list",
        "requested/awaiting-answer",
        "received/waiting-list",
        "provider coordinator",
    ),
    _move(
        _P,
        "decline",
        _ASKED,
        "rejected/provider-declined",
        "provider coordinator",
        reason=True,
    ),
    _move(_P, "expire", "requested/awaiting-answer", "cancelled/provider-silent", "clock"),
    _move(_P, "choose", "accepted/offered", "accepted/selected", "link-worker"),
    _move(_P, "not-chosen", _ASKED + " " + _PLACE, "cancelled/not-chosen", "link-worker"),
    _move(
        _P,
        "cancel",
        _ASKED + " " + _PLACE,
        "cancelled/cancelled",
        "link-worker person",
        reason=True,
    ),
    _move(_P, "withdraw", _ASKED + " " + _PLACE, "cancelled/withdrawn", "sender"),
    _move(_P, "start", "accepted/selected", "in-progress/started", "provider coordinator"),
    _move(
        _P,
        "attend",
        "accepted/selected " + _RUNNING,
        "in-progress/attended",
        "provider coordinator",
    ),
    _move(
        _P,
        "not-attended",
        "accepted/selected in-progress/started",
        "failed/did-not-come",
        "provider coordinator",
    ),
    _move(_P, "complete", _RUNNING, "completed/completed", "provider coordinator"),
    _move(
        _P,
        "end-early",
        _RUNNING,
        "failed/person-ended-early",
        "provider coordinator link-worker",
    ),
)
"""States, moves and who may make them: the single declaration."""

CLOSINGS = {
    "completed": "complete",
    "not-reached": "not-reached",
    "person-declined": "person-declines",
    "person-ended-early": "person-ends",
    "nothing-fits": "nothing-fits",
    "died-or-moved": "died-or-moved",
}
"""How a link worker may close a case (care 20), and the move that does it."""

DECLINE_REASONS = (
    "full",
    "not-suitable",
    "outside-area",
    "outside-criteria",
    "cannot-meet-access-need",
    "closed",
    "other",
)
"""Why a provider declines; codes only, so that no personal data can slip into an event."""

CANCEL_REASONS = ("person-changed-mind", "asked-by-mistake", "case-closed", "other")
"""Why a link worker takes a request back."""

RETURN_REASONS = ("not-for-social-prescribing", "wrong-area", "already-supported", "other")
"""Why a link-worker service returns a referral to its sender."""

HAND_OVER_REASONS = ("wrong-team", "moved-home", "cover", "asked-by-person", "other")
"""Why a case goes to another link-worker service; `cover` is for leave, illness or a full list."""

REASONS: dict[tuple[Kind, str], tuple[str, ...]] = {
    (Kind.PROVIDER, "decline"): DECLINE_REASONS,
    (Kind.PROVIDER, "cancel"): CANCEL_REASONS,
    (Kind.TRIAGE, "return"): RETURN_REASONS,
    (Kind.TRIAGE, "hand-over"): HAND_OVER_REASONS,
}

URGENT = frozenset({"asap", "stat"})
"""Priorities that a referral may have, and that no referral is the right answer to (care 11)."""

SHAREABLE = ("name", "phone", "email", "address", "birth-date", "language", "access-needs", "carer")
"""What a person may agree to share with a provider (care 7, agreement b)."""


class Refused(Exception):
    """A move that the table does not allow.

    Args:
        code: an R4 issue type: `forbidden` (not this actor), `conflict` (the Task has moved on) or
            `business-rule` (no such move at all, or something is missing).
        words: what is wrong and, where it helps, what is possible; no personal data.
        element: the element at fault, such as `Task.status`.
    """

    def __init__(self, code: str, words: str, element: str = "Task.status") -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.element = element


def decide(
    kind: Kind, current: State, action: str, actor: Actor, reason: str | None = None
) -> Transition:
    """The transition that `action` makes from `current`.

    Raises:
        Refused: the table has no such move for this actor from this state.
    """
    named = [each for each in TRANSITIONS if each.kind == kind and each.action == action]
    if not named:
        raise Refused("business-rule", f"There is no such step: {action}.")
    if not any(actor in each.actors for each in named):
        raise Refused("forbidden", f"A {actor} may not {action.replace('-', ' ')} here.")
    for transition in named:
        if current in transition.sources:
            _check_reason(transition, reason)
            return transition
    raise Refused("conflict", _moved_on(current, action))


def move(kind: Kind, current: State, status: str, business: str | None, actor: Actor) -> str:
    """The action by which `actor` may bring a Task to `status` (and `business`, where given).

    This is how an update of the Task resource is understood. Where several actions lead there,
    the first in the table that starts from `current` is meant.

    Raises:
        Refused: nothing leads there from here for this actor.
    """
    reached = [
        each
        for each in TRANSITIONS
        if each.kind == kind
        and each.target is not None
        and each.target.status == status
        and (business is None or each.target.business == business)
    ]
    for each in reached:
        if current in each.sources and actor in each.actors:
            return each.action
    if current.ended:
        raise Refused("conflict", _moved_on(current, status))
    if any(current in each.sources for each in reached):
        raise Refused("forbidden", f"A {actor} may not set this Task to {status}.")
    if any(actor in each.actors for each in reached):
        raise Refused("conflict", _moved_on(current, status))
    raise Refused("business-rule", f"A Task cannot go from {current} to {status}.")


def leads_to(kind: Kind, status: str, business: str) -> bool:
    """Whether any move of the table leads to this status with this businessStatus."""
    wanted = State(status, business)
    return any(each.kind == kind and each.target == wanted for each in TRANSITIONS)


def _check_reason(transition: Transition, reason: str | None) -> None:
    allowed = REASONS.get((transition.kind, transition.action))
    if transition.reason and not reason:
        raise Refused(
            "business-rule",
            f"Give a reason: {', '.join(allowed or ())}.",
            "Task.statusReason",
        )
    if reason is not None and allowed is not None and reason not in allowed:
        raise Refused(
            "business-rule",
            f"The reason must be one of: {', '.join(allowed)}.",
            "Task.statusReason",
        )


def _moved_on(current: State, wanted: str) -> str:
    if current.ended:
        return f"This Task has ended ({current}); nothing was changed."
    return (
        f"This Task is {current} now, from where '{wanted}' is not possible; nothing was changed."
    )


def states(kind: Kind) -> list[State]:
    """Every state of a kind of Task, first mentioned first."""
    found: dict[State, None] = {}
    for each in TRANSITIONS:
        if each.kind == kind:
            sources = sorted(each.sources, key=str)
            found |= dict.fromkeys(sources) | dict.fromkeys(map(each.after, sources))
    return list(found)


def draw(kind: Kind) -> Iterator[str]:
    """The state diagram of one kind of Task, as lines of Mermaid."""
    yield "stateDiagram-v2"
    for start in _starts(kind):
        yield f"    [*] --> {_node(start)}"
    for each in TRANSITIONS:
        if each.kind == kind:
            for source in sorted(each.sources, key=str):
                yield f"    {_node(source)} --> {_node(each.after(source))}: {each.action}"
    for state in states(kind):
        if state.ended:
            yield f"    {_node(state)} --> [*]"


def table(kind: Kind) -> Iterator[str]:
    """The transitions of one kind of Task, as lines of a Markdown table."""
    yield "| step | from | to | who |"
    yield "|---|---|---|---|"
    for each in TRANSITIONS:
        if each.kind == kind:
            who = _list(each.actors)
            to = each.target or "stays as it is"
            yield f"| {each.action} | {_list(each.sources)} | {to} | {who} |"


def _starts(kind: Kind) -> tuple[State, ...]:
    return (NEW, UNROUTED, WITH_PROVIDER) if kind is Kind.TRIAGE else (AWAITING_ANSWER, SELECTED)


def _node(state: State) -> str:
    return str(state).replace("/", "__").replace("-", "_")


def _list(values: Iterable[object]) -> str:
    return ", ".join(sorted(str(value) for value in values))
