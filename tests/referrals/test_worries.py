"""A worry has somebody who looks at it, a decision and an outcome, and is seen until then."""

from typing import Any
from uuid import uuid4

import pytest

from tests.referrals.house import SERVICE_2, Caller, House, Referral
from tests.referrals.test_walk_ins import came

WORDS = "She has not eaten since Monday."


@pytest.fixture
def lead(house: House) -> Caller:
    roles = (*house.worker.who.roles, "team-lead")
    return house.by("link-worker", roles=roles, account=str(uuid4()))


def worry(house: House, referral: Referral, **more: Any) -> dict[str, Any]:
    """One is raised by the team; as the case has it."""
    body = {"key": str(uuid4()), "words": WORDS} | more
    house.worker.post(f"{referral.at}/worries", body, status=204)
    return next(each for each in worries(house, referral) if each["words"] == body["words"])


def worries(house: House, referral: Referral) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.worker.get(referral.at)["worries"]
    return found


def closed(house: House, referral: Referral, raised: dict[str, Any]) -> None:
    at = f"{referral.at}/worries/{raised['id']}"
    house.worker.put(f"{at}/lead", {"lead": "colleague"}, status=204)
    house.worker.post(f"{at}/decision", {"words": "Ring her son."}, status=204)
    house.worker.post(f"{at}/outcome", {"words": "He is with her."}, status=204)


def listed(caller: Caller) -> list[str]:
    asked = {"worried": True, "open": False}
    page = caller.get("/referrals/worklist", params=asked)
    found = [row["case"] for row in page["cases"]]
    assert page["load"]["waiting"]["worried"] == len(found)
    assert all(row["worried"] for row in page["cases"])
    return found


def talked_about(lead: Caller) -> dict[str, list[str]]:
    return {row["case"]: row["reasons"] for row in lead.get("/referrals/supervision")}


def test_a_worry_keeps_who_looks_at_it_what_was_decided_and_what_came(house: House):
    referral = house.taken_on()
    raised = worry(house, referral, lead="first")
    assert (raised["words"], raised["lead"], raised["closed"]) == (WORDS, "first", None)
    at = f"{referral.at}/worries/{raised['id']}"
    house.worker.put(f"{at}/lead", {"lead": "second"}, status=204)
    for said in ("Ring her son.", "He does not pick up: ring 101."):
        house.worker.post(f"{at}/decision", {"words": said}, status=204)
    house.worker.post(f"{at}/outcome", {"words": "She is with her son."}, status=204)

    (found,) = worries(house, referral)
    assert found["closed"]
    assert [(each["kind"], each["lead"] or each["words"]) for each in found["notes"]] == [
        ("lead", "first"),
        ("lead", "second"),
        ("decision", "Ring her son."),
        ("decision", "He does not pick up: ring 101."),
        ("outcome", "She is with her son."),
    ]
    assert all(each["made"] and each["made_by"] for each in found["notes"])
    for step, body in (("decision", {"words": "x"}), ("outcome", {"words": "x"})):
        with house.unchanged():
            house.worker.post(f"{at}/{step}", body, status=409)
    house.worker.put(f"{at}/lead", {"lead": "third"}, status=409)


def test_nothing_is_decided_by_nobody_nor_closed_undecided(house: House):
    referral = house.taken_on()
    at = f"{referral.at}/worries/{worry(house, referral)['id']}"
    with house.unchanged():
        house.worker.post(f"{at}/decision", {"words": "Wait."}, status=409)
        house.worker.post(f"{at}/outcome", {"words": "Nothing."}, status=409)
    house.worker.put(f"{at}/lead", {"lead": "colleague"}, status=204)
    with house.unchanged():
        house.worker.post(f"{at}/outcome", {"words": "Nothing."}, status=409)
    for step in ("decision", "outcome"):
        house.worker.post(f"{at}/{step}", {"words": " "}, status=422)


def test_it_is_on_the_lists_until_an_outcome_is_written(house: House, lead: Caller):
    house.taken_on(number=2)
    referral = house.taken_on()
    assert (listed(house.worker), talked_about(lead)) == ([], {})
    first = worry(house, referral)
    second = worry(house, referral, words="She fell again.")
    assert listed(house.worker) == [referral.case]
    assert talked_about(lead) == {referral.case: ["worried"]}
    lead.post(f"{referral.at}/supervision/talked", {}, status=204)
    closed(house, referral, first)
    assert listed(house.worker) == [referral.case], "the other one is open"
    assert talked_about(lead) == {referral.case: ["worried"]}, "talking closes none"
    closed(house, referral, second)
    assert (listed(house.worker), talked_about(lead)) == ([], {})


def test_worries_come_before_what_colleagues_asked_for(house: House, lead: Caller):
    asked, hard = house.taken_on(), house.taken_on(number=2)
    house.worker.put(f"{asked.at}/supervision", {"because": "Please."}, status=204)
    worry(house, hard)
    assert list(talked_about(lead)) == [hard.case, asked.case]
    page = lead.get("/referrals/supervision", params={"count": 1})
    after = lead.get("/referrals/supervision", params={"after": page[0]["case"]})
    assert [row["case"] for row in after] == [asked.case]


def test_a_case_is_not_closed_over_a_worry(house: House):
    referral = house.taken_on()
    raised = worry(house, referral)
    with house.unchanged():
        refused = house.worker.post(
            f"{referral.at}/close", {"outcome": "person-ended-early"}, status=409
        )
        assert "worried" in refused["detail"]
    closed(house, referral, raised)
    house.worker.post(f"{referral.at}/close", {"outcome": "person-ended-early"})
    new = house.refer(number=2)
    worry(house, new)
    with house.unchanged():
        house.worker.post(f"{new.at}/return", {"reason": "wrong-area"}, status=409)


def test_a_worry_outlives_a_case_that_its_sender_withdrew(house: House, lead: Caller):
    referral = house.taken_on()
    raised = worry(house, referral)
    house.withdraw(referral)
    assert house.worker.get("/referrals/cases") == []
    assert listed(house.worker) == [referral.case]
    assert talked_about(lead) == {referral.case: ["worried"]}
    later = worry(house, referral, words="And now?")
    for each in (raised, later):
        closed(house, referral, each)
    assert listed(house.worker) == []


def test_sent_twice_it_is_one_and_another_is_not_taken_for_it(house: House):
    referral = house.taken_on()
    body = {"key": str(uuid4()), "words": WORDS, "lead": "colleague"}
    for _ in range(2):
        house.worker.post(f"{referral.at}/worries", body, status=204)
    assert len(worries(house, referral)) == 1
    assert len(worries(house, referral)[0]["notes"]) == 1
    with house.unchanged():
        told = house.worker.post(f"{referral.at}/worries", body | {"words": "x"}, status=409)
    assert told["element"] == "key"
    house.worker.post(f"{house.taken_on(number=2).at}/worries", body, status=204)


def test_a_provider_tells_the_team_and_reads_how_far_it_is_and_no_words(house: House, lead: Caller):
    referral, task = house.accepted()
    at = f"/referrals/requests/{task}/worries"
    body = {"key": str(uuid4()), "words": WORDS}
    assert house.provider.get(at) == []
    for _ in range(2):
        house.provider.post(at, body, status=204)
    (raised,) = worries(house, referral)
    assert (raised["words"], raised["task"], raised["lead"]) == (WORDS, task, None)
    assert talked_about(lead) == {referral.case: ["worried"]}
    (told,) = house.provider.get(at)
    assert told.keys() == {"raised", "by_you", "looked_at", "closed"}
    assert (told["by_you"], told["looked_at"], told["closed"]) == (True, False, None)
    closed(house, referral, raised)
    (told,) = house.provider.get(at)
    assert told["looked_at"]
    assert told["closed"]


def test_nobody_else_learns_that_there_is_one(house: House):
    referral, task = house.accepted()
    house.ask(referral, SERVICE_2, several_because="She is away soon.")
    events = len(house.events())
    raised = worry(house, referral, lead="colleague")
    closed_at = f"{referral.at}/worries/{raised['id']}"
    house.worker.post(f"{closed_at}/decision", {"words": "Ring her son."}, status=204)
    assert len(house.events()) == events, "no event, and so no message and no insight"

    hub = house.by("coordinator")
    assert hub.get(referral.at)["worries"] == []
    assert listed(hub) == []
    assert [row["worried"] for row in hub.get("/referrals/cases")] == [False]
    assert house.provider.get(f"/referrals/requests/{task}/worries") == [], "it is the team's"
    for other in ("coordinator", "link-worker-2", "provider", "provider-3", "ehr"):
        for method, path, body in (
            ("POST", f"{referral.at}/worries", {"key": str(uuid4()), "words": "x"}),
            ("PUT", f"{closed_at}/lead", {"lead": "x"}),
            ("POST", f"{closed_at}/outcome", {"words": "x"}),
        ):
            answer = house.by(other).send(method, path, json=body)
            assert answer.status_code in (403, 404), (other, path)
    of_provider = f"/referrals/requests/{task}/worries"
    for other in ("coordinator", "provider-3", "notifications", "link-worker"):
        body = {"key": str(uuid4()), "words": "x"}
        for sent in (
            house.by(other).send("POST", of_provider, json=body),
            house.by(other).send("GET", of_provider),
        ):
            assert sent.status_code in (403, 404), other


def test_of_whom_no_team_hears_a_provider_is_told_to_act_by_itself(house: House):
    told = house.provider.post("/referrals/walk-ins", came(tell_team=False), status=201)
    at = f"/referrals/requests/{told['task']}/worries"
    with house.unchanged():
        refused = house.provider.post(at, {"key": str(uuid4()), "words": "x"}, status=409)
    assert "safeguarding" in refused["detail"]


def test_another_team_that_gets_the_case_says_anew_who_looks_at_it(house: House):
    referral = house.taken_on()
    worry(house, referral, lead="colleague")
    (other,) = [
        each for each in house.worker.get(f"{referral.at}/takers") if each["hub"] == "calderdale"
    ][:1]
    body = {"team": other["team"], "reason": "moved-home"}
    house.worker.post(f"{referral.at}/hand-over", body, status=204)
    (found,) = house.by("link-worker-2").get(referral.at)["worries"]
    assert found["lead"] is None
    assert listed(house.by("link-worker-2")) == [referral.case]
