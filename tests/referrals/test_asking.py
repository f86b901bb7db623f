"""Asking providers: one with the person, several for a reason, and what cannot be asked."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.consortium import hub_of
from services.referrals.domain import CANCEL_REASONS, DECLINE_REASONS, SHAREABLE
from tests.referrals.house import (
    SERVICE_2,
    SERVICE_3,
    SIGNPOST,
    WITHDRAWN,
    House,
    Json,
    wish,
)

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_asking_straight_away_notes_that_the_person_said_yes(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    house.ask(referral)
    assert house.told()[-2:] == ["referral.triage.accepted", "referral.requested"]
    assert house.scalar("select code from code_returned") == "871731000000106"


@pytest.mark.parametrize(
    ("body", "status", "element"),
    [
        (wish(WITHDRAWN), 409, "service"),
        (wish(SIGNPOST), 422, "service"),
        (wish() | {"service": UNKNOWN}, 422, "service"),
        (wish(share={"shoe-size": "7"}), 422, "share"),
        (wish(share={"name": ""}), 422, "body.share.name"),
        (wish(share={"name": " "}), 422, "body.share.name"),
        (wish(share={"name": True}), 422, "body.share.name"),
        (wish(access_needs=[""]), 422, "body.access_needs.0"),
        (wish(how="telepathy"), 422, "how"),
        (wish(needs=[]), 422, "body.needs"),
        (wish(needs=[{"code": "a sentence about somebody"}]), 422, "body.needs.0.code"),
        (wish(text="x" * 2001), 422, "body.text"),
        (wish(hobby="chess"), 422, "body.hobby"),
        (wish() | {"service": "nowhere"}, 422, "body.service"),
        (wish(text="a\x00b"), 422, "body.text"),
        (wish(when="\ud800"), 422, "body.when"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_what_cannot_be_asked_is_refused_by_name(
    house: House, body: dict[str, object], status: int, element: str
):
    referral = house.taken_on()
    with house.unchanged():
        raw = json.dumps(body).encode()  # as it is, half a surrogate pair too
        headers = {"Content-Type": "application/json"}
        problem = house.worker.call(
            "POST", f"{referral.at}/requests", content=raw, headers=headers, status=status
        )
    assert problem["element"] == element


def test_every_item_of_the_list_can_be_agreed(house: House):
    shared = {item: f"Xanthe {item}" for item in SHAREABLE} | {
        "birth-date": "1961-04-05",
        "phone": "07700 900111 (not after six)",
        "email": "kath@feather.example",
    }
    _, task = house.accepted(share=shared)
    patient = house.scalar("select patient from onward_request where task=:t", t=task)
    body = house.provider.get(f"/fhir/Patient/{patient}")
    assert body["name"] == [{"text": "Xanthe name"}]
    assert {each["system"]: each["value"] for each in body["telecom"]} == {
        "phone": "07700 900111 (not after six)", "email": "kath@feather.example",
    }  # fmt: skip
    assert body["birthDate"] == "1961-04-05"
    assert body["address"] == [{"text": "Xanthe address"}]
    assert body["communication"] == [{"language": {"text": "Xanthe language"}}]
    assert body["contact"] == [{"name": {"text": "Xanthe carer"}}]
    seen = house.provider.post(f"/referrals/requests/{task}/identity")
    assert seen["agreed_items"] == sorted(SHAREABLE)
    assert seen["other"]["access-needs"] == "Xanthe access-needs"


def test_a_second_provider_is_asked_only_for_a_reason(house: House):
    referral, _ = house.asked()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/requests", wish(SERVICE_2), status=409)
        assert problem["element"] == "several_because"
        again = wish(several_because="Either day would do")
        problem = house.worker.post(f"{referral.at}/requests", again, status=409)
        assert problem["element"] == "service"
    house.ask(referral, SERVICE_2, several_because="Either day would do")


def test_the_person_chooses_among_offers_and_the_rest_are_cancelled(house: House):
    referral, first = house.asked()
    second = house.ask(referral, SERVICE_2, several_because="Either day would do")
    third = house.ask(referral, SERVICE_3, several_because="Either day would do")
    house.answer(first, "accept")
    house.answer(second, "accept", by="provider-2")
    house.answer(third, "waiting-list", by="provider-3")
    assert [house.state(each) for each in (first, second, third)] == [
        "accepted/offered", "accepted/offered", "received/waiting-list",
    ]  # fmt: skip
    for name, task in (("provider", first), ("provider-2", second)):
        assert house.by(name).get(f"/referrals/requests/{task}")["identity_available"] is False
        house.by(name).post(f"/referrals/requests/{task}/identity", status=409)

    before = len(house.events())
    house.worker.post(f"/referrals/requests/{second}/choose")
    assert [house.state(each) for each in (first, second, third)] == [
        "cancelled/not-chosen", "accepted/selected", "cancelled/not-chosen",
    ]  # fmt: skip
    assert house.told(before) == ["referral.chosen", "referral.cancelled", "referral.cancelled"]
    reasons = [event.model_dump().get("reason") for event in house.events(before)]
    assert reasons == [None, "not-chosen", "not-chosen"]
    seen = house.by("provider-2").post(f"/referrals/requests/{second}/identity")
    assert seen["name"] == "Kath Feather"
    house.provider.post(f"/referrals/requests/{first}/identity", status=409)


def test_choosing_another_takes_the_identity_from_the_first(house: House):
    referral, first = house.accepted()
    patient = house.scalar("select patient from onward_request where task=:t", t=first)
    assert "name" in house.provider.get(f"/fhir/Patient/{patient}")
    second = house.ask(referral, SERVICE_2, several_because="The day did not suit")
    house.answer(second, "accept", by="provider-2")
    house.worker.post(f"/referrals/requests/{second}/choose")
    assert house.state(first) == "cancelled/not-chosen"
    assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")


def test_choosing_leaves_a_running_activity_alone(house: House):
    referral, first = house.accepted()
    house.progress(first, "start")
    second = house.ask(referral, SERVICE_2, several_because="Two afternoons a week")
    house.answer(second, "accept", by="provider-2")
    house.worker.post(f"/referrals/requests/{second}/choose")
    assert house.state(first) == "in-progress/started"
    assert house.state(second) == "accepted/selected"


def test_only_an_offer_can_be_chosen_and_only_by_the_link_worker(house: House):
    referral, first = house.asked()
    with house.unchanged():
        house.worker.post(f"/referrals/requests/{first}/choose", status=409)
    house.ask(referral, SERVICE_2, several_because="Either")
    house.answer(first, "accept")
    with house.unchanged():
        house.provider.post(f"/referrals/requests/{first}/choose", status=403)


def test_the_last_refusal_brings_the_person_back_to_the_list(house: House):
    referral, first = house.asked()
    second = house.ask(referral, SERVICE_2, several_because="Either")
    house.answer(first, "decline", reason="full")
    assert house.state(referral.triage) == "in-progress/provider-asked"
    house.answer(second, "accept", by="provider-2")
    assert house.state(second) == "accepted/selected", "nobody else is asked any more"
    house.worker.post(f"/referrals/requests/{second}/cancel", {"reason": "person-changed-mind"})
    assert house.state(referral.triage) == "in-progress/person-accepted"


def test_an_offer_taken_back_leaves_the_others_being_asked(house: House):
    referral, first = house.asked()
    house.ask(referral, SERVICE_2, several_because="Either")
    house.answer(first, "accept")
    assert house.state(referral.triage) == "in-progress/place-found"
    house.worker.post(f"/referrals/requests/{first}/cancel", {"reason": "asked-by-mistake"})
    assert house.state(referral.triage) == "in-progress/provider-asked"


@pytest.mark.parametrize("reason", DECLINE_REASONS)
def test_a_decline_has_a_reason_of_the_list(house: House, reason: str):
    referral, task = house.asked()
    with house.unchanged():
        assert house.answer(task, "decline", status=422)["element"] == "Task.statusReason"
        house.answer(task, "decline", reason="unlucky", status=422)
    house.answer(task, "decline", reason=reason, note="Try again in May")
    assert house.state(task) == "rejected/provider-declined"
    (declined,) = [event for event in house.events() if event.type.endswith("declined.v1")]
    assert declined.model_dump()["reason"] == reason
    assert house.worker.get(referral.at)["tasks"][-1]["note"] == "Try again in May"
    read = house.worker.get(f"/fhir/Task/{task}")
    assert read["statusReason"]["coding"][0]["code"] == reason


@pytest.mark.parametrize("reason", CANCEL_REASONS)
def test_taking_back_has_a_reason_of_the_list(house: House, reason: str):
    _, task = house.asked()
    with house.unchanged():
        house.worker.post(f"/referrals/requests/{task}/cancel", {}, status=422)
    house.worker.post(f"/referrals/requests/{task}/cancel", {"reason": reason})
    assert house.state(task) == "cancelled/cancelled"


def test_a_waiting_list_can_become_a_place_or_a_refusal(house: House):
    referral, task = house.asked()
    house.answer(task, "waiting-list")
    assert house.state(task) == "received/waiting-list"
    assert house.state(referral.triage) == "in-progress/provider-asked"
    house.answer(task, "accept")
    assert house.state(task) == "accepted/selected"
    other, task = house.asked()
    house.answer(task, "waiting-list")
    house.answer(task, "decline", reason="full")
    assert house.state(other.triage) == "in-progress/person-accepted"


@pytest.mark.parametrize(
    ("actions", "state", "triage"),
    [
        (["not-attended"], "failed/did-not-come", "person-accepted"),
        (["start", "not-attended"], "failed/did-not-come", "person-accepted"),
        (["attend", "end-early"], "failed/person-ended-early", "person-accepted"),
        (["attend", "complete"], "completed/completed", "place-found"),
    ],
)
def test_what_came_of_a_place(house: House, actions: list[str], state: str, triage: str):
    referral, task = house.accepted()
    for action in actions:
        house.progress(task, action, date="2026-06-01")
    assert house.state(task) == state
    assert house.state(referral.triage) == f"in-progress/{triage}"
    assert house.rows("select action, day::text from activity order by recorded") == [
        (action, "2026-06-01") for action in actions
    ]


def test_progress_is_of_the_past_and_of_the_list(house: House):
    _, task = house.accepted()
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    with house.unchanged():
        assert house.progress(task, "start", date=tomorrow, status=422)["element"] == "date"
        assert house.progress(task, "levitate", status=422)["element"] == "action"
        assert house.answer(task, "perhaps", status=422)["element"] == "decision"
        house.progress(task, "complete", status=409)


def test_staff_of_the_hub_answer_for_a_provider_without_a_system(house: House):
    referral, task = house.asked()
    house.answer(task, "accept", by="coordinator", note="Rang them: yes")
    house.progress(task, "start", by="coordinator")
    assert house.state(task) == "in-progress/started"
    assert house.worker.get(referral.at)["tasks"][-1]["note"] == "Rang them: yes"


def test_a_person_of_one_place_goes_to_a_group_of_another(house: House):
    """A Leeds practice's patient and a Bradford group: each hub sees what is its own."""
    leeds = hub_of("leeds")
    worker = house.by("link-worker", client_id="worker-leeds", organisation=str(leeds.team))
    coordinator = house.by("coordinator", organisation=str(leeds.organisation))
    referral = house.refer(practice="ZZK07", by="ehr-2")
    worker.post(f"{referral.at}/accept")
    task = str(worker.post(f"{referral.at}/requests", wish())["task"])
    house.answer(task, "accept")
    house.progress(task, "start")
    assert coordinator.get(referral.at)["hub"] == "leeds"
    assert worker.get(referral.at)["tasks"][-1]["id"] == task
    assert house.state(task) == "in-progress/started"
    house.by("coordinator").get(referral.at, status=404)
    assert house.by("coordinator").get("/referrals/cases") == []


def test_the_service_that_checked_a_link_passes_answers_on(house: House):
    _, task = house.asked()
    contact = {"contact": UNKNOWN, "via": "email"}
    view = house.by("notifications").get(f"/referrals/requests/{task}")
    assert view["answerable"] is True
    house.answer(task, "accept", by="notifications", answered_by=contact)
    assert house.state(task) == "accepted/selected"
    asks = house.by("notifications")
    problem = asks.post(f"/referrals/requests/{task}/identity", status=422)
    assert problem["element"] == "viewer"
    seen = asks.post(f"/referrals/requests/{task}/identity", {"viewer": contact})
    assert seen["contact"] == [{"system": "phone", "value": "07700 900111"}]
    assert house.rows("select viewer, step from identity_view") == [
        (f"contact/{UNKNOWN}", "one-time-code")
    ]
    house.progress(task, "start", by="notifications", reported_by=contact)
    assert house.scalar("select recorded_by from activity") == f"contact/{UNKNOWN}"


def test_an_account_cannot_name_somebody_else_as_the_viewer(house: House):
    _, task = house.accepted()
    viewer = {"viewer": {"contact": UNKNOWN, "via": "email"}}
    with house.unchanged():
        problem = house.provider.post(f"/referrals/requests/{task}/identity", viewer, status=422)
    assert problem["element"] == "viewer"
    assert house.scalar("select count(*) from identity_view") == 0


def test_little_can_be_asked_in_few_words(house: House):
    bare: Json = {"text": "", "when": "", "where": "", "access_needs": [], "share": {}}
    referral = house.taken_on()
    task = house.ask(referral, needs=[{"code": "money"}], **bare)
    key = house.row("select service_request from case_task where id = :id", id=task)[0]
    request = house.provider.get(f"/fhir/ServiceRequest/{key}")
    assert request["reasonCode"] == [
        {"coding": [{"system": "https://kersey.example/fhir/CodeSystem/need", "code": "money"}]}
    ]
    assert not {"orderDetail", "note"} & set(request)
    house.answer(task, "accept")
    seen = house.provider.post(f"/referrals/requests/{task}/identity")
    assert seen == {"name": "", "contact": [], "agreed_items": [], "other": {}}
