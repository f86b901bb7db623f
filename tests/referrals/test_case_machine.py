"""The API against the case on paper: whatever is pressed in whatever order, both agree.

`test_model` searched every situation with the handlers alone. Here hypothesis presses buttons of
the real service, with tokens, documents and PostgreSQL, and after each one the service must have
refused or done the very same, and be in the same situation.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.referrals.domain import (
    CANCEL_REASONS,
    DECLINE_REASONS,
    HAND_OVER_REASONS,
    NEW,
    RETURN_REASONS,
    UNROUTED,
    Actor,
    Refused,
    State,
)
from services.referrals.handlers.answers import DECISIONS, expire
from tests.referrals.house import SERVICE, SERVICE_2, SERVICE_3, TEAM, TEAM_2, House, replaced, wish
from tests.referrals.paper import Move, Situation, moves

ASKABLE = (SERVICE, SERVICE_2, SERVICE_3)
ASKED = ("provider", "provider-2", "provider-3")
WORKERS = {TEAM: "link-worker", TEAM_2: "link-worker-2"}
HUBS = {"bradford": "coordinator", "calderdale": "coordinator-2"}
EVERYTHING = ("cases", "system/*.cruds")


class CaseMachine(RuleBasedStateMachine):
    """One case of a running house, and the situation in which it must be."""

    house: House

    @initialize(routed=st.booleans())
    def refer(self, routed: bool) -> None:
        self.referral = self.house.refer(code="871731000000106" if routed else "183452005")
        self.expected = Situation(NEW if routed else UNROUTED)

    @rule(data=st.data())
    def press_what_can_be_done(self, data: st.DataObject) -> None:
        possible = [move for move in self.moves() if move.make(self.expected)]
        self.press(data.draw(st.sampled_from(possible)))

    @rule(data=st.data())
    def press_anything(self, data: st.DataObject) -> None:
        self.press(data.draw(st.sampled_from(self.moves())))

    @invariant()
    def stands_where_it_stands_on_paper(self) -> None:
        triage = State(*self.house.state(self.referral.triage).split("/"))
        providers = [State(*self.house.state(key).split("/")) for key in self.tasks()]
        assert Situation.of(triage, providers) == self.expected
        open_row = self.house.scalar(
            "select open from worklist where worklist.case = :case", case=self.referral.case
        )
        assert open_row is not triage.ended

    def moves(self) -> list[Move]:
        """What can be tried with tokens that exist: an unrouted case has no link worker."""
        unrouted = self.expected.triage == UNROUTED
        full = len(self.expected.providers) == len(ASKABLE)
        return [
            move
            for move in moves(self.expected)
            if not (unrouted and move.actor is Actor.LINK_WORKER)
            and not (full and move.name.startswith("ask"))
        ]

    def press(self, move: Move) -> None:
        """Do it on paper and with the service, and compare."""
        before = self.written()
        done = self.send(move)
        after = move.make(self.expected)
        assert done == (after is not None), f"{self.expected}: {move.name} by {move.actor}"
        if after is None:
            assert self.written() == before, f"{move.name} was refused and left something"
        else:
            self.expected = after.situation

    def written(self) -> Any:
        """How much has been written of everything that a step writes."""
        return self.house.row(
            "select (select count(*) from document_version), (select count(*) from outbox),"
            " (select count(*) from audit_entry), (select count(*) from document_reader),"
            " (select sum(version) from referral_case), (select count(*) from case_task)"
        )

    def send(self, move: Move) -> bool:
        """Whether the service did it."""
        name, _, rest = move.name.partition(" ")
        if name == "revoke":
            path = f"/fhir/ServiceRequest/{self.referral.request}"
            headers = {"Content-Type": "application/json-patch+json"}
            patch = [replaced("/status", "revoked")]
            answer = self.house.ehr.send("PATCH", path, json=patch, headers=headers)
            return answer.is_success
        task = self.task_in(rest) if "/" in rest else None
        if name == "expire":
            return self.expired(str(task))
        who = self.house.by(self.caller(move.actor, task), scopes=EVERYTHING)
        path, body = self.on_task(name, task) if task else self.on_case(name, rest)
        answer = who.send("POST", path, json=body)
        assert answer.is_success or answer.status_code in {403, 404, 409, 422}, answer.text
        return answer.is_success

    def on_case(self, name: str, rest: str) -> tuple[str, Any]:
        at = self.referral.at
        if name == "ask":
            because = {"several_because": "Either would do."} if rest else {}
            return f"{at}/requests", wish(ASKABLE[len(self.tasks())], **because)
        other = TEAM if self.team() == TEAM_2 else TEAM_2
        bodies = {
            "route": {"team": str(TEAM)},
            "hand-over": {"team": str(other), "reason": HAND_OVER_REASONS[0]},
            "return": {"reason": RETURN_REASONS[0]},
            "close": {"outcome": rest},
        }
        return f"{at}/{name}", bodies.get(name)

    def on_task(self, name: str, task: str) -> tuple[str, Any]:
        at = f"/referrals/requests/{task}"
        if name in {"cancel", "choose"}:
            return f"{at}/{name}", {"reason": CANCEL_REASONS[0]} if name == "cancel" else None
        if name in DECISIONS:
            return f"{at}/answer", {"decision": name, "reason": DECLINE_REASONS[0]}
        return f"{at}/progress", {"action": name}

    def expired(self, task: str) -> bool:
        try:
            expire(self.house.desk, task)
        except Refused:
            return False
        return True

    # --- who has which part in the case now -------------------------------------------------------

    def caller(self, actor: Actor, task: str | None) -> str:
        if actor is Actor.LINK_WORKER:
            return WORKERS[self.team()]
        if actor is Actor.COORDINATOR:
            hub = "select hub from referral_case where id = :id"
            return HUBS[self.house.scalar(hub, id=self.referral.case)]
        if actor is Actor.PROVIDER and task:
            owner = self.house.scalar("select owner from case_task where id = :id", id=task)
            known = {self.house.by(name).who.organisation: name for name in ASKED}
            return known[str(owner)]
        return "provider" if actor is Actor.PROVIDER else "ehr"

    def team(self) -> Any:
        team = "select team from referral_case where id = :id"
        return self.house.scalar(team, id=self.referral.case)

    def tasks(self) -> list[str]:
        rows = self.house.rows(
            "select id from case_task where case_task.case = :case and kind = 'provider'"
            " order by created, id",
            case=self.referral.case,
        )
        return [key for (key,) in rows]

    def task_in(self, state: str) -> str:
        return next(key for key in self.tasks() if self.house.state(key) == state)


@pytest.mark.timeout(1200)  # hundreds of steps, where other work takes the processors
def test_the_service_does_what_the_model_does(house: House):
    machine = type("Machine", (CaseMachine,), {"house": house})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
