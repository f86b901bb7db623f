"""Others that meet on one case, a few dozen times each: nothing impossible is left behind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from services.referrals.subject.erasing import erase
from tests.referrals.house import SERVICE_2, House, Referral, a_bundle, wish
from tests.referrals.racing import (
    ODS,
    Asked,
    Call,
    answer,
    at_once,
    events,
    nothing_is_broken,
    patch_status,
    post,
    put,
    transaction,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROUNDS = 24


@pytest.fixture
def asked(house: House) -> Iterator[list[Asked]]:
    """Many cases in which a provider is being asked."""
    yield [house.asked() for _ in range(ROUNDS)]
    nothing_is_broken(house)


def test_revoke_and_accept(house: House, asked: list[Asked]):
    found = at_once([
        (patch_status(house, each.request, "revoked"), answer(house, task)) for each, task in asked
    ])  # fmt: skip
    happened = events(house)
    for (referral, task), (revoked, accepted) in zip(asked, found, strict=True):
        assert revoked == 200
        assert house.state(task) == "cancelled/withdrawn"
        assert house.state(referral.triage) == "failed/withdrawn"
        told = happened[referral.case][4:]
        assert told == ["accepted"] * (accepted == 200) + ["cancelled", "withdrawn"]
        patient = house.scalar("select patient from onward_request where task=:t", t=task)
        assert "name" not in house.provider.get(f"/fhir/Patient/{patient}")


def test_start_and_revoke(house: House, asked: list[Asked]):
    for _, task in asked:
        house.answer(task, "accept")
    found = at_once([
        (post(house, "provider", f"/referrals/requests/{task}/progress", {"action": "start"}),
         patch_status(house, referral.request, "revoked"))
        for referral, task in asked
    ])  # fmt: skip
    for (referral, task), (started, revoked) in zip(asked, found, strict=True):
        assert revoked == 200
        pair = (house.state(task), house.state(referral.triage))
        if started == 200:
            assert pair == ("in-progress/started", "in-progress/withdrawal-asked")
        else:
            assert pair == ("cancelled/withdrawn", "failed/withdrawn")


@pytest.fixture
def placed(house: House, asked: list[Asked]) -> list[Asked]:
    """The same cases, with a place."""
    for _, task in asked:
        house.answer(task, "accept")
    return asked


def test_a_visit_is_set_and_the_request_is_taken_back(house: House, placed: list[Asked]):
    day = {"starts": (datetime.now(UTC) + timedelta(days=5)).isoformat()}
    provider = house.provider

    def set_visit(task: str) -> Call:
        return lambda: provider.send("PUT", f"/referrals/requests/{task}/first-visit", json=day)

    found = at_once([
        (set_visit(task),
         post(house, "link-worker", f"/referrals/requests/{task}/cancel", {"reason": "other"}))
        for _, task in placed
    ])  # fmt: skip
    happened = events(house)
    for (referral, task), (visit, cancelled) in zip(placed, found, strict=True):
        assert cancelled == 200
        told = [each for each in happened[referral.case] if each in {"visit-set", "cancelled"}]
        assert told == ["visit-set"] * (visit == 200) + ["cancelled"]
        status = house.rows("select status from first_visit where task = :t", t=task)
        assert status == [("cancelled",)] * (visit == 200)


def test_the_person_says_that_they_do_not_come_and_the_provider_that_they_came(
    house: House, placed: list[Asked]
):
    found = at_once([
        (post(house, "person-messages", f"/referrals/requests/{task}/person", {"said": "cancel"}),
         post(house, "provider", f"/referrals/requests/{task}/progress", {"action": "start"}))
        for _, task in placed
    ])  # fmt: skip
    for (_, task), statuses in zip(placed, found, strict=True):
        assert sorted(statuses) in [[200, 409], [204, 409]]
        came = statuses[1] == 200
        assert house.state(task) == ("in-progress/started" if came else "cancelled/cancelled")


def test_an_emergency_and_an_erasure(house: House):
    # Whatever comes first: of whoever was erased no word is left.
    lead = house.by("link-worker", roles=("link-worker", "team-lead"), account="lead")

    def erasing(person: UUID) -> Call:
        def call() -> httpx.Response:
            erase(house.desk, person, by="t", reason="person-asked", even_if_open=True)
            return httpx.Response(200)

        return call

    races: list[tuple[Call, ...]] = []
    for n in range(ROUNDS // 3):
        case = house.taken_on(number=n + 1).case
        person = house.scalar("select person from referral_case where id = :c", c=case)
        duty = house.by("duty-lead", account=f"duty-{n}")
        body = {"case": case, "reason": "life-at-risk", "words": "zwords"}
        key = duty.post("/referrals/break-glass", body, status=201)["id"]
        look = {"found": "right", "came": "zcame"}
        at = f"/referrals/break-glass/{key}/look"
        races.append((lambda at=at, look=look: lead.send("POST", at, json=look), erasing(person)))  # type: ignore[misc]
    assert {erased for _, erased in at_once(races)} == {200}
    assert house.rows("select 1 from break_glass where words <> '' or came <> ''") == []


def test_ask_and_ask(house: House):
    referrals = [house.taken_on() for _ in range(ROUNDS)]
    found = at_once([
        (post(house, "link-worker", f"{referral.at}/requests", wish()),
         post(house, "link-worker", f"{referral.at}/requests", wish(SERVICE_2)))
        for referral in referrals
    ])  # fmt: skip
    assert all(sorted(each) == [201, 409] for each in found)
    assert house.scalar("select count(*) from case_task where kind = 'provider'") == ROUNDS


def test_bundles_of_a_sender_and_a_team_over_the_same_cases(house: House):
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
    happened = events(house)
    for (first, second), (revoked, accepted, again) in zip(cases, found, strict=True):
        assert (revoked, again) == (200, 200)
        assert house.state(first.triage) == house.state(second.triage) == "cancelled/withdrawn"
        for each in (first, second):
            told = ["received"] + ["triage.started"] * (accepted == 200) + ["withdrawn"]
            assert happened[each.case] == told


def test_referrals_that_share_a_document_keep_all_its_readers(house: House):
    patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])
    body = a_bundle()["entry"][4]["resource"] | {
        "subject": {"reference": f"Patient/{patient['id']}"}
    }

    def refer(n: int, practice: str) -> Call:
        requester = {"identifier": {"system": ODS, "value": practice}}
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


def test_a_draft_made_active_twice_starts_one_case(house: House):
    requests = drafts(house)
    found = at_once([tuple(patch_status(house, each, "active") for _ in "ab") for each in requests])
    assert set(found) == {(200, 200)}
    assert house.scalar("select count(*) from referral_case") == len(requests)


def test_a_draft_made_active_and_revoked_leaves_no_open_case(house: House):
    requests = drafts(house)
    at_once([
        (patch_status(house, each, "active"), patch_status(house, each, "revoked"))
        for each in requests
    ])  # fmt: skip
    impossible = house.rows(
        "select c.id from referral_case c join worklist w on w.case = c.id"
        " join document d on d.type = 'ServiceRequest' and d.id = c.service_request"
        """ where w.open and d.body::json->>'status' = 'revoked'"""
    )
    assert impossible == []
