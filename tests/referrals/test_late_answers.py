"""Second, stale, unasked and late answers: refused in words, and nothing at all is changed."""

from collections.abc import Callable

import pytest

from tests.referrals.house import House, Json, replaced

Ends = Callable[[House, str, str], object]
"""Ends a request; given the house, the case's address and the Task."""

ENDINGS: dict[str, Ends] = {
    "declined": lambda house, _, task: house.answer(task, "decline", reason="full"),
    "taken-back": lambda house, _, task: house.worker.post(
        f"/referrals/requests/{task}/cancel", {"reason": "asked-by-mistake"}
    ),
    "closed": lambda house, at, _: house.worker.post(f"{at}/close", {"outcome": "nothing-fits"}),
}


def told(problem: Json) -> str:
    """The words of a problem, or of an OperationOutcome's one issue."""
    if "issue" in problem:
        (issue,) = problem["issue"]
        return str(issue["diagnostics"])
    return str(problem["detail"])


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("decision", ["accept", "waiting-list", "decline"])
def test_an_answer_after_the_end_is_refused(house: House, ending: str, decision: str):
    referral, task = house.asked()
    ENDINGS[ending](house, referral.at, task)
    status = {"accept": "accepted", "waiting-list": "received", "decline": "rejected"}[decision]
    with house.unchanged():
        problem = house.answer(task, decision, reason="full", status=409)
        assert "ended" in told(problem)
        outcome = house.provider.patch(
            f"/fhir/Task/{task}", replaced("/status", status), status=409
        )
        assert "ended" in told(outcome)
        assert outcome["issue"][0]["code"] == "conflict"
        assert outcome["issue"][0]["expression"] == ["Task.status"]


def test_an_answer_after_the_senders_withdrawal_is_refused(house: House):
    referral, task = house.asked()
    house.withdraw(referral)
    with house.unchanged():
        assert "ended" in told(house.answer(task, "accept", status=409))


def test_a_second_answer_is_refused(house: House):
    _, task = house.accepted()
    with house.unchanged():
        for decision in ("accept", "waiting-list", "decline"):
            problem = house.answer(task, decision, reason="full", status=409)
            assert "accepted/selected now" in told(problem)


def test_an_answer_to_what_has_moved_on_is_412(house: House):
    _, task = house.asked()
    read = house.provider.send("GET", f"/fhir/Task/{task}")
    house.answer(task, "waiting-list")
    with house.unchanged():
        outcome = house.provider.put(
            f"/fhir/Task/{task}",
            read.json() | {"status": "accepted"},
            headers={"If-Match": read.headers["etag"]},
            status=412,
        )
    assert "read it again" in told(outcome)


@pytest.mark.parametrize("name", ["provider-2", "link-worker-2", "ehr-2", "coordinator-2"])
def test_who_was_not_asked_learns_of_nothing(house: House, name: str):
    referral, task = house.asked()
    stranger = house.by(name, scopes=("cases", "system/*.cruds"))
    with house.unchanged():
        house.answer(task, "accept", by="provider-2", status=404)
        house.progress(task, "start", by="provider-2", status=404)
        stranger.get(f"/referrals/requests/{task}", status=404)
        stranger.get(referral.at, status=404)
        stranger.post(f"/referrals/requests/{task}/identity", status=404)
        stranger.post(f"/referrals/requests/{task}/choose", status=404)
        stranger.post(f"/referrals/requests/{task}/withdraw-agreement", status=404)
        stranger.post(f"/referrals/requests/{task}/cancel", {"reason": "other"}, status=404)
        stranger.post(f"{referral.at}/accept", status=404)
        stranger.post(f"{referral.at}/contacts", {"reached": True, "how": "phone"}, status=404)
        stranger.patch(f"/fhir/Task/{task}", replaced("/status", "accepted"), status=404)
        body = house.provider.get(f"/fhir/Task/{task}") | {"status": "accepted"}
        stranger.put(f"/fhir/Task/{task}", body, status=405)  # as for an id that never was


def test_what_does_not_exist_is_not_found(house: House):
    nowhere = "00000000-0000-4000-8000-000000000000"
    house.worker.get(f"/referrals/cases/{nowhere}", status=404)
    house.worker.post(f"/referrals/cases/{nowhere}/accept", status=404)
    house.provider.get(f"/referrals/requests/{nowhere}", status=404)
    house.answer(nowhere, "accept", status=404)
    house.provider.get("/referrals/requests/not-an-id", status=422)


def test_a_triage_task_is_no_request_to_a_provider(house: House):
    referral = house.refer()
    with house.unchanged():
        house.worker.get(f"/referrals/requests/{referral.triage}", status=404)
        house.by("notifications").get(f"/referrals/requests/{referral.triage}", status=404)
        house.answer(referral.triage, "accept", by="notifications", status=404)
        house.answer(referral.triage, "accept", by="link-worker", status=404)
        for step in ("identity", "choose", "withdraw-agreement"):
            house.worker.post(f"/referrals/requests/{referral.triage}/{step}", status=404)
        house.progress(referral.triage, "start", by="link-worker", status=404)


def test_without_the_scope_nothing_is_possible(house: House):
    referral, task = house.asked()
    with house.unchanged():
        narrow = house.by("link-worker", scopes=("system/*.rs",))
        assert narrow.post(f"{referral.at}/accept", status=403)["element"] == "scope"
        reader = house.by("provider", scopes=("system/*.rs",))
        outcome = reader.patch(f"/fhir/Task/{task}", replaced("/status", "accepted"), status=403)
        assert "system/Task.u" in told(outcome)
        passes_on = house.by("notifications")
        passes_on.post(f"{referral.at}/accept", status=403)
        passes_on.post(f"/referrals/requests/{task}/choose", status=403)
