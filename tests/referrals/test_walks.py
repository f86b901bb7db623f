"""Long random walks through every call on a case: no step breaks it, whoever tries whatever."""

import random
from typing import Any

import pytest

from services.referrals.domain import CLOSINGS, State
from services.referrals.handlers.answers import PROGRESS
from services.referrals.handlers.sharing import IDENTIFIED
from tests.referrals.house import (
    SERVICE,
    SERVICE_2,
    SERVICE_3,
    TEAM,
    TEAM_2,
    House,
    Referral,
    replaced,
    wish,
)

pytestmark = pytest.mark.slow

STEPS = 120
WHO = ("link-worker", "provider", "provider-2", "provider-3", "coordinator", "ehr", "link-worker-2")
WITH_CASE = (
    "accept",
    "person-accepts",
    "hold",
    "return",
    "close",
    "requests",
    "contacts",
    "hand-over",
)
WITH_TASK = ("answer", "progress", "cancel", "choose", "withdraw-agreement", "identity")
ENDED = {"completed", "rejected", "failed", "cancelled"}
REFUSALS = {403, 404, 405, 409, 422}


class Walk:
    """One case after another, and somebody who presses every button."""

    def __init__(self, house: House, seed: int) -> None:
        self._house = house
        self._dice = random.Random(seed)
        self.referral: Referral = house.refer()

    def go_on(self) -> None:
        """Turn to another case some time after this one ended."""
        ended = self._house.state(self.referral.triage).split("/")[0] in ENDED
        if ended and self._dice.random() < 0.3:
            self.referral = self._dice.choice([self._house.refer, self._house.taken_on])()

    def step(self) -> tuple[str, int]:
        """Press one; what it was and how it was answered."""
        dice, house = self._dice, self._house
        tasks = self.tasks()
        likely = {each[0]: each[3] for each in tasks}
        name = dice.choice(WHO)
        who = house.by(name, scopes=("cases", "system/*.cruds"))
        if dice.random() < 0.01:
            patch = replaced("/status", "revoked")
            path = f"/fhir/ServiceRequest/{self.referral.request}"
            headers = {"Content-Type": "application/json-patch+json"}
            sent = house.ehr.send("PATCH", path, json=[patch], headers=headers)
            return "revoke", sent.status_code
        if tasks and dice.random() < 0.6:
            task = dice.choice(list(likely))
            action = dice.choice(WITH_TASK)
            if dice.random() < 0.7:
                owner = {str(each): key for key, each in self._owners().items()}[likely[task]]
                who = house.by(owner if action in {"answer", "progress"} else self._worker())
            path = f"/referrals/requests/{task}/{action}"
        else:
            action = dice.choice(WITH_CASE)
            if dice.random() < 0.7:
                who = house.by(self._worker())
            if action in {"close", "return"} and dice.random() < 0.8:
                action = "requests"
            path = f"{self.referral.at}/{action}"
        return f"{name} {action}", who.send("POST", path, json=self._body(action)).status_code

    def tasks(self) -> list[tuple[str, str, str, str]]:
        """Id, status, businessStatus and owner of the providers' Tasks."""
        rows = self._house.rows(
            "select id, status, business, owner::text from case_task"
            " where kind = 'provider' and case_task.case = :case order by created",
            case=self.referral.case,
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def _worker(self) -> str:
        """A link worker of the team that has the case now."""
        team = "select team from referral_case where id = :case"
        held = self._house.scalar(team, case=self.referral.case)
        return "link-worker-2" if held == TEAM_2 else "link-worker"

    def _owners(self) -> dict[str, str]:
        return {
            name: self._house.by(name).who.organisation
            for name in ("provider", "provider-2", "provider-3")
        }

    def _body(self, action: str) -> Any:
        pick = self._dice.choice
        reason = pick(["full", "other", "person-changed-mind", "wrong-area", None])
        return {
            "requests": wish(pick([SERVICE, SERVICE_2, SERVICE_3]), several_because="Either")
            if pick([True, True, False])
            else wish(pick([SERVICE, SERVICE_2, SERVICE_3])),
            "contacts": {"reached": pick([True, False]), "how": "phone"},
            "close": {"outcome": pick(list(CLOSINGS))},
            "return": {"reason": reason},
            "hand-over": {"team": str(pick([TEAM, TEAM_2])), "reason": pick(["cover", reason])},
            "cancel": {"reason": reason},
            "answer": {"decision": pick(["accept", "waiting-list", "decline"]), "reason": reason},
            "progress": {"action": pick(list(PROGRESS))},
        }.get(action)

    def check(self) -> None:
        """What must hold after every step."""
        house = self._house
        triage = State(*house.state(self.referral.triage).split("/"))
        tasks = self.tasks()
        states = {key: State(status, business) for key, status, business, _ in tasks}
        if triage.ended:
            assert all(state.ended for state in states.values())
        if triage.business in {"person-accepted", "provider-asked", "place-found"}:
            found = {"accepted", "in-progress", "completed"}
            place = any(state.status in found for state in states.values())
            open_ = any(not state.ended for state in states.values())
            expected = "place-found" if place else "provider-asked" if open_ else "person-accepted"
            assert triage.business == expected
        for key, state in states.items():
            house.state(key)
            patient, request, withdrawn = house.row(
                "select p.body::json->'name' is not null, r.body::json->>'status',"
                " a.withdrawn is not null from case_task t"
                " join onward_request o on o.task = t.id join agreement a on a.task = t.id"
                " join document p on p.id = o.patient join document r on r.id = t.service_request"
                " where t.id = :key",
                key=key,
            )
            assert patient == (state.business in IDENTIFIED and not withdrawn)
            ended = "completed" if state.status == "completed" else "revoked"
            assert request == (ended if state.ended else "active")
        open_row = house.scalar(
            "select open from worklist where worklist.case = :case", case=self.referral.case
        )
        assert open_row is not triage.ended
        readers = house.rows(
            "select distinct r.party, r.party = c.team::text from referral_case c"
            " join case_document s on s.case = c.id"
            " join document d on d.type = s.type and d.id = s.id"
            " join document_reader r on r.pk = d.pk and r.basis = 'care'"
            " where c.id = :case and s.type in ('Patient', 'ServiceRequest')",
            case=self.referral.case,
        )
        assert [right for _, right in readers] == [True], "one team reads it, the one that has it"


@pytest.mark.timeout(600)  # more than a thousand statements, where other work goes on
@pytest.mark.parametrize("seed", range(6))
def test_no_walk_breaks_a_case(house: House, seed: int):
    walk = Walk(house, seed)
    made = 0
    for _ in range(STEPS):
        walk.go_on()
        before = house.everything()
        what, status = walk.step()
        assert status in {200, 201, 204} | REFUSALS, what
        if status in REFUSALS:
            assert house.everything() == before, what
        else:
            made += 1
            walk.check()
    assert made > STEPS // 10, "most was refused"
