"""A case changes hands: the new team has all of it, the old one nothing, and nothing stops."""

from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.consortium import hub_of
from services.referrals.domain import HAND_OVER_REASONS
from tests.referrals.house import HUB, TEAM, TEAM_2, Caller, House, Referral
from tests.referrals.prying import documents, marked_bundle, pry

EVERYTHING = ("system/*.cruds", "cases")


def hand_over(
    house: House, referral: Referral, team: object = TEAM_2, *, by: str = "link-worker", **more: Any
) -> Any:
    body = {"team": str(team), "reason": more.pop("reason", "moved-home")}
    return house.by(by).post(f"{referral.at}/hand-over", body, **({"status": 204} | more))


def read(who: Caller, house: House) -> set[tuple[str, str]]:
    """What somebody can read of all documents that are not public."""
    return {
        (kind, key)
        for kind, key in documents(house)
        if kind not in {"Organization", "HealthcareService"}
        and who.send("GET", f"/fhir/{kind}/{key}").status_code == 200
    }


def test_the_new_team_reads_all_of_it_and_the_old_one_nothing(house: House):
    marked = marked_bundle()
    referral = house.refer(marked.bundle)
    house.worker.post(f"{referral.at}/accept")
    task = house.ask(referral)
    house.answer(task, "accept")
    old, new = (house.by(name, scopes=EVERYTHING) for name in ("link-worker", "link-worker-2"))
    before = read(old, house)
    assert len(before) > 8
    assert read(new, house) == set()
    hand_over(house, referral)
    assert read(new, house) == before
    assert read(old, house) == set()
    told = "".join(pry(house, old, referral.case, task))
    assert [mark for mark in marked.markers if mark in told] == []
    assert old.get("/fhir/Task?_total=accurate")["total"] == 0


def test_both_lists_follow_and_the_step_is_told(house: House):
    referral = house.refer()
    with_both = len(house.told())
    hand_over(house, referral, reason="cover")
    assert house.worker.get("/referrals/cases") == []
    house.worker.get(referral.at, status=404)
    (row,) = house.by("link-worker-2").get("/referrals/cases")
    assert (row["case"], row["state"]) == (referral.case, "new")
    (event,) = house.events(with_both)
    assert event.model_dump(mode="json") == {
        "case": referral.case, "team": str(TEAM_2), "priority": "routine",
        "previous_team": str(TEAM), "hub": "calderdale", "reason": "cover",
    }  # fmt: skip
    triage = house.ehr.get(f"/fhir/Task/{referral.triage}")
    assert triage["owner"] == {"reference": f"Organization/{TEAM_2}"}
    assert triage["statusReason"]["coding"][0]["code"] == "cover"
    assert house.state(referral.triage) == "requested/new"


def test_what_providers_were_asked_goes_on_with_the_new_team(house: House):
    referral, task = house.asked()
    hand_over(house, referral)
    asked = house.provider.get(f"/fhir/Task/{task}")
    assert asked["requester"] == {"reference": f"Organization/{TEAM_2}"}
    view = house.answer(task, "accept")
    assert view["link_worker"]["name"] == house.scalar(
        "select name from link_worker_service where organisation = :team", team=TEAM_2
    )
    house.progress(task, "start")
    house.progress(task, "complete")
    new = house.by("link-worker-2")
    new.post(f"{referral.at}/close", {"outcome": "completed"})
    assert house.state(referral.triage) == "completed/closed"
    assert house.ehr.get(f"/fhir/Task/{referral.triage}")["owner"]["reference"].endswith(
        str(TEAM_2)
    )


def test_the_old_team_can_do_nothing_more_and_the_new_one_can_hand_it_back(house: House):
    referral, task = house.asked()
    hand_over(house, referral)
    with house.unchanged():
        for path in (f"{referral.at}/hold", f"{referral.at}/person-accepts"):
            house.worker.post(path, status=404)
        house.worker.post(f"/referrals/requests/{task}/withdraw-agreement", status=404)
        hand_over(house, referral, status=404)
    hand_over(house, referral, TEAM, by="link-worker-2", reason="other")
    assert house.worker.get(referral.at)["team"] == str(TEAM)
    house.by("link-worker-2").get(referral.at, status=404)


def test_the_hub_follows_the_team(house: House):
    referral = house.taken_on()
    first, second = house.by("coordinator"), house.by("coordinator-2")
    assert len(first.get("/referrals/cases")) == 1
    hand_over(house, referral, by="coordinator")
    assert first.get("/referrals/cases") == []
    first.get(referral.at, status=404)
    assert second.get(referral.at)["hub"] == "calderdale"
    hand_over(house, referral, TEAM, by="coordinator-2", reason="wrong-team")
    assert first.get(referral.at)["hub"] == "bradford"


def test_a_routed_case_too_belongs_to_its_teams_hub(house: House):
    referral = house.refer(code="183452005")
    house.by("coordinator").post(f"{referral.at}/route", {"team": str(TEAM_2)}, status=404)
    assert house.by("coordinator-2").get(referral.at)["team"] == str(TEAM_2)


def test_a_document_of_another_case_stays_with_the_team_that_has_that_one(house: House):
    first = house.refer()
    request = house.ehr.get(f"/fhir/ServiceRequest/{first.request}")
    again = {key: value for key, value in request.items() if key not in {"id", "meta"}}
    again["identifier"] = [{"system": "urn:tests", "value": str(uuid4())}]
    house.ehr.post("/fhir/ServiceRequest", again)
    hand_over(house, first)
    patient = f"/fhir/Patient/{first.patient}"
    assert house.worker.get(patient)
    assert house.by("link-worker-2").get(patient)
    house.worker.get(f"/fhir/ServiceRequest/{first.request}", status=404)


@pytest.mark.parametrize("who", ["provider", "link-worker-2", "coordinator-2", "ehr-2"])
def test_who_has_no_part_in_the_case_does_not_learn_of_it(house: House, who: str):
    referral, _ = house.asked()
    with house.unchanged():
        caller = house.by(who, scopes=EVERYTHING)
        body = {"team": str(TEAM_2), "reason": "other"}
        caller.post(f"{referral.at}/hand-over", body, status=404)


def test_a_sender_cannot_choose_the_team(house: House):
    referral = house.refer()
    with house.unchanged():
        body = {"team": str(TEAM_2), "reason": "other"}
        sender = house.by("ehr", scopes=EVERYTHING)
        sender.post(f"{referral.at}/hand-over", body, status=403)


@pytest.mark.parametrize(
    ("body", "status", "element"),
    [
        ({"team": str(HUB), "reason": "other"}, 422, "team"),
        ({"team": str(TEAM), "reason": "other"}, 409, "team"),
        ({"team": str(TEAM_2)}, 422, "Task.statusReason"),
        ({"team": str(TEAM_2), "reason": "because"}, 422, "Task.statusReason"),
        ({"team": "x", "reason": "other"}, 422, "team"),
        ({"reason": "other"}, 422, "team"),
        ({"team": str(TEAM_2), "reason": "other", "note": "Nora"}, 422, "note"),
    ],
)
def test_a_bad_hand_over_names_what_is_wrong_and_changes_nothing(
    house: House, body: dict[str, str], status: int, element: str
):
    referral = house.refer()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/hand-over", body, status=status)
    assert element in str(problem)
    assert "Nora" not in str(problem)


def test_what_is_unrouted_or_has_ended_is_not_handed_over(house: House):
    unrouted = house.refer(code="183452005")
    hand_over(house, unrouted, TEAM, by="coordinator", status=409)
    ended = house.refer()
    house.withdraw(ended)
    hand_over(house, ended, status=409)


def test_every_reason_that_is_declared_is_taken(house: House):
    referral = house.refer()
    teams = [("link-worker", TEAM_2), ("link-worker-2", TEAM)]
    for n, reason in enumerate(HAND_OVER_REASONS):
        by, team = teams[n % 2]
        hand_over(house, referral, team, by=by, reason=reason)


def test_whoever_hands_over_can_see_to_whom(house: House):
    teams = house.worker.get("/referrals/teams")
    name = hub_of("calderdale").team_name
    assert {"team": str(TEAM_2), "name": name, "hub": "calderdale"} in teams
    assert [each["hub"] for each in teams] == sorted(each["hub"] for each in teams)
    house.ehr.get("/referrals/teams", status=403)
