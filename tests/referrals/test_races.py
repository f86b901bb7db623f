"""200 races of each kind that matters: one is told that it lost, and nothing impossible is left.

How often which side won is printed at the end of the run.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from shared.fhir.json import parse
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import TEAM, TEAM_2, House, house_at
from tests.referrals.racing import (
    Asked,
    Call,
    all_accept,
    answer,
    at_once,
    crowd_of,
    events,
    let_time_pass,
    nothing_is_broken,
    post,
    prepare_crowd,
    put,
    score,
    states,
    transaction,
    versions,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]  # minutes where other work takes the processors
Figures = Callable[[str], None]


@pytest.fixture
def house(database: NewDatabase) -> Iterator[House]:
    """The service with 200 cases in which a provider is being asked."""
    with house_at(database("crowd", prepare_crowd)) as made:
        yield made
        nothing_is_broken(made)


@pytest.fixture
def crowd(house: House) -> list[Asked]:
    found = crowd_of(house)
    assert len(found) == 200
    nothing_is_broken(house)
    return found


def test_cancel_and_accept(house: House, crowd: list[Asked], figures: Figures):
    before, told = versions(house), events(house)
    reason = {"reason": "person-changed-mind"}
    found = at_once([
        (post(house, "link-worker", f"/referrals/requests/{task}/cancel", reason),
         answer(house, task))
        for _, task in crowd
    ])  # fmt: skip
    state, now, after = states(house), events(house), versions(house)
    for (referral, task), (cancelled, accepted) in zip(crowd, found, strict=True):
        assert cancelled == 200
        assert state[task] == "cancelled/cancelled"
        assert state[referral.triage] == "in-progress/person-accepted"
        case, both = referral.case, accepted == 200
        assert now[case] == told[case] + ["accepted"] * both + ["cancelled"]
        assert after[case] == before[case] + 1 + both
    named = {200: "accepted, then cancelled", 409: "cancelled first"}
    figures(score("cancel/accept", (named[accepted] for _, accepted in found)))


def test_accept_and_accept(house: House, crowd: list[Asked], figures: Figures):
    before, told = versions(house), events(house)
    found = at_once([(answer(house, task), answer(house, task)) for _, task in crowd])
    state, now, after = states(house), events(house), versions(house)
    for (referral, task), statuses in zip(crowd, found, strict=True):
        assert sorted(statuses) == [200, 409]
        assert state[task] == "accepted/selected"
        assert state[referral.triage] == "in-progress/place-found"
        assert now[referral.case] == [*told[referral.case], "accepted"]
        assert after[referral.case] == before[referral.case] + 1
    named = {200: "the first named won", 409: "the second won"}
    figures(score("accept/accept", (named[first] for first, _ in found)))


def test_accept_and_expire(house: House, crowd: list[Asked], figures: Figures):
    before, told = versions(house), events(house)
    found = at_once([(answer(house, task), let_time_pass(house, task)) for _, task in crowd])
    state, now, after = states(house), events(house), versions(house)
    for (referral, task), (accepted, expired) in zip(crowd, found, strict=True):
        assert sorted([accepted, expired]) == [200, 409]
        right = "accepted/selected" if accepted == 200 else "cancelled/provider-silent"
        triage = "place-found" if accepted == 200 else "person-accepted"
        assert state[task] == right
        assert state[referral.triage] == f"in-progress/{triage}"
        happened = "accepted" if accepted == 200 else "no-response"
        assert now[referral.case] == [*told[referral.case], happened]
        assert after[referral.case] == before[referral.case] + 1
    named = {200: "accepted", 409: "expired"}
    figures(score("accept/expire", (named[accepted] for accepted, _ in found)))


def test_close_and_decline(house: House, crowd: list[Asked], figures: Figures):
    before, told = versions(house), events(house)
    found = at_once([
        (post(house, "link-worker", f"{referral.at}/close", {"outcome": "nothing-fits"}),
         answer(house, task, "decline", reason="full"))
        for referral, task in crowd
    ])  # fmt: skip
    state, now, after = states(house), events(house), versions(house)
    for (referral, task), (closed, declined) in zip(crowd, found, strict=True):
        assert closed == 200
        both = declined == 200
        assert state[task] == ("rejected/provider-declined" if both else "cancelled/cancelled")
        assert state[referral.triage] == "failed/nothing-fits"
        first = "declined" if both else "cancelled"
        assert now[referral.case] == [*told[referral.case], first, "closed"]
        assert after[referral.case] == before[referral.case] + 1 + both
    named = {200: "declined, then closed", 409: "closed first"}
    figures(score("close/decline", (named[declined] for _, declined in found)))


def test_hand_over_and_answer(house: House, crowd: list[Asked], figures: Figures):
    before, told = versions(house), events(house)
    body = {"team": str(TEAM_2), "reason": "cover"}
    found = at_once([
        (post(house, "link-worker", f"{referral.at}/hand-over", body), answer(house, task))
        for referral, task in crowd
    ])  # fmt: skip
    state, now, after = states(house), events(house), versions(house)
    outcomes = []
    for (referral, task), statuses in zip(crowd, found, strict=True):
        assert statuses == (204, 200), "neither is in the other's way"
        assert state[task] == "accepted/selected"
        assert state[referral.triage] == "in-progress/place-found"
        more = now[referral.case][len(told[referral.case]) :]
        assert sorted(more) == ["accepted", "handed-over"]
        assert after[referral.case] == before[referral.case] + 2
        outcomes.append(f"{more[0]} first")
    answers = [event for event in house.events() if event.type == "kersey.referral.accepted.v1"]
    teams = [getattr(event, "team", None) for event in answers]
    assert teams.count(TEAM) == outcomes.count("accepted first")
    assert teams.count(TEAM_2) == outcomes.count("handed-over first")
    assert house.worker.get("/fhir/Task?_total=accurate")["total"] == 0
    new = house.by("link-worker-2")
    assert new.get("/fhir/Task?_total=accurate&_count=1")["total"] == 2 * len(crowd)
    figures(score("hand-over/answer", outcomes))


def test_agreement_withdrawn_and_identity_viewed(
    house: House, crowd: list[Asked], figures: Figures
):
    all_accept(house, crowd)
    before, told = versions(house), events(house)
    found = at_once([
        (post(house, "link-worker", f"/referrals/requests/{task}/withdraw-agreement"),
         post(house, "provider", f"/referrals/requests/{task}/identity"))
        for _, task in crowd
    ])  # fmt: skip
    views = house.rows(
        "select v.task, v.viewed <= a.withdrawn from identity_view v join agreement a using (task)"
    )
    now, after = events(house), versions(house)
    seen = [(task, True) for (_, task), (_, viewed) in zip(crowd, found, strict=True)
            if viewed == 200]  # fmt: skip
    assert sorted(views) == sorted(seen), "seen before it was withdrawn, and once, or not at all"
    for (referral, _), (withdrawn, _) in zip(crowd, found, strict=True):
        assert withdrawn == 200
        told[referral.case].append("kersey.agreement.withdrawn")
        assert after[referral.case] == before[referral.case] + 1
    assert now == told
    named = {200: "viewed, then withdrawn", 409: "withdrawn first"}
    figures(score("agreement withdrawn/identity viewed", (named[viewed] for _, viewed in found)))


def test_bundles_over_the_same_cases_in_opposite_order(
    house: House, crowd: list[Asked], figures: Figures
):
    # Each pair of cases is fought over twice; a Bundle is done whole, so that both cases agree.
    pairs = list(zip(islice(crowd, 0, None, 2), islice(crowd, 1, None, 2), strict=True))
    outcomes = []
    for _ in range(2):
        bodies = {
            f"{kind}/{key}": parse(body.encode())
            for kind, key, body in house.rows("select type, id, body from document")
        }
        before = versions(house)
        races: list[tuple[Call, ...]] = []
        for (first, _), (second, _) in pairs:
            requests = [bodies[f"ServiceRequest/{each.request}"] for each in (first, second)]
            patients = [bodies[f"Patient/{each.patient}"] for each in (second, first)]
            urgent = [put(each, priority="urgent") for each in requests]
            urgent += [put(each, gender="female") for each in patients]
            asap = [put(each, gender="other") for each in reversed(patients)]
            asap += [put(each, priority="asap") for each in reversed(requests)]
            races.append(
                (post(house, "ehr", "/fhir", transaction(*urgent)),
                 post(house, "ehr", "/fhir", transaction(*asap)))
            )  # fmt: skip
        assert set(at_once(races)) == {(200, 200)}
        after = versions(house)
        written = dict(house.rows(
            "select d.id, (d.version, coalesce(d.body::json->>'priority', ''),"
            " coalesce(d.body::json->>'gender', ''))::text from document d"
        ))  # fmt: skip
        priorities = dict(house.rows("select id::text, priority from referral_case"))
        for (first, _), (second, _) in pairs:
            assert written[first.request] == written[second.request]
            assert written[first.patient] == written[second.patient]
            assert priorities[first.case] == priorities[second.case]
            last = priorities[first.case]
            gender = {"urgent": "female", "asap": "other"}[last]
            assert last in written[first.request]
            assert gender in written[first.patient], "one Bundle was written over the other in part"
            for each in (first, second):
                assert after[each.case] == before[each.case] + 2
            outcomes.append(f"{last} last")
    figures(score("Bundles in opposite order", outcomes))
