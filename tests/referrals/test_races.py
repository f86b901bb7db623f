"""Two at once on one case: the second is told so, and no impossible pair is left behind."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from services.referrals.clock import Clock
from tests.referrals.house import SERVICE_2, House, Json, Referral, a_bundle, wish

ROUNDS = 24
Call = Callable[[], httpx.Response]


def at_once(pairs: Sequence[tuple[Call, ...]]) -> list[tuple[int, ...]]:
    """Make all calls of all pairs together, those of one pair side by side; their statuses."""
    order = [(n, m) for n, calls in enumerate(pairs) for m in range(len(calls))]
    random.Random(1858).shuffle(order)
    order.sort(key=lambda each: each[0])
    start = threading.Barrier(24)
    answers: dict[tuple[int, int], int] = {}

    def work(share: list[tuple[int, int]]) -> None:
        start.wait()
        for n, m in share:
            answers[n, m] = pairs[n][m]().status_code

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(work, [order[k::24] for k in range(24)]))
    found = [tuple(answers[n, m] for m in range(len(calls))) for n, calls in enumerate(pairs)]
    assert all(status in {200, 201, 409, 412} for each in found for status in each), found
    return found


def post(house: House, name: str, path: str, body: Any = None) -> Call:
    caller = house.by(name)
    return lambda: caller.send("POST", path, json=body)


def answer(house: House, task: str, decision: str = "accept", **more: str) -> Call:
    body = {"decision": decision} | more
    return post(house, "provider", f"/referrals/requests/{task}/answer", body)


def revoke(house: House, referral: Referral) -> Call:
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "replace", "path": "/status", "value": "revoked"}]
    path = f"/fhir/ServiceRequest/{referral.request}"
    return lambda: house.ehr.send("PATCH", path, json=patch, headers=headers)


@pytest.fixture
def asked(house: House) -> list[tuple[Referral, str]]:
    """Many cases in which a provider is being asked."""
    return [house.asked() for _ in range(ROUNDS)]


def events(house: House, case: str) -> list[str]:
    """What was told of one case, in short."""
    rows = house.rows(
        "select type from outbox where subject = :case order by position", case=f"case/{case}"
    )
    return [name.removeprefix("kersey.referral.").removesuffix(".v1") for (name,) in rows]


def test_take_back_and_accept(house: House, asked: list[tuple[Referral, str]]):
    reason = {"reason": "person-changed-mind"}
    found = at_once([
        (post(house, "link-worker", f"/referrals/requests/{task}/cancel", reason),
         answer(house, task))
        for _, task in asked
    ])  # fmt: skip
    for (referral, task), (cancelled, accepted) in zip(asked, found, strict=True):
        assert cancelled == 200
        assert house.state(task) == "cancelled/cancelled"
        assert house.state(referral.triage) == "in-progress/person-accepted"
        expected = ["accepted", "cancelled"] if accepted == 200 else ["cancelled"]
        assert events(house, referral.case)[4:] == expected


def test_revoke_and_accept(house: House, asked: list[tuple[Referral, str]]):
    found = at_once([(revoke(house, each), answer(house, task)) for each, task in asked])
    for (referral, task), (revoked, accepted) in zip(asked, found, strict=True):
        assert revoked == 200
        assert house.state(task) == "cancelled/withdrawn"
        assert house.state(referral.triage) == "failed/withdrawn"
        told = events(house, referral.case)[4:]
        assert told == ["accepted"] * (accepted == 200) + ["cancelled", "withdrawn"]
        patient = house.scalar("select patient from onward_request where task=:t", t=task)
        assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")


def test_accept_and_accept(house: House, asked: list[tuple[Referral, str]]):
    found = at_once([(answer(house, task), answer(house, task)) for _, task in asked])
    for (referral, task), statuses in zip(asked, found, strict=True):
        assert sorted(statuses) == [200, 409]
        assert house.state(task) == "accepted/selected"
        assert events(house, referral.case)[4:] == ["accepted"]


def test_accept_and_expire(house: House, asked: list[tuple[Referral, str]]):
    house.pass_days(11)
    clocks = [threading.Thread(target=Clock(house.desk).close_unanswered) for _ in range(2)]
    for clock in clocks:
        clock.start()
    found = at_once([(answer(house, task),) for _, task in asked])
    for clock in clocks:
        clock.join()
    for (referral, task), (accepted,) in zip(asked, found, strict=True):
        right = "accepted/selected" if accepted == 200 else "cancelled/provider-silent"
        assert house.state(task) == right
        told = "accepted" if accepted == 200 else "no-response"
        assert events(house, referral.case)[4:] == [told]


def test_close_and_decline(house: House, asked: list[tuple[Referral, str]]):
    found = at_once([
        (post(house, "link-worker", f"{referral.at}/close", {"outcome": "nothing-fits"}),
         answer(house, task, "decline", reason="full"))
        for referral, task in asked
    ])  # fmt: skip
    for (referral, task), (closed, declined) in zip(asked, found, strict=True):
        assert closed == 200
        right = "rejected/provider-declined" if declined == 200 else "cancelled/cancelled"
        assert house.state(task) == right
        assert house.state(referral.triage) == "failed/nothing-fits"
        told = "declined" if declined == 200 else "cancelled"
        assert events(house, referral.case)[4:] == [told, "closed"]


def test_start_and_revoke(house: House, asked: list[tuple[Referral, str]]):
    for _, task in asked:
        house.answer(task, "accept")
    found = at_once([
        (post(house, "provider", f"/referrals/requests/{task}/progress", {"action": "start"}),
         revoke(house, referral))
        for referral, task in asked
    ])  # fmt: skip
    for (referral, task), (started, revoked) in zip(asked, found, strict=True):
        assert revoked == 200
        pair = (house.state(task), house.state(referral.triage))
        if started == 200:
            assert pair == ("in-progress/started", "in-progress/withdrawal-asked")
        else:
            assert pair == ("cancelled/withdrawn", "failed/withdrawn")


def test_agreement_withdrawn_and_identity_viewed(house: House, asked: list[tuple[Referral, str]]):
    for _, task in asked:
        house.answer(task, "accept")
    found = at_once([
        (post(house, "link-worker", f"/referrals/requests/{task}/withdraw-agreement"),
         post(house, "provider", f"/referrals/requests/{task}/identity"))
        for _, task in asked
    ])  # fmt: skip
    for (_, task), (withdrawn, viewed) in zip(asked, found, strict=True):
        assert withdrawn == 200
        views = house.rows(
            "select v.viewed <= a.withdrawn from identity_view v join agreement a using (task)"
            " where task = :task",
            task=task,
        )
        assert views == [(True,)] * (viewed == 200), "seen before it was withdrawn, or not at all"
        patient = house.scalar("select patient from onward_request where task=:t", t=task)
        assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")


def test_ask_and_ask(house: House):
    referrals = [house.taken_on() for _ in range(ROUNDS)]
    found = at_once([
        (post(house, "link-worker", f"{referral.at}/requests", wish()),
         post(house, "link-worker", f"{referral.at}/requests", wish(SERVICE_2)))
        for referral in referrals
    ])  # fmt: skip
    assert all(sorted(each) == [201, 409] for each in found)
    assert house.scalar("select count(*) from case_task where kind = 'provider'") == ROUNDS


def transaction(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def put(resource: Json, **changes: Any) -> Json:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource | changes, "request": {"method": "PUT", "url": url}}


def test_bundles_over_the_same_cases_in_opposite_order(house: House):
    pairs: list[tuple[Call, ...]] = []
    cases: list[tuple[Referral, Referral]] = []
    for _ in range(ROUNDS // 2):
        first, second = house.refer(), house.refer()
        cases.append((first, second))
        requests = [
            put(house.ehr.get(f"/fhir/ServiceRequest/{each.request}"), status="revoked")
            for each in (first, second)
        ]
        patients = [
            put(house.ehr.get(f"/fhir/Patient/{each.patient}"), active=False)
            for each in (second, first)
        ]
        tasks = [
            put(house.worker.get(f"/fhir/Task/{each.triage}"), status="accepted")
            for each in (second, first)
        ]
        pairs.append((
            post(house, "ehr", "/fhir", transaction(*requests, *patients)),
            post(house, "link-worker", "/fhir", transaction(*tasks)),
            post(house, "ehr", "/fhir", transaction(*reversed(patients), *reversed(requests))),
        ))  # fmt: skip
    found = at_once(pairs)
    for (first, second), (revoked, accepted, again) in zip(cases, found, strict=True):
        assert (revoked, again) == (200, 200)
        assert house.state(first.triage) == house.state(second.triage) == "cancelled/withdrawn"
        for each in (first, second):
            told = ["received"] + ["triage.started"] * (accepted == 200) + ["withdrawn"]
            assert events(house, each.case) == told


def test_referrals_that_share_a_document_keep_all_its_readers(house: House):
    patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])
    body = a_bundle()["entry"][4]["resource"] | {
        "subject": {"reference": f"Patient/{patient['id']}"}
    }
    system = "https://fhir.nhs.uk/Id/ods-organization-code"

    def refer(n: int, practice: str) -> Call:
        requester = {"identifier": {"system": system, "value": practice}}
        identifier = [{"system": "urn:tests", "value": f"{n}-{practice}"}]
        request = body | {"requester": requester, "identifier": identifier}
        return post(house, "ehr", "/fhir/ServiceRequest", request)

    at_once([(refer(n, "ZZK01"), refer(n, "ZZK03")) for n in range(ROUNDS // 2)])
    assert house.scalar("select count(*) from referral_case") == ROUNDS
    for team in ("link-worker", "link-worker-2"):
        assert house.by(team).get(f"/fhir/Patient/{patient['id']}"), team
    readers = house.rows(
        "select party from document_reader r join document d on d.pk = r.pk"
        " where d.type = 'Patient' and d.id = :id",
        id=patient["id"],
    )
    assert len(readers) == 3


def test_asking_in_cases_that_share_documents_never_fails(house: House):
    referrals = [house.refer() for _ in range(ROUNDS)]
    for referral in referrals:
        house.worker.post(f"{referral.at}/accept")
    found = at_once(
        [(post(house, "link-worker", f"{referral.at}/requests", wish()),) for referral in referrals]
    )
    assert set(found) == {(201,)}


def drafts(house: House) -> list[str]:
    """Ids of requests that start nothing yet."""
    made = []
    for _ in range(ROUNDS // 2):
        bundle = a_bundle()
        bundle["entry"][4]["resource"]["status"] = "draft"
        location = house.ehr.post("/fhir", bundle)["entry"][4]["response"]["location"]
        made.append(location.split("/ServiceRequest/")[1].split("/")[0])
    return made


def set_status(house: House, request: str, status: str) -> Call:
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "replace", "path": "/status", "value": status}]
    return lambda: house.ehr.send(
        "PATCH", f"/fhir/ServiceRequest/{request}", json=patch, headers=headers
    )


def test_a_draft_made_active_twice_starts_one_case(house: House):
    requests = drafts(house)
    found = at_once([tuple(set_status(house, each, "active") for _ in "ab") for each in requests])
    assert set(found) == {(200, 200)}
    assert house.scalar("select count(*) from referral_case") == len(requests)


def test_a_draft_made_active_and_revoked_leaves_no_open_case(house: House):
    requests = drafts(house)
    at_once([
        (set_status(house, each, "active"), set_status(house, each, "revoked"))
        for each in requests
    ])  # fmt: skip
    impossible = house.rows(
        "select c.id from referral_case c join worklist w on w.case = c.id"
        " join document d on d.type = 'ServiceRequest' and d.id = c.service_request"
        """ where w.open and d.body::json->>'status' = 'revoked'"""
    )
    assert impossible == []
