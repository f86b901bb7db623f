"""The sender takes its referral back: at once where nothing runs, by asking where it does."""

from typing import Any

import pytest

from tests.referrals.house import SERVICE_2, House, replaced, warnings


@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_before_anything_started_a_withdrawal_cancels(house: House, status: str):
    referral = house.refer()
    house.ehr.patch(f"/fhir/ServiceRequest/{referral.request}", replaced("/status", status))
    assert house.state(referral.triage) == "cancelled/withdrawn"
    assert house.told()[-1] == "referral.withdrawn"
    assert house.worker.get("/referrals/cases") == []


def test_after_the_person_said_yes_it_ends_as_withdrawn_and_not_as_cancelled(house: House):
    referral = house.taken_on()
    house.withdraw(referral)
    assert house.state(referral.triage) == "failed/withdrawn"


def test_open_requests_go_with_it_and_identities_too(house: House):
    referral, first = house.accepted()
    second = house.ask(referral, SERVICE_2, several_because="Either")
    patient = house.scalar("select patient from onward_request where task=:t", t=first)
    assert "name" in house.provider.get(f"/fhir/Patient/{patient}")
    before = len(house.events())
    house.withdraw(referral)
    assert house.state(first) == house.state(second) == "cancelled/withdrawn"
    assert house.told(before) == [
        "referral.cancelled", "referral.cancelled", "referral.withdrawn",
    ]  # fmt: skip
    assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")
    house.provider.post(f"/referrals/requests/{first}/identity", status=409)


@pytest.mark.parametrize("outcome", ["completed", "person-ended-early", "died-or-moved"])
def test_what_runs_is_not_cancelled_the_link_worker_decides(house: House, outcome: str):
    referral, task = house.accepted()
    house.progress(task, "start")
    house.withdraw(referral)
    assert house.state(task) == "in-progress/started"
    assert house.state(referral.triage) == "in-progress/withdrawal-asked"
    assert house.told()[-1] == "referral.withdrawal-asked"
    before = len(house.events())
    house.ehr.patch(f"/fhir/ServiceRequest/{referral.request}", replaced("/priority", "urgent"))
    assert house.told(before) == [], "asked once"
    house.progress(task, "end-early")
    assert house.state(referral.triage) == "in-progress/withdrawal-asked"
    house.worker.post(f"{referral.at}/close", {"outcome": outcome})


def test_what_a_provider_is_asked_says_one_priority_until_it_is_answered_for_good(house: House):
    referral, task = house.asked()
    onward = house.scalar("select service_request from case_task where id = :t", t=task)
    at = f"/fhir/ServiceRequest/{referral.request}"

    def said() -> tuple[str, str]:
        asked = house.provider.get(f"/fhir/ServiceRequest/{onward}")
        return house.provider.get(f"/fhir/Task/{task}")["priority"], asked["priority"]

    assert said() == ("routine", "routine")
    for priority in ("asap", "urgent"):
        house.ehr.patch(at, replaced("/priority", priority))
        assert said() == (priority, priority)
    house.answer(task, "decline", reason="full")
    house.ehr.patch(at, replaced("/priority", "routine"))
    assert said() == ("urgent", "urgent")


def test_a_withdrawn_referral_does_not_come_back(house: House):
    referral = house.refer()
    house.withdraw(referral)
    with house.unchanged():
        outcome = house.ehr.patch(
            f"/fhir/ServiceRequest/{referral.request}", replaced("/status", "active"), status=409
        )
    assert outcome["issue"][0]["expression"] == ["ServiceRequest.status"]


def test_a_case_that_ended_stays_as_it_ended(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    before = len(house.events())
    house.withdraw(referral)
    assert house.state(referral.triage) == "failed/nothing-fits"
    assert house.told(before) == []
    assert house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")["status"] == "revoked"


def test_a_referral_stays_about_the_same_person(house: House):
    referral, other = house.refer(), house.refer(number=2)
    path = f"/fhir/ServiceRequest/{referral.request}"
    with house.unchanged():
        outcome = house.ehr.patch(
            path, replaced("/subject/reference", f"Patient/{other.patient}"), status=409
        )
        assert outcome["issue"][0]["expression"] == ["ServiceRequest.subject"]
        outcome = house.ehr.call("DELETE", path, status=409)
        assert "status revoked" in outcome["issue"][0]["diagnostics"]


def test_other_changes_of_the_request_are_the_senders_own(house: House):
    referral = house.refer()
    before = len(house.events())
    house.ehr.patch(
        f"/fhir/ServiceRequest/{referral.request}",
        {"op": "add", "path": "/patientInstruction", "value": "Bring the letter"},
    )
    seen = house.worker.get(f"/fhir/ServiceRequest/{referral.request}")
    assert seen["patientInstruction"] == "Bring the letter"
    assert house.told(before) == []


@pytest.mark.parametrize(
    ("element", "value", "words"),
    [
        ("status", "on-hold", "The case goes on"),
        ("status", "completed", "The case goes on"),
        ("requester", {"display": "Somebody else"}, "stays with whom it was sent to"),
        ("code", {"text": "Something else"}, "stays with whom it was sent to"),
    ],
)
def test_who_changes_what_the_case_does_not_follow_is_told_and_so_is_who_cares(
    house: House, element: str, value: Any, words: str
):
    referral = house.taken_on()
    path = f"/fhir/ServiceRequest/{referral.request}"
    version = house.worker.get(f"/fhir/Task/{referral.triage}")["meta"]["versionId"]
    state = house.state(referral.triage)
    prefer = {"Prefer": "return=OperationOutcome"}
    told = house.ehr.put(path, house.ehr.get(path) | {element: value}, headers=prefer)
    (warning,) = told["issue"]
    assert words in warning["diagnostics"]
    assert warning["expression"] == [f"ServiceRequest.{element}"]
    assert house.worker.get(f"/fhir/Task/{referral.triage}")["meta"]["versionId"] != version
    assert house.state(referral.triage) == state
    again = house.ehr.put(path, house.ehr.get(path), headers=prefer)
    assert warnings(again["issue"]) == [("information", [])], "said once"


def test_a_priority_that_rises_to_asap_is_told_like_one_that_came_so(house: House):
    referral, task = house.asked()
    declined = house.ask(referral, SERVICE_2, several_because="Either")
    house.answer(declined, "decline", by="provider-2", reason="full")
    path = f"/fhir/ServiceRequest/{referral.request}"
    before = len(house.events())
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": house.ehr.get(path) | {"priority": "asap"},
                "request": {"method": "PUT", "url": f"ServiceRequest/{referral.request}"},
            }
        ],
    }
    answer = house.ehr.post("/fhir", bundle)
    (warning,) = answer["entry"][0]["response"]["outcome"]["issue"]
    assert "999" in warning["diagnostics"]
    assert warning["expression"] == ["Bundle.entry[0].resource.priority"]
    assert house.told(before) == ["referral.urgent"]
    assert house.worker.get("/referrals/cases")[0]["urgent"] is True
    assert house.provider.get(f"/fhir/Task/{task}")["priority"] == "asap"
    ended = house.by("provider-2").get(f"/fhir/Task/{declined}")
    assert ended["priority"] == "routine", "what has ended stays as it was"
    house.ehr.patch(path, replaced("/priority", "routine"))
    assert house.worker.get("/referrals/cases")[0]["urgent"] is False
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    before = len(house.events())
    house.ehr.patch(path, replaced("/priority", "stat"))
    assert house.told(before) == [], "nobody works on it any more"


def test_a_revocation_that_comes_again_after_the_activity_ended_is_not_refused(house: House):
    referral, task = house.accepted()
    house.progress(task, "start")
    house.withdraw(referral)
    house.progress(task, "complete")
    house.withdraw(referral)
    assert house.state(referral.triage) == "in-progress/withdrawal-asked"
    assert house.told().count("referral.withdrawal-asked") == 1
