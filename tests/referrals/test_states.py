"""The declared table of states, searched to the end: no trap, no way back, nobody too powerful."""

import subprocess
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest

from services.referrals import domain
from services.referrals.domain import (
    AWAITING_ANSWER,
    CLOSINGS,
    NEW,
    REASONS,
    SELECTED,
    TRANSITIONS,
    UNROUTED,
    WITH_PROVIDER,
    Actor,
    Kind,
    Refused,
    State,
    decide,
    draw,
    move,
    states,
    table,
)
from services.referrals.drawing import document

ROOT = Path(__file__).parents[2]
STARTS = {
    Kind.TRIAGE: (NEW, UNROUTED, WITH_PROVIDER),
    Kind.PROVIDER: (AWAITING_ANSWER, SELECTED),
}
EVERY_STATE = [(kind, state) for kind in Kind for state in states(kind)]
ACTIONS = {kind: sorted({t.action for t in TRANSITIONS if t.kind == kind}) for kind in Kind}
R4_TASK_STATUS = {
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled",
    "in-progress", "on-hold", "failed", "completed", "entered-in-error",
}  # fmt: skip


def reached(kind: Kind, starts: Iterable[State]) -> set[State]:
    """Every state that some sequence of steps leads to."""
    found: set[State] = set()
    edge = set(starts)
    while edge:
        found |= edge
        edge = {
            each.after(source)
            for each in TRANSITIONS
            if each.kind == kind
            for source in each.sources & edge
        } - found
    return found


def possible(kind: Kind, state: State, action: str, actor: Actor) -> str | None:
    """The code of the refusal, or None where the step may be made (with a reason)."""
    reasons = REASONS.get((kind, action))
    try:
        decide(kind, state, action, actor, reasons[0] if reasons else None)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(("kind", "state"), EVERY_STATE, ids=str)
def test_a_state_is_an_ending_or_can_be_left_for_one(kind: Kind, state: State):
    if not state.ended:
        assert any(each.ended for each in reached(kind, [state]))
    assert state.status in R4_TASK_STATUS


@pytest.mark.parametrize("kind", Kind)
def test_every_declared_state_can_come_about(kind: Kind):
    assert reached(kind, STARTS[kind]) == set(states(kind))


@pytest.mark.parametrize(("kind", "state"), [each for each in EVERY_STATE if each[1].ended])
def test_an_ending_is_never_reopened(kind: Kind, state: State):
    for action, actor in product(ACTIONS[kind], Actor):
        assert possible(kind, state, action, actor) in {"conflict", "forbidden"}
    for target, actor in product(states(kind), Actor):
        with pytest.raises(Refused) as refused:
            move(kind, state, target.status, target.business, actor)
        assert refused.value.code == "conflict"
        assert "ended" in refused.value.words


def test_what_runs_is_never_cancelled():
    # HL7 Clinical Order Workflows: in progress ends as completed or failed.
    for each in TRANSITIONS:
        if each.target and each.target.status == "cancelled":
            assert not any(source.status in {"in-progress", "on-hold"} for source in each.sources)


def test_one_state_and_action_lead_to_one_place():
    for kind, action in sorted({(each.kind, each.action) for each in TRANSITIONS}):
        sources = [
            source
            for each in TRANSITIONS
            if (each.kind, each.action) == (kind, action)
            for source in each.sources
        ]
        assert len(sources) == len(set(sources)), action


def test_the_endings_are_kept_apart():
    # Care 20: each has a businessStatus of its own.
    endings = {str(state) for kind, state in EVERY_STATE if state.ended}
    assert endings == {
        "rejected/returned", "cancelled/withdrawn", "failed/withdrawn", "completed/closed",
        "failed/not-reached", "failed/person-declined", "failed/person-ended-early",
        "failed/nothing-fits", "failed/died-or-moved", "rejected/provider-declined",
        "cancelled/provider-silent", "cancelled/not-chosen", "cancelled/cancelled",
        "failed/did-not-come", "completed/completed",
        "completed/with-provider",
    }  # fmt: skip


@pytest.mark.parametrize("outcome", CLOSINGS)
def test_every_outcome_ends_the_triage_task(outcome: str):
    targets = {each.target for each in TRANSITIONS if each.action == CLOSINGS[outcome]}
    assert all(target and target.ended for target in targets)


@pytest.mark.parametrize(("kind", "action"), REASONS)
def test_a_reason_is_asked_for_by_name_and_no_other_is_taken(kind: Kind, action: str):
    (transition,) = [each for each in TRANSITIONS if (each.kind, each.action) == (kind, action)]
    state, actor = min(transition.sources, key=str), min(transition.actors)
    assert transition.reason
    for reason in REASONS[kind, action]:
        assert decide(kind, state, action, actor, reason) is transition
    for missing in (None, "", "because-i-say-so"):
        with pytest.raises(Refused) as refused:
            decide(kind, state, action, actor, missing)
        assert refused.value.element == "Task.statusReason"
        assert REASONS[kind, action][0] in refused.value.words


def test_nothing_else_asks_for_a_reason():
    assert {(each.kind, each.action) for each in TRANSITIONS if each.reason} == set(REASONS)


@pytest.mark.parametrize("actor", Actor)
def test_an_actor_makes_only_the_steps_that_name_it(actor: Actor):
    for kind, state in EVERY_STATE:
        for action in ACTIONS[kind]:
            named = any(
                (each.kind, each.action) == (kind, action)
                and state in each.sources
                and actor in each.actors
                for each in TRANSITIONS
            )
            assert (possible(kind, state, action, actor) is None) == named


def test_a_provider_never_moves_a_triage_task_but_by_its_own_answer():
    moves = {
        each.action
        for each in TRANSITIONS
        if each.kind is Kind.TRIAGE and Actor.PROVIDER in each.actors
    }
    # The last three are of whoever came by themselves, and of no other case.
    assert moves == {
        "place-found", "still-asking", "look-again", "tell-team", "tell-hub", "end-with-provider",
    }  # fmt: skip


def test_a_step_that_does_not_exist_is_refused_in_words():
    with pytest.raises(Refused, match="no such step: teleport") as refused:
        decide(Kind.PROVIDER, AWAITING_ANSWER, "teleport", Actor.PROVIDER)
    assert refused.value.code == "business-rule"


def test_a_hand_over_moves_nothing_and_no_update_of_a_task_means_it():
    for state in states(Kind.TRIAGE):
        if state.ended or state in (UNROUTED, WITH_PROVIDER):
            assert possible(Kind.TRIAGE, state, "hand-over", Actor.LINK_WORKER) == "conflict"
        else:
            assert decide_target(Kind.TRIAGE, state, "hand-over", Actor.LINK_WORKER) == state
        for target, actor in product(states(Kind.TRIAGE), Actor):
            assert meant(state, target, actor) != "hand-over"


def meant(state: State, target: State, actor: Actor) -> str | None:
    try:
        return move(Kind.TRIAGE, state, target.status, target.business, actor)
    except Refused:
        return None


def test_an_update_means_the_step_that_leads_there():
    for each in (each for each in TRANSITIONS if each.target):
        for source, actor in product(each.sources, each.actors):
            target = each.after(source)
            action = move(each.kind, source, target.status, target.business, actor)
            assert decide_target(each.kind, source, action, actor) == target


def decide_target(kind: Kind, source: State, action: str, actor: Actor) -> State:
    reasons = REASONS.get((kind, action))
    reason = reasons[0] if reasons else None
    return decide(kind, source, action, actor, reason).after(source)


def test_an_update_to_where_nobody_goes_is_refused_by_kind_of_fault():
    def code(state: State, status: str, actor: Actor) -> str:
        with pytest.raises(Refused) as refused:
            move(Kind.PROVIDER, state, status, None, actor)
        return refused.value.code

    assert code(AWAITING_ANSWER, "entered-in-error", Actor.PROVIDER) == "business-rule"
    assert code(AWAITING_ANSWER, "accepted", Actor.SENDER) == "forbidden"
    assert code(State("accepted", "selected"), "accepted", Actor.PROVIDER) == "conflict"
    assert code(AWAITING_ANSWER, "failed", Actor.SENDER) == "business-rule"


@pytest.mark.parametrize("kind", Kind)
def test_the_drawing_shows_every_step_and_every_ending(kind: Kind):
    drawn = list(draw(kind))
    assert drawn[0] == "stateDiagram-v2"
    arrows = sum(len(each.sources) for each in TRANSITIONS if each.kind == kind)
    ends = sum(state.ended for state in states(kind))
    assert len(drawn) == 1 + len(STARTS[kind]) + arrows + ends
    assert len(list(table(kind))) == 2 + sum(each.kind == kind for each in TRANSITIONS)
    assert any("accepted" in line and "|" in line for line in table(kind))


def test_the_page_on_states_is_the_table_of_today():
    written = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert written == document(), "draw it: python -m services.referrals.drawing > docs/states.md"


def test_the_documented_command_draws_the_page():
    drawn = subprocess.run(
        [sys.executable, "-m", "services.referrals.drawing"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert drawn.stdout == document()


def test_domain_knows_no_http_no_database_and_no_fhir():
    source = Path(domain.__file__).read_text(encoding="utf-8")
    imports = {
        line.split()[1] for line in source.splitlines() if line.startswith(("from ", "import "))
    }
    assert imports == {"collections.abc", "dataclasses", "enum"}
