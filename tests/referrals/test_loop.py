"""One referral from the record system's Bundle to the outcome that it reads."""

from tests.referrals.house import SERVICE, TEAM, House, a_bundle, wish


def test_a_referral_goes_all_the_way_round(house: House):
    referral = house.refer()
    assert house.state(referral.triage) == "requested/new"
    (row,) = house.worker.get("/referrals/cases")
    assert row["case"] == referral.case

    house.worker.post(f"{referral.at}/accept")
    house.worker.post(f"{referral.at}/contacts", {"reached": True, "how": "phone", "minutes": 9})
    house.worker.post(f"{referral.at}/person-accepts")
    asked = house.worker.post(f"{referral.at}/requests", wish(SERVICE), status=201)
    task = asked["task"]
    assert house.state(task) == "requested/awaiting-answer"
    assert house.state(referral.triage) == "in-progress/provider-asked"

    house.answer(task, "accept")
    assert house.state(task) == "accepted/selected"
    assert house.state(referral.triage) == "in-progress/place-found"
    seen = house.provider.post(f"/referrals/requests/{task}/identity")
    assert seen["name"] == "Kath Feather"

    for action, state in (
        ("start", "in-progress/started"),
        ("attend", "in-progress/attended"),
        ("attend", "in-progress/attended"),  # of the same day once more: nothing new
        ("complete", "completed/completed"),
    ):
        house.progress(task, action)
        assert house.state(task) == state
    closed = house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    assert closed["outcome"] == "completed"
    assert [each["action"] for each in closed["activities"]] == [
        "start", "attend", "complete",
    ]  # fmt: skip
    assert closed["identity_views"][0]["viewer"] == "demo-provider"
    assert closed["attempts"][0]["reached"] is True

    assert house.ehr.get(f"/fhir/Task/{referral.triage}")["status"] == "completed"
    assert house.ehr.get(f"/fhir/Task/{task}")["status"] == "completed"
    request = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    assert request["status"] == "active", "the sender's status stays the sender's (care 5)"
    assert house.worker.get("/referrals/cases") == []
    assert house.told() == [
        "referral.received", "referral.triage.started", "referral.triage.accepted",
        "referral.requested", "referral.accepted", "referral.started", "referral.attended",
        "referral.completed", "referral.closed",
    ]  # fmt: skip


def test_the_provider_finds_its_own_request_through_fhir(house: House):
    _, task = house.asked()
    found = house.provider.get(
        "/fhir/Task", params={"status": "requested", "_include": "Task:focus"}
    )
    resources = {each["resource"]["resourceType"]: each["resource"] for each in found["entry"]}
    assert resources["Task"]["id"] == task
    request = resources["ServiceRequest"]
    assert request["status"] == "active"
    assert request["reasonCode"][0]["coding"][0]["code"] == "loneliness"
    assert {each["text"] for each in request["orderDetail"]} == {
        "Access: step-free", "When: Sunday afternoons", "Where: Saltaire",
    }  # fmt: skip


def test_the_onward_request_ends_as_its_task_ends(house: House):
    def status(task: str) -> str:
        request = house.row("select service_request from case_task where id=:id", id=task)[0]
        return str(house.worker.get(f"/fhir/ServiceRequest/{request}")["status"])

    referral, task = house.accepted()
    house.progress(task, "start")
    assert status(task) == "active"
    house.progress(task, "complete")
    assert status(task) == "completed"
    other = house.ask(referral, SERVICE)
    house.worker.post(f"/referrals/requests/{other}/cancel", {"reason": "person-changed-mind"})
    assert status(other) == "revoked"


def test_a_case_keeps_the_person_when_the_sender_gave_no_patient(house: House):
    bundle = a_bundle()
    request = bundle["entry"][-1]["resource"]
    request["subject"] = {"display": "Someone whom the practice will ring about"}
    del bundle["entry"][0]
    referral = house.refer(bundle)
    task = house.ehr.get(f"/fhir/Task/{referral.triage}")
    assert "for" not in task
    house.by("coordinator").post(f"{referral.at}/route", {"team": str(TEAM)})
    house.worker.post(f"{referral.at}/accept")
    assert house.state(house.ask(referral)) == "requested/awaiting-answer"
