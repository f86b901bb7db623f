"""Agreement to share: given for items, ended at once when withdrawn, closed to new sharing late."""

from datetime import UTC, datetime, timedelta

import pytest

from services.referrals.domain import State
from services.referrals.handlers.sharing import may_identify
from tests.referrals.house import House, Json, Referral, wish


def provider_patient(house: House, task: str) -> str:
    patient = house.scalar("select patient from onward_request where task = :task", task=task)
    return f"/fhir/Patient/{patient}"


def agreed(house: House, referral: Referral) -> list[Json]:
    """What was agreed to be shared, as the person's record has it."""
    found: list[Json] = house.worker.get(f"{referral.at}/person")["consents"]["sharing"]
    return found


def names(bundle: Json) -> list[object]:
    return [each["resource"].get("name") for each in bundle.get("entry", [])]


def test_withdrawing_empties_the_providers_patient_and_its_history(house: House):
    _, task = house.accepted()
    path = provider_patient(house, task)
    assert house.provider.get(path)["name"] == [{"text": "Kath Feather"}]
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    assert house.told()[-1] == "agreement.withdrawn"
    for reader in (house.provider, house.worker):
        assert "Feather" not in reader.send("GET", path).text
        assert "07700" not in reader.send("GET", f"{path}/_history").text
        assert "Feather" not in reader.send("GET", "/fhir/Patient/_history").text
        for version in (1, 2):
            reader.get(f"{path}/_history/{version}", status=404)
    assert house.worker.get("/fhir/Patient?name=Feather").get("entry", []) == []
    with house.unchanged():
        house.provider.post(f"/referrals/requests/{task}/identity", status=409)
        problem = house.worker.post(f"/referrals/requests/{task}/withdraw-agreement", status=409)
        assert "no agreement" in problem["detail"]
    view = house.provider.get(f"/referrals/requests/{task}")
    assert view["identity_available"] is False


@pytest.mark.parametrize(("share", "agreed"), [({"name": "Kath"}, True), ({}, False)])
def test_a_case_says_whether_there_is_something_to_withdraw(
    house: House, share: dict[str, str], agreed: bool
):
    referral, task = house.asked(share=share)

    def sharing() -> bool:
        (found,) = [each for each in house.worker.get(referral.at)["tasks"] if each["id"] == task]
        return bool(found["sharing"])

    assert sharing() is agreed
    house.worker.send("POST", f"/referrals/requests/{task}/withdraw-agreement")
    assert not sharing()


def test_withdrawn_before_acceptance_it_is_never_shared(house: House):
    _, task = house.asked()
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    house.answer(task, "accept")
    assert "name" not in house.provider.get(provider_patient(house, task))
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)


@pytest.mark.parametrize("name", ["provider", "coordinator", "ehr"])
def test_only_the_link_worker_records_that_it_was_withdrawn(house: House, name: str):
    _, task = house.accepted()
    someone = house.by(name, scopes=("cases",))
    with house.unchanged():
        someone.post(f"/referrals/requests/{task}/withdraw-agreement", status=403)


@pytest.mark.parametrize("name", ["link-worker", "coordinator", "ehr"])
def test_only_the_provider_is_told_who_it_is(house: House, name: str):
    _, task = house.accepted()
    someone = house.by(name, scopes=("cases",))
    with house.unchanged():
        someone.post(f"/referrals/requests/{task}/identity", status=403)
    assert house.scalar("select count(*) from identity_view") == 0


def test_every_view_is_recorded_and_shown_to_the_link_worker(house: House):
    referral, task = house.accepted()
    house.provider.post(f"/referrals/requests/{task}/identity")
    path = provider_patient(house, task)
    house.provider.get(path)
    house.provider.get(f"{path}/_history")
    house.provider.get(f"{path}/_history/2")
    house.provider.get("/fhir/Task?_include=Task:patient")
    seen = house.worker.get(referral.at)["identity_views"]
    assert [each["viewer"] for each in seen] == ["demo-provider"] * 5
    assert {each["task"] for each in seen} == {task}
    house.worker.get(path)
    house.provider.get("/fhir/Task")
    assert len(house.worker.get(referral.at)["identity_views"]) == 5, "these told nobody who it is"


def test_reading_an_empty_patient_is_no_view_of_anyone(house: House):
    referral, task = house.asked()
    house.provider.get(provider_patient(house, task))
    assert house.worker.get(referral.at)["identity_views"] == []


def test_a_restricted_persons_identity_is_hidden(house: House):
    _, before = house.asked()
    house.execute("update person set restricted = true")
    house.answer(before, "accept")
    assert "name" not in house.provider.get(provider_patient(house, before))
    house.provider.post(f"/referrals/requests/{before}/identity", status=409)
    assert house.provider.get(f"/referrals/requests/{before}")["identity_available"] is False


@pytest.mark.parametrize("column", ["restricted", "died"])
def test_the_api_hides_it_at_once_where_it_was_shared_before(house: House, column: str):
    _, task = house.accepted()
    house.execute(f"update person set {column} = true")
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)
    house.progress(task, "start")
    assert "name" not in house.provider.get(provider_patient(house, task))


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_an_agreement_that_expired_before_acceptance_shares_nothing(house: House):
    _, task = house.asked(expires=in_days(1))
    house.execute("update agreement set expires = now() - interval '1 hour'")
    house.answer(task, "accept")
    assert "name" not in house.provider.get(provider_patient(house, task))
    assert house.provider.get(f"/referrals/requests/{task}")["identity_available"] is False
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)


def test_what_was_shared_before_it_expired_stays_shared(house: House):
    _, task = house.accepted(expires=in_days(1))
    house.execute("update agreement set expires = now() - interval '1 hour'")
    house.progress(task, "start")
    assert house.provider.get(provider_patient(house, task))["name"]
    assert house.provider.post(f"/referrals/requests/{task}/identity")["name"] == "Kath Feather"
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)


def test_without_an_agreement_nobody_is_identified():
    assert not may_identify(State("accepted", "selected"), None, None, datetime.now(UTC))


def test_an_expiry_without_a_zone_is_refused(house: House):
    referral = house.taken_on()
    naive = wish(expires="2026-12-01T12:00:00")
    problem = house.worker.post(f"{referral.at}/requests", naive, status=422)
    assert problem["element"] == "body.expires"


def ends(house: House, at: str, task: str) -> str | None:
    (found,) = [each for each in house.worker.get(at)["tasks"] if each["id"] == task]
    end: str | None = found["agreement_ends"]
    return end


def ending_at(house: House) -> list[str]:
    rows = house.worker.get("/referrals/worklist?agreement_ending=true")["cases"]
    return [each["case"] for each in rows]


def test_an_agreement_that_ends_is_renewed_and_shares_what_was_agreed(house: House):
    soon, later = (datetime.now(UTC) + timedelta(days=days) for days in (3, 90))
    referral, task = house.asked(share={"name": "Kath"}, expires=soon.isoformat())
    assert ending_at(house) == [referral.case]
    assert str(ends(house, referral.at, task))[:19] == soon.isoformat()[:19]
    body = {"how": "written", "expires": later.isoformat()}
    house.worker.post(f"/referrals/requests/{task}/renew-agreement", body)
    assert ending_at(house) == []
    assert str(ends(house, referral.at, task))[:19] == later.isoformat()[:19]
    trail = "select count(*) from audit_entry where action = 'agreement-renewed'"
    assert house.scalar(trail) == 1
    house.answer(task, "accept")
    assert house.provider.get(provider_patient(house, task))["name"] == [{"text": "Kath"}]
    assert ends(house, referral.at, task) is None, "what was shared stays shared"


def test_renewing_after_its_end_shares_at_once(house: House):
    _, task = house.asked(share={"name": "Kath"})
    house.execute("update agreement set expires = now() - interval '1 day'")
    house.answer(task, "accept")
    assert "name" not in house.provider.get(provider_patient(house, task))
    house.worker.post(f"/referrals/requests/{task}/renew-agreement", {})
    assert house.provider.get(provider_patient(house, task))["name"] == [{"text": "Kath"}]


def test_each_giving_is_kept_with_what_was_shown_under_it(house: House):
    referral, task = house.accepted(share={"name": "Kath"}, how="verbal", expires=in_days(3))
    house.provider.post(f"/referrals/requests/{task}/identity")
    (first,) = agreed(house, referral)
    assert (first["how"], first["before"]) == ("verbal", [])
    assert first["given"] < first["used"] < first["expires"]
    again = house.by("link-worker", account="colleague")
    again.post(f"/referrals/requests/{task}/renew-agreement", {"how": "written"})
    again.post(f"/referrals/requests/{task}/renew-agreement", {"expires": in_days(9)})
    (now,) = agreed(house, referral)
    verbal, written = now["before"]
    same = ("how", "given", "expires", "used", "recorded_by")
    assert {each: verbal[each] for each in same} == {each: first[each] for each in same}
    assert verbal["recorded_by"] == house.worker.who.client_id
    assert (written["how"], written["expires"]) == ("written", None)
    assert (now["how"], now["recorded_by"]) == ("verbal", "colleague")
    assert verbal["ended"] == written["given"] <= written["used"] <= written["ended"]
    assert written["ended"] == now["given"] <= now["used"] < now["expires"]
    for each in (verbal, written, now):
        assert each["given"] <= each["used"], "nothing is used before it is given"


def test_a_giving_under_which_nothing_was_shown_says_so(house: House):
    referral, task = house.asked(share={"name": "Kath"})
    house.worker.post(f"/referrals/requests/{task}/renew-agreement", {"how": "written"})
    house.answer(task, "accept")
    (now,) = agreed(house, referral)
    assert [each["used"] for each in now["before"]] == [None]
    assert now["used"] >= now["given"]


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2120-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2027-01-01T00:00:00"}, "expires"),
        ({"how": "guessed"}, "how"),
        ({"items": ["phone"]}, "items"),
    ],
)
def test_it_is_not_renewed_by_what_nobody_can_have_agreed_to(
    house: House, body: Json, element: str
):
    _, task = house.asked()
    with house.unchanged():
        problem = house.worker.post(f"/referrals/requests/{task}/renew-agreement", body, status=422)
    assert problem["element"].endswith(element)


@pytest.mark.parametrize(
    ("share", "then", "body"),
    [
        ({}, "", None),
        ({"name": "Kath"}, "withdraw-agreement", None),
        ({"name": "Kath"}, "cancel", {"reason": "other"}),
    ],
)
def test_nothing_is_renewed_where_nothing_stands(
    house: House, share: dict[str, str], then: str, body: Json | None
):
    _, task = house.asked(share=share)
    if then:
        house.worker.post(f"/referrals/requests/{task}/{then}", body)
    with house.unchanged():
        house.worker.post(f"/referrals/requests/{task}/renew-agreement", {}, status=409)


@pytest.mark.parametrize("name", ["provider", "coordinator", "ehr"])
def test_only_the_link_worker_records_that_it_was_renewed(house: House, name: str):
    _, task = house.asked()
    someone = house.by(name, scopes=("cases",))
    with house.unchanged():
        someone.post(f"/referrals/requests/{task}/renew-agreement", {}, status=403)
