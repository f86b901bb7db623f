"""Every step announces what happened, once: each event has exactly one cause."""

from collections.abc import Callable

import pytest

from services.referrals.domain import TRANSITIONS, Kind
from services.referrals.handlers.answers import expire
from tests.referrals.house import SERVICE_2, SERVICE_3, TEAM, TEAM_2, House, Referral

FOLLOWING = {"place-found", "still-asking", "look-again"}
"""The triage Task's answers to a provider's step, whose event is that step's own."""

ARRIVING = {"tell-team", "tell-hub"}
"""By them others hear for the first time that a case is there, as when it starts."""

SILENT = {"end-with-provider"}
"""Of a case that stays with its provider nobody hears."""

UNNAMED = FOLLOWING | ARRIVING | SILENT


def routed(house: House) -> None:
    referral = house.refer(code="183452005")
    house.by("coordinator").post(f"{referral.at}/route", {"team": str(TEAM)})


def handed_over(house: House) -> None:
    body = {"team": str(TEAM_2), "reason": "cover"}
    house.worker.post(f"{house.refer().at}/hand-over", body)


def closed(outcome: str) -> Callable[[House], None]:
    def close(house: House) -> None:
        early = outcome in {"not-reached", "person-declined"}
        referral = house.refer() if early else house.taken_on()
        if early:
            house.worker.post(f"{referral.at}/accept")
        house.worker.post(f"{referral.at}/close", {"outcome": outcome})

    return close


def returned(house: House) -> None:
    house.worker.post(f"{house.refer().at}/return", {"reason": "other"})


def held(house: House) -> None:
    house.worker.post(f"{house.taken_on().at}/hold")


def withdrawn(house: House) -> None:
    house.withdraw(house.refer())


def withdrawn_later(house: House) -> None:
    house.withdraw(house.asked()[0])


def withdrawal_asked(house: House) -> None:
    referral, task = house.accepted()
    house.progress(task, "start")
    house.withdraw(referral)


def answered(decision: str) -> Callable[[House], None]:
    def answer(house: House) -> None:
        house.answer(house.asked()[1], decision, reason="full")

    return answer


def several(house: House) -> tuple[Referral, list[str]]:
    referral, first = house.asked()
    because = {"several_because": "Either"}
    others = [house.ask(referral, each, **because) for each in (SERVICE_2, SERVICE_3)]
    return referral, [first, *others]


def offered(house: House) -> None:
    house.answer(several(house)[1][0], "accept")


def chosen(house: House) -> None:
    _, (first, second, _) = several(house)
    house.answer(second, "accept", by="provider-2")
    house.worker.post(f"/referrals/requests/{second}/choose")
    assert house.state(first) == "cancelled/not-chosen"


def silent(house: House) -> None:
    expire(house.desk, house.asked()[1])


def taken_back(house: House) -> None:
    path = f"/referrals/requests/{house.asked()[1]}/cancel"
    house.worker.post(path, {"reason": "other"})


def came(*actions: str) -> Callable[[House], None]:
    def progress(house: House) -> None:
        task = house.accepted()[1]
        for action in actions:
            house.progress(task, action)

    return progress


STARTED = ["received", "triage.started", "triage.accepted"]
ASKED = [*STARTED, "requested"]
HAPPENED: dict[str, tuple[Callable[[House], object], list[str]]] = {
    "triage route": (routed, ["received", "unrouted", "routed"]),
    "triage accept, person-accepts": (lambda house: house.taken_on(), STARTED),
    "triage hand-over": (handed_over, ["received", "handed-over"]),
    "triage return": (returned, ["received", "returned"]),
    "triage ask": (lambda house: house.asked(), ASKED),
    "triage hold": (held, [*STARTED, "triage.held"]),
    "triage withdraw": (withdrawn, ["received", "withdrawn"]),
    "triage withdraw-started, provider withdraw": (
        withdrawn_later, [*ASKED, "cancelled", "withdrawn"],
    ),
    "triage ask-withdrawal": (
        withdrawal_asked, [*ASKED, "accepted", "started", "withdrawal-asked"],
    ),
    "triage not-reached": (
        closed("not-reached"), ["received", "triage.started", "triage.not-reached", "closed"],
    ),
    "triage person-declines": (
        closed("person-declined"), ["received", "triage.started", "triage.declined", "closed"],
    ),
    "triage complete": (closed("completed"), [*STARTED, "closed"]),
    "triage person-ends": (closed("person-ended-early"), [*STARTED, "closed"]),
    "triage nothing-fits": (closed("nothing-fits"), [*STARTED, "closed"]),
    "triage died-or-moved": (closed("died-or-moved"), [*STARTED, "closed"]),
    "provider accept": (answered("accept"), [*ASKED, "accepted"]),
    "provider waiting-list": (answered("waiting-list"), [*ASKED, "waitlisted"]),
    "provider decline": (answered("decline"), [*ASKED, "declined"]),
    "provider offer": (offered, [*ASKED, "requested", "requested", "offered"]),
    "provider choose, not-chosen": (
        chosen,
        [*ASKED, "requested", "requested", "offered", "chosen", "cancelled", "cancelled"],
    ),
    "provider expire": (silent, [*ASKED, "no-response"]),
    "provider cancel": (taken_back, [*ASKED, "cancelled"]),
    "provider start": (came("start"), [*ASKED, "accepted", "started"]),
    "provider attend, complete": (
        came("attend", "complete"), [*ASKED, "accepted", "attended", "completed"],
    ),
    "provider not-attended": (came("not-attended"), [*ASKED, "accepted", "not-attended"]),
    "provider end-early": (
        came("start", "end-early"), [*ASKED, "accepted", "started", "ended-early"],
    ),
}  # fmt: skip
"""By the steps of the table that it makes last: how it is done, and all that is told of it."""


def test_every_step_of_the_table_is_here():
    named = set()
    for steps in HAPPENED:
        kind, _, actions = steps.partition(" ")
        for action in actions.split(", "):
            word = action.removeprefix("provider ")
            named.add((Kind.PROVIDER if action != word else Kind(kind), word))
    declared = {(each.kind, each.action) for each in TRANSITIONS}
    assert named == {(kind, action) for kind, action in declared if action not in UNNAMED}


@pytest.mark.parametrize("steps", HAPPENED)
def test_a_step_is_told_once(house: House, steps: str):
    act, expected = HAPPENED[steps]
    act(house)
    assert [name.removeprefix("referral.") for name in house.told()] == expected


def test_events_of_a_case_are_numbered_upwards(house: House):
    referral, task = house.accepted()
    house.progress(task, "start")
    house.withdraw(referral)
    rows = house.rows("select subject, envelope::json->>'sequence' from outbox order by position")
    assert {row[0] for row in rows} == {f"case/{referral.case}"}
    sequences = [row[1] for row in rows]
    assert sequences == sorted(set(sequences))
