"""The link worker's side of a case: taking on, reaching, holding, returning, closing."""

import pytest

from services.referrals.domain import CLOSINGS, RETURN_REASONS
from tests.referrals.house import TEAM, TEAM_2, House, a_bundle

BEFORE_YES = {"not-reached", "person-declined", "died-or-moved"}


@pytest.mark.parametrize("outcome", CLOSINGS)
def test_every_outcome_closes_the_case_as_itself(house: House, outcome: str):
    referral = house.refer() if outcome in BEFORE_YES else house.taken_on()
    if outcome in BEFORE_YES:
        house.worker.post(f"{referral.at}/accept")
    closed = house.worker.post(f"{referral.at}/close", {"outcome": outcome})
    assert closed["outcome"] == outcome
    ending = "completed/closed" if outcome == "completed" else f"failed/{outcome}"
    assert house.state(referral.triage) == ending
    assert house.told()[-1] == "referral.closed"
    assert house.scalar("select open from worklist") is False


@pytest.mark.parametrize("outcome", CLOSINGS)
def test_a_closed_case_is_not_closed_again(house: House, outcome: str):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/close", {"outcome": outcome}, status=409)
    assert problem["element"] == "Task.status"
    assert "ended" in problem["detail"]


def test_an_outcome_of_another_stage_is_refused(house: House):
    referral = house.refer()
    with house.unchanged():
        house.worker.post(f"{referral.at}/close", {"outcome": "completed"}, status=409)
        house.worker.post(f"{referral.at}/close", {"outcome": "not-reached"}, status=409)
        problem = house.worker.post(f"{referral.at}/close", {"outcome": "vanished"}, status=422)
    assert problem["element"] == "outcome"


def test_returning_a_referral_takes_a_reason_of_the_list(house: House):
    referral = house.refer()
    with house.unchanged():
        for wrong in (None, "did-not-like-it"):
            problem = house.worker.post(f"{referral.at}/return", {"reason": wrong}, status=422)
            assert RETURN_REASONS[0] in problem["detail"]
    house.worker.post(f"{referral.at}/return", {"reason": "wrong-area"})
    assert house.state(referral.triage) == "rejected/returned"
    task = house.ehr.get(f"/fhir/Task/{referral.triage}")
    assert task["statusReason"]["coding"][0]["code"] == "wrong-area"
    assert house.scalar("select count(*) from code_returned") == 0, "no code for a return (care 21)"
    assert house.told()[-1] == "referral.returned"


def test_when_nothing_fits_the_person_stays_on_the_list(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/hold")
    assert house.state(referral.triage) == "on-hold/nothing-fits"
    (row,) = house.worker.get("/referrals/cases", params={"state": "nothing-fits"})
    assert row["case"] == referral.case
    house.ask(referral)
    assert house.state(referral.triage) == "in-progress/provider-asked"


def test_nobody_is_held_while_a_provider_is_asked(house: House):
    referral, _ = house.asked()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/hold", status=409)
    assert "still being asked" in problem["detail"]


def test_closing_takes_open_requests_back_and_their_identity_with_them(house: House):
    referral, task = house.accepted()
    patient = house.scalar("select patient from onward_request where task=:t", t=task)
    assert house.provider.get(f"/fhir/Patient/{patient}")["name"]
    house.worker.post(f"{referral.at}/close", {"outcome": "person-ended-early"})
    assert house.state(task) == "cancelled/cancelled"
    assert house.told()[-2:] == ["referral.cancelled", "referral.closed"]
    assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)


def test_a_case_does_not_close_over_a_running_activity(house: House):
    referral, task = house.accepted()
    house.progress(task, "start")
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/close", {"outcome": "completed"}, status=409)
    assert "still running" in problem["detail"]
    house.progress(task, "end-early", by="link-worker")
    assert house.state(task) == "failed/person-ended-early"
    house.worker.post(f"{referral.at}/close", {"outcome": "person-ended-early"})


def test_a_try_to_reach_the_person_moves_nothing(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    for how in ("phone", "text"):
        house.worker.post(f"{referral.at}/contacts", {"reached": False, "how": how}, status=201)
    seen = house.worker.get(referral.at)
    assert [(each["how"], each["reached"]) for each in seen["attempts"]] == [
        ("phone", False), ("text", False),
    ]  # fmt: skip
    assert house.state(referral.triage) == "accepted/triage-accepted"
    house.by("coordinator").post(
        f"{referral.at}/contacts", {"reached": True, "how": "phone"}, status=403
    )
    house.worker.post(f"{referral.at}/contacts", {"reached": True, "how": "owl"}, status=422)
    for loose in ({"reached": "yes"}, {"reached": 1}, {"minutes": True}, {"minutes": "5"}):
        body = {"reached": True, "how": "phone"} | loose
        problem = house.worker.post(f"{referral.at}/contacts", body, status=422)
        assert problem["element"] == f"body.{next(iter(loose))}"


def test_the_hub_routes_what_nobody_covers(house: House):
    referral = house.refer(code="183452005")
    assert house.state(referral.triage) == "requested/unrouted"
    hub = house.by("coordinator")
    (row,) = hub.get("/referrals/cases", params={"unrouted": True})
    assert row["case"] == referral.case
    assert hub.get(f"/fhir/ServiceRequest/{referral.request}")
    house.worker.get(f"/fhir/ServiceRequest/{referral.request}", status=404)
    house.worker.get(referral.at, status=404)

    with house.unchanged():
        unknown = "00000000-0000-4000-8000-000000000000"
        problem = hub.post(f"{referral.at}/route", {"team": unknown}, status=422)
        assert problem["element"] == "team"
        house.by("coordinator-2").post(f"{referral.at}/route", {"team": str(TEAM)}, status=404)
        house.worker.post(f"{referral.at}/route", {"team": str(TEAM)}, status=404)
    seen = hub.post(f"{referral.at}/route", {"team": str(TEAM)})
    assert seen["team"] == str(TEAM)
    assert house.told()[-1] == "referral.routed"
    assert house.worker.get(f"/fhir/ServiceRequest/{referral.request}")
    assert house.worker.get(f"/fhir/Patient/{referral.patient}")
    hub.get(f"/fhir/ServiceRequest/{referral.request}", status=404)
    house.worker.post(f"{referral.at}/accept")
    with house.unchanged():
        hub.post(f"{referral.at}/route", {"team": str(TEAM_2)}, status=409)


def test_the_hub_returns_what_is_not_for_social_prescribing(house: House):
    referral = house.refer(code="183452005")
    house.by("coordinator").post(f"{referral.at}/return", {"reason": "not-for-social-prescribing"})
    assert house.state(referral.triage) == "rejected/returned"


def test_a_coordinator_does_not_take_referrals_on(house: House):
    referral = house.refer()
    with house.unchanged():
        problem = house.by("coordinator").post(f"{referral.at}/accept", status=403)
    assert "coordinator may not accept" in problem["detail"]


def test_a_link_worker_service_refers_into_its_own_list(house: House):
    worker = house.by("link-worker", scopes=("system/*.cruds",))
    answer = worker.post("/fhir", a_bundle())
    assert all("outcome" not in each["response"] for each in answer["entry"])
    (row,) = house.worker.get("/referrals/cases")
    assert row["state"] == "new"
    house.worker.post(f"/referrals/cases/{row['case']}/accept")
