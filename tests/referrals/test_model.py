"""The case searched to the end: every situation that any sequence of steps can bring about.

The states of both kinds of Task together, moved by the handlers themselves (see `paper`). The
table alone is searched in `test_states`; what couples the Tasks (following, withdrawing, closing,
choosing) is not in the table, and is here.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from services.referrals import causes
from services.referrals.causes import CAUSES, SILENT, cause_of
from services.referrals.domain import (
    NEW,
    SELECTED,
    TRANSITIONS,
    UNROUTED,
    WITH_PROVIDER,
    Kind,
    State,
    states,
)
from services.referrals.readers import is_apart
from shared.messaging.events import CATALOGUE, CaseEvent, NotificationEvent
from tests.referrals.paper import Move, PaperFile, Situation, moves

SENT = (Situation(NEW), Situation(UNROUTED))
CAME = Situation(WITH_PROVIDER, (SELECTED,))
"""Somebody who came to a provider by themselves, of whom nobody else hears yet."""
STARTS = (*SENT, CAME)
Made = tuple[Situation, Move, PaperFile]


class Search:
    """Every situation, and every step that was allowed, with the case after it.

    Args:
        most: how many providers' Tasks a case has at most, for it must end somewhere.
        forget: leave out of a situation the Tasks that ended.
        starts: where it begins.
    """

    def __init__(self, most: int, *, forget: bool, starts: Sequence[Situation]) -> None:
        self.situations = set(starts)
        self.made: list[Made] = []
        self._most = most
        edge = list(starts)
        while edge:
            situation = edge.pop()
            for move, after in self._tried(situation):
                now = after.situation.forgetting() if forget else after.situation
                self.made.append((situation, move, after))
                if now not in self.situations:
                    self.situations.add(now)
                    edge.append(now)

    def _tried(self, situation: Situation) -> Iterator[tuple[Move, PaperFile]]:
        for move in moves(situation):
            after = move.make(situation)
            if after is not None and len(after.provider_tasks()) <= self._most:
                yield move, after


@cache
def search(most: int, *, forget: bool, starts: Sequence[Situation] = STARTS) -> Search:
    return Search(most, forget=forget, starts=starts)


every = pytest.fixture(params=[(2, False), (3, True)], ids=["two providers", "three at once"])


@every
def searched(request: pytest.FixtureRequest) -> Search:
    most, forget = request.param
    return search(most, forget=forget)


@every
def sent(request: pytest.FixtureRequest) -> Search:
    """Only what a sender's referral can come to."""
    most, forget = request.param
    return search(most, forget=forget, starts=SENT)


def test_the_search_is_not_a_small_one(searched: Search):
    assert len(searched.situations) > 100
    assert len(searched.made) > 1000


def test_a_task_that_has_ended_changes_nothing_that_happens_to_the_others():
    # Or the second search might forget too much.
    searched = search(2, forget=False)
    led: dict[Situation, set[tuple[str, str, Situation]]] = {}
    for situation, move, after in searched.made:
        if not move.name.startswith("ask"):
            to = after.situation.forgetting()
            led.setdefault(situation, set()).add((move.name, move.actor, to))
    alike: dict[Situation, set[tuple[str, str, Situation]]] = {}
    for situation in searched.situations:
        steps = led.get(situation, set())
        assert alike.setdefault(situation.forgetting(), steps) == steps, str(situation)


def test_every_declared_state_comes_about(searched: Search):
    after = [file.situation for _, _, file in searched.made]
    assert {each.triage for each in [*STARTS, *after]} == set(states(Kind.TRIAGE))
    assert {s for each in after for s in each.providers} == set(states(Kind.PROVIDER))


def test_every_situation_is_an_ending_or_leads_to_one(searched: Search):
    before: dict[Situation, set[Situation]] = {}
    for situation, _, after in searched.made:
        for now in (after.situation, after.situation.forgetting()):
            before.setdefault(now, set()).add(situation)
    edge = {each for each in searched.situations if each.triage.ended}
    can_end = set(edge)
    while edge:
        edge = {each for now in edge for each in before.get(now, ())} - can_end
        can_end |= edge
    assert sorted(map(str, searched.situations - can_end)) == []


def test_nothing_happens_any_more_in_a_case_that_has_ended(searched: Search):
    # But that a sender may revoke again, which changes nothing.
    for situation, move, after in searched.made:
        if situation.triage.ended:
            assert (move.name, after.situation, after.events) == ("revoke", situation, [])


def test_a_sender_can_revoke_whatever_has_happened(sent: Search):
    revoked = {situation for situation, move, _ in sent.made if move.name == "revoke"}
    assert revoked == sent.situations


def test_no_ending_of_a_task_is_ever_reopened(searched: Search):
    for situation, move, after in searched.made:
        ended = Counter(state for state in situation.providers if state.ended)
        assert ended <= Counter(after.situation.providers), f"{situation}: {move}"


def impossible(situation: Situation) -> str | None:
    """What is wrong with a situation, by the rules that no table of one Task can say."""
    open_, triage = situation.open, situation.triage
    if triage.ended and open_:
        return "a provider is left asking or waiting in a case that has ended"
    if triage.business in {"new", "unrouted", "triage-accepted", "returned"} and open_:
        return "a provider was asked before the person said yes"
    if triage.business == "nothing-fits" and open_:
        return "nothing fits, and a provider is being asked"
    running = [state for state in open_ if state.status == "in-progress"]
    if triage.business == "withdrawal-asked" and len(running) != len(open_):
        return "a provider is asked for a person whose referral was taken back"
    if sum(state == State("accepted", "selected") for state in open_) > 1:
        return "two providers are chosen at once (care 15)"
    placed = [s for s in situation.providers if s.status in {"accepted", "in-progress"}]
    placed += [s for s in situation.providers if s.status == "completed"]
    following = "place-found" if placed else "provider-asked" if open_ else "person-accepted"
    if triage.business in {"place-found", "provider-asked", "person-accepted"}:
        return None if triage.business == following else f"the triage Task is not {following}"
    return None


def test_no_impossible_pair_of_states_can_be_reached(sent: Search):
    wrong = {str(each): why for each in sent.situations if (why := impossible(each))}
    assert wrong == {}


def test_who_came_by_themselves_has_a_place_before_a_team_hears_and_nothing_else(searched: Search):
    wrong = {each: why for each in searched.situations if (why := impossible(each))}
    for each, why in wrong.items():
        assert why == "a provider was asked before the person said yes", str(each)
        (place,) = each.open
        assert place == SELECTED or place.status == "in-progress", str(each)


def test_every_event_has_exactly_one_cause_and_every_step_its_events(searched: Search):
    for situation, move, after in searched.made:
        if is_apart(after.triage):
            assert after.events == [], f"{situation}: nobody hears of it"
            continue
        told = Counter(cause_of(event) for event in after.events)
        steps = Counter(cause for step in after.steps for cause in CAUSES if step in cause.steps)
        assert told == steps, f"{situation}: {move}"


def test_a_step_is_told_or_follows_from_one_that_is():
    told = {step for cause in CAUSES for step in cause.steps}
    declared = {(each.kind, each.action) for each in TRANSITIONS}
    assert declared - told == {(Kind.TRIAGE, action) for action in SILENT}
    assert told <= declared


def test_every_step_of_the_table_is_made_by_some_sequence(searched: Search):
    steps = {step for _, _, after in searched.made for step in after.steps}
    assert steps == {(each.kind, each.action) for each in TRANSITIONS}


def test_every_cause_that_is_a_step_is_met(searched: Search):
    met = {cause_of(event) for _, _, after in searched.made for event in after.events}
    assert met == {cause for cause in CAUSES if cause.steps}


def test_only_who_is_named_in_the_table_makes_a_step(searched: Search):
    allowed = {(each.kind, each.action): each.actors for each in TRANSITIONS}
    for _, move, after in searched.made:
        assert all(move.actor in allowed[step] for step in after.steps), move


def test_the_service_announces_what_has_a_cause_and_nothing_else():
    # Declared rules, too, are met: what no step announces is named where something announces it.
    here = Path(causes.__file__)
    named = {
        node.id
        for source in here.parent.rglob("*.py")
        if source != here
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name)
    }
    known = {
        event.__name__
        for event in CATALOGUE.values()
        if issubclass(event, CaseEvent) and not issubclass(event, NotificationEvent)
    }
    assert named & known == {cause.event.__name__ for cause in CAUSES}
