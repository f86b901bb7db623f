"""The same steps by FHIR: a Task that is put or patched, with If-Match and without."""

from typing import Any

import pytest

from tests.referrals.house import SERVICE_2, Caller, House, Json, replaced

STATUS = "https://kersey.example/fhir/CodeSystem/task-business-status"
REASON = "https://kersey.example/fhir/CodeSystem/task-status-reason"


def business(code: str) -> Json:
    return {"coding": [{"system": STATUS, "code": code}]}


def reason(code: str, **more: Any) -> Json:
    return {"coding": [{"system": REASON, "code": code}]} | more


def put(caller: Caller, task: str, expect: int = 200, **changes: Any) -> Json:
    """Send the Task back as it was read, but for the changes, at the version that was read."""
    read = caller.send("GET", f"/fhir/Task/{task}")
    headers = {"If-Match": read.headers["etag"]}
    body: Json = caller.put(
        f"/fhir/Task/{task}", read.json() | changes, headers=headers, status=expect
    )
    return body


def issue(outcome: Json) -> tuple[str, list[str]]:
    (only,) = outcome["issue"]
    return only["code"], only.get("expression", [])


def test_a_provider_goes_through_everything_by_put(house: House):
    _, task = house.asked()
    before = len(house.events())
    answer = put(house.provider, task, status="accepted")
    assert (answer["status"], answer["meta"]["versionId"]) == ("accepted", "2")
    assert house.state(task) == "accepted/selected"
    put(house.provider, task, status="in-progress")
    assert house.state(task) == "in-progress/started"
    put(house.provider, task, businessStatus=business("attended"))
    assert house.state(task) == "in-progress/attended"
    put(house.provider, task, status="completed")
    assert house.state(task) == "completed/completed"
    assert house.told(before) == [
        "referral.accepted", "referral.started", "referral.attended", "referral.completed",
    ]  # fmt: skip


def test_a_provider_patches_its_answer(house: House):
    _, task = house.asked()
    etag = {"If-Match": 'W/"1"'}
    path = f"/fhir/Task/{task}"
    house.provider.patch(path, replaced("/status", "accepted"), headers=etag)
    assert house.state(task) == "accepted/selected"
    with house.unchanged():
        stale = house.provider.patch(
            path, replaced("/status", "in-progress"), headers=etag, status=412
        )
    assert issue(stale)[0] == "conflict"
    house.provider.patch(path, replaced("/status", "in-progress"))
    assert house.state(task) == "in-progress/started"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "received"}, "received/waiting-list"),
        (
            {"status": "rejected", "statusReason": reason("full", text="None till May")},
            "rejected/provider-declined",
        ),
        (
            {"status": "rejected", "statusReason": {"text": "We have moved"}},
            "rejected/provider-declined",
        ),
    ],
)
def test_a_provider_answers_otherwise(house: House, changes: Json, state: str):
    _, task = house.asked()
    put(house.provider, task, **changes)
    assert house.state(task) == state
    read = house.ehr.get(f"/fhir/Task/{task}")
    if "statusReason" in changes:
        words = changes["statusReason"]["text"]
        assert read["note"] == [{"text": words}], "the provider's words are kept"
        code = read["statusReason"]["coding"][0]["code"]
        assert code == ("full" if "coding" in changes["statusReason"] else "other")


def test_a_decline_by_put_needs_its_reason(house: House):
    _, task = house.asked()
    with house.unchanged():
        outcome = put(house.provider, task, 422, status="rejected")
    assert issue(outcome) == ("business-rule", ["Task.statusReason"])


def test_a_note_beside_the_answer_reaches_the_link_worker(house: House):
    _, task = house.asked()
    put(house.provider, task, status="accepted", note=[{"text": "Ask for Jo at the door"}])
    assert house.worker.get(f"/fhir/Task/{task}")["note"] == [{"text": "Ask for Jo at the door"}]


def test_the_link_worker_triages_by_put(house: House):
    referral = house.refer()
    put(house.worker, referral.triage, status="accepted")
    assert house.state(referral.triage) == "accepted/triage-accepted"
    put(house.worker, referral.triage, status="in-progress")
    assert house.state(referral.triage) == "in-progress/person-accepted"
    put(house.worker, referral.triage, status="on-hold")
    assert house.state(referral.triage) == "on-hold/nothing-fits"
    put(house.worker, referral.triage, status="failed", businessStatus=business("nothing-fits"))
    assert house.state(referral.triage) == "failed/nothing-fits"
    assert house.scalar("select outcome from referral_case") == "nothing-fits"


def test_the_link_worker_returns_by_put(house: House):
    referral = house.refer()
    put(house.worker, referral.triage, status="rejected", statusReason=reason("wrong-area"))
    assert house.state(referral.triage) == "rejected/returned"


def test_the_link_worker_cancels_and_chooses_by_put(house: House):
    referral, first = house.asked()
    second = house.ask(referral, SERVICE_2, several_because="Either")
    house.answer(first, "accept")
    put(house.worker, first, businessStatus=business("selected"))
    assert house.state(first) == "accepted/selected"
    assert house.state(second) == "cancelled/not-chosen"
    put(
        house.worker,
        first,
        status="cancelled",
        businessStatus=business("cancelled"),
        statusReason=reason("person-changed-mind"),
    )
    assert house.state(first) == "cancelled/cancelled"


def test_steps_with_consequences_belong_to_the_case_api(house: House):
    referral = house.taken_on()
    with house.unchanged():
        outcome = put(house.worker, referral.triage, 422, businessStatus=business("provider-asked"))
    assert "case API" in outcome["issue"][0]["diagnostics"]
    other = house.refer(code="183452005")
    with house.unchanged():
        put(house.by("coordinator"), other.triage, 422, businessStatus=business("new"))


def test_the_sender_withdraws_by_its_triage_task(house: House):
    referral = house.refer()
    put(house.ehr, referral.triage, status="cancelled")
    assert house.state(referral.triage) == "cancelled/withdrawn"
    other, task = house.asked()
    put(house.ehr, other.triage, status="failed")
    assert house.state(other.triage) == "failed/withdrawn"
    assert house.state(task) == "cancelled/withdrawn"


def test_the_sender_moves_no_provider(house: House):
    _, task = house.asked()
    with house.unchanged():
        outcome = put(house.ehr, task, 403, status="accepted")
        assert issue(outcome)[0] == "forbidden"
        outcome = put(house.ehr, task, 422, status="cancelled")
        assert "revoking its ServiceRequest" in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("priority", "stat"),
        ("intent", "plan"),
        ("owner", {"display": "Somebody else"}),
        ("for", {"display": "Somebody else"}),
        ("description", "by the way"),
    ],
)
def test_what_kersey_keeps_is_not_for_clients_to_change(house: House, element: str, value: Any):
    _, task = house.asked()
    with house.unchanged():
        changes = {"status": "accepted", element: value}
        outcome = put(house.provider, task, 422, **changes)
    assert issue(outcome) == ("business-rule", [f"Task.{element}"])


@pytest.mark.parametrize("status", ["draft", "ready", "entered-in-error"])
def test_a_status_that_no_step_leads_to_is_refused(house: House, status: str):
    _, task = house.asked()
    with house.unchanged():
        outcome = put(house.provider, task, 422, status=status)
    assert issue(outcome)[0] == "business-rule"


def test_a_status_that_is_none_is_refused_before_anything(house: House):
    _, task = house.asked()
    with house.unchanged():
        outcome = put(house.provider, task, 422, status="actve")
    assert issue(outcome)[1] == ["Task.status"]


def test_nobody_deletes_or_overwrites_what_kersey_wrote(house: House):
    _, task = house.asked()
    request, patient = house.row(
        "select t.service_request, o.patient from case_task t join onward_request o"
        " on o.task = t.id where t.id = :id",
        id=task,
    )
    writer = house.by("provider", scopes=("system/*.cruds",))
    worker = house.by("link-worker", scopes=("system/*.cruds",))
    with house.unchanged():
        for caller in (writer, worker):
            for path in (f"ServiceRequest/{request}", f"Patient/{patient}"):
                outcome = caller.call("DELETE", f"/fhir/{path}", status=403)
                assert "Kersey writes this itself" in outcome["issue"][0]["diagnostics"]
                body = caller.get(f"/fhir/{path}")
                caller.put(f"/fhir/{path}", body | {"language": "en"}, status=403)
            caller.call("DELETE", f"/fhir/Task/{task}", status=403)


def test_two_steps_in_one_bundle_happen_together_or_not_at_all(house: House):
    _, first = house.asked()
    _, second = house.asked()
    house.answer(second, "decline", reason="full")

    def entry(task: str) -> Json:
        body = house.provider.get(f"/fhir/Task/{task}") | {"status": "accepted"}
        body.pop("statusReason", None)
        request = {"method": "PUT", "url": f"Task/{task}"}
        return {"resource": body, "request": request}

    bundle = {"resourceType": "Bundle", "type": "transaction"}
    with house.unchanged():
        both = {"entry": [entry(first), entry(second)]}
        house.provider.post("/fhir", bundle | both, status=409)
    answer = house.provider.post("/fhir", bundle | {"entry": [entry(first)]})
    located = answer["entry"][0]["response"]["location"]
    assert located.endswith(f"Task/{first}/_history/2")


def test_a_businessstatus_in_another_codes_words_says_nothing(house: House):
    _, task = house.asked()
    other = {"coding": [{"system": "urn:another", "code": "declined"}]}
    put(house.provider, task, status="accepted", businessStatus=other)
    assert house.state(task) == "accepted/selected"
