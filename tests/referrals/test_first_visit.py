"""The first visit is an Appointment that follows its Task; who sent the referral reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.referrals.republishing import STATE
from services.referrals.subject.erasing import erase
from shared.messaging.events import ReferralVisitSet
from tests.referrals.house import SERVICE, SERVICE_2, TEAM_2, House


def in_days(days: float) -> str:
    return (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)).isoformat()


def says(house: House, task: str, by: str = "provider", *, status: int | None = None, **more: Any):
    body = {"starts": in_days(5)} | more
    return house.by(by).put(f"/referrals/requests/{task}/first-visit", body, status=status)


def appointment(house: House, by: str = "ehr") -> Any:
    (entry,) = house.by(by).get("/fhir/Appointment")["entry"]
    return entry["resource"]


def expected(house: House) -> tuple[Any, str]:
    referral, task = house.accepted()
    says(house, task)
    return referral, task


@pytest.mark.parametrize("by", ["provider", "link-worker", "coordinator"])
def test_whoever_knows_says_when_and_the_sender_reads_an_appointment(house: House, by: str):
    referral, task = house.accepted()
    starts = in_days(5)
    told = says(house, task, by, starts=starts, minutes=90)["first_visit"]
    assert datetime.fromisoformat(told["starts"]) == datetime.fromisoformat(starts)
    found = appointment(house)
    assert told["appointment"] == f"Appointment/{found['id']}"
    assert (found["status"], found["description"]) == ("booked", "First visit")
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert end - start == timedelta(minutes=90)
    assert {"reference": f"ServiceRequest/{referral.request}"} in found["basedOn"]
    actors = [each["actor"]["reference"] for each in found["participant"]]
    assert f"HealthcareService/{SERVICE}" in actors
    assert f"Patient/{referral.patient}" not in actors, "the provider reads it too"
    (entry,) = house.ehr.get(
        "/fhir/Appointment", params={"based-on": f"ServiceRequest/{referral.request}"}
    )["entry"]
    assert entry["resource"]["id"] == found["id"]
    (event,) = [each for each in house.events() if isinstance(each, ReferralVisitSet)]
    assert (str(event.task), event.starts) == (task, datetime.fromisoformat(starts))
    case = house.worker.get(referral.at)
    (shown,) = [each["first_visit"] for each in case["tasks"] if each["id"] == task]
    assert told.items() <= shown.items()


def test_only_those_of_the_case_read_it(house: House):
    expected(house)
    for reader in ("ehr", "link-worker", "provider"):
        assert appointment(house, reader)["status"] == "booked"
    for other in ("ehr-2", "provider-2", "link-worker-2", "fhir-client"):
        assert "entry" not in house.by(other).get("/fhir/Appointment")
    found = appointment(house)
    house.ehr.put(f"/fhir/Appointment/{found['id']}", found | {"status": "noshow"}, status=403)


def test_the_same_again_tells_nobody_and_another_time_is_another_version(house: House):
    _, task = house.accepted()
    starts = in_days(5)
    for _ in range(2):
        says(house, task, starts=starts)
    assert appointment(house)["meta"]["versionId"] == "1"
    says(house, task, starts=starts, minutes=30)
    assert len([each for each in house.events() if isinstance(each, ReferralVisitSet)]) == 1
    says(house, task, starts=in_days(9))
    found = appointment(house)
    assert found["meta"]["versionId"] == "3"
    assert len([each for each in house.events() if isinstance(each, ReferralVisitSet)]) == 2


def test_when_it_was_made_stays_whatever_comes_of_it(house: House):
    _, task = expected(house)
    made = appointment(house)["created"]
    says(house, task, starts=in_days(9))
    assert (appointment(house)["meta"]["versionId"], appointment(house)["created"]) == ("2", made)
    house.worker.post(f"/referrals/requests/{task}/cancel", {"reason": "asked-by-mistake"})
    cancelled = appointment(house)
    assert (cancelled["status"], cancelled["created"]) == ("cancelled", made)


@pytest.mark.parametrize(
    ("action", "status"),
    [("start", "fulfilled"), ("attend", "fulfilled"), ("not-attended", "noshow")],
)
def test_it_follows_what_came_of_it(house: House, action: str, status: str):
    _, task = expected(house)
    house.execute("update first_visit set starts = starts - interval '6 days'")
    house.progress(task, action)
    assert appointment(house)["status"] == status


def test_who_came_before_it_has_not_come_to_it(house: House):
    _, task = expected(house)
    house.progress(task, "start")
    assert appointment(house)["status"] == "booked", "it is still to come"
    house.execute("update first_visit set starts = starts - interval '6 days'")
    house.progress(task, "attend")
    assert appointment(house)["status"] == "fulfilled"


def test_what_ended_before_it_cancels_it(house: House):
    _, task = expected(house)
    house.progress(task, "start")
    house.progress(task, "complete")
    assert appointment(house)["status"] == "cancelled"


def test_a_person_who_cannot_come_cancels_it_and_the_sender_reads_so(house: House):
    referral, task = expected(house)
    house.by("person-messages").post(f"/referrals/requests/{task}/person", {"said": "cancel"})
    found = appointment(house)
    assert found["status"] == "cancelled"
    assert found["cancelationReason"]["coding"][0]["code"] == "pat"
    assert found["participant"][0]["status"] == "declined"
    assert house.state(task) == "cancelled/cancelled"
    assert house.worker.get(referral.at)["tasks"][1]["first_visit"]["status"] == "cancelled"
    says(house, task, status=409)


def test_a_request_that_is_taken_back_or_withdrawn_cancels_it(house: House):
    _, task = expected(house)
    house.worker.post(f"/referrals/requests/{task}/cancel", {"reason": "asked-by-mistake"})
    found = appointment(house)
    assert found["status"] == "cancelled"
    assert found["cancelationReason"]["coding"][0]["code"] == "other"


def test_another_team_reads_it_once_the_case_is_theirs(house: House):
    referral, _ = expected(house)
    body = {"team": str(TEAM_2), "reason": "cover"}
    house.worker.post(f"{referral.at}/hand-over", body)
    assert appointment(house, "link-worker-2")["status"] == "booked"
    assert "entry" not in house.worker.get("/fhir/Appointment")


@pytest.mark.parametrize(
    "starts",
    [in_days(-1), in_days(800), "2026-12-01T10:00:00", "soon", None],
    ids=["past", "far", "without a zone", "no time", "none"],
)
def test_an_odd_time_is_refused_by_its_element(house: House, starts: Any):
    _, task = house.accepted()
    with house.unchanged():
        refused = says(house, task, starts=starts, status=422)
    assert "starts" in str(refused["element"])


def test_before_there_is_a_place_and_after_it_began_none_is_set(house: House):
    _, task = house.asked()
    with house.unchanged():
        says(house, task, status=409)
    house.answer(task, "waiting-list")
    says(house, task, status=409)
    house.answer(task, "accept")
    house.progress(task, "start")
    says(house, task, status=409)


def test_who_has_no_part_in_it_sets_none(house: House):
    _, task = house.accepted()
    with house.unchanged():
        for other in ("provider-2", "link-worker-2", "coordinator-2"):
            says(house, task, other, status=404)
        says(house, task, "ehr", status=403)
        says(house, task, said_by={"contact": str(uuid4()), "via": "answer-link"}, status=422)


def test_by_an_answer_link_its_contact_is_noted(house: House):
    _, task = house.accepted()
    contact = uuid4()
    says(house, task, "notifications", said_by={"contact": str(contact), "via": "answer-link"})
    assert house.scalar("select set_by from first_visit") == f"contact/{contact}"


def test_each_place_has_its_own(house: House):
    referral, task = house.accepted()
    says(house, task)
    other = house.ask(referral, SERVICE_2, several_because="They like both")
    assert house.worker.get(referral.at)["tasks"][-1]["id"] == other
    assert len(house.worker.get("/fhir/Appointment")["entry"]) == 1


def test_it_is_told_again_as_it_stands(house: House):
    _, task = expected(house)
    (state,) = [each for each in STATE if each.kind == "cases"]
    with house.desk.work() as uow:
        events = [event for event, _ in state.told(uow, state.keys(uow))]
    (event,) = [each for each in events if isinstance(each, ReferralVisitSet)]
    assert str(event.task) == task


def test_an_erasure_takes_it(house: House):
    referral, task = expected(house)
    found = appointment(house)
    house.progress(task, "start")
    house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    person = house.scalar("select person from referral_case where id = :id", id=referral.case)
    erase(house.desk, person, by="DPO", reason="person-asked")
    house.ehr.get(f"/fhir/Appointment/{found['id']}", status=410)
    assert house.rows("select * from first_visit") == []


def goes_along(who: str | None = "volunteer", meet: str = "1:45pm, at the library") -> Any:
    return {"company": {"who": who, "meet": meet}}


def shown_to_team(house: House, referral: Any) -> Any:
    (shown,) = [each["first_visit"] for each in house.worker.get(referral.at)["tasks"][1:]]
    return shown


def test_the_team_says_who_goes_along_and_the_provider_hears_that_alone(house: House):
    referral, task = house.accepted()
    starts = in_days(5)
    says(house, task, "link-worker", starts=starts, **goes_along())
    shown = shown_to_team(house, referral)
    assert (shown["company"], shown["meet"]) == ("volunteer", "1:45pm, at the library")
    assert shown["set"], shown["set_by"]
    at = f"/referrals/requests/{task}"
    assert house.provider.get(at)["first_visit"]["company"] == "volunteer"
    for reader, where in (
        ("provider", at),
        ("coordinator", referral.at),
        ("provider", f"/fhir/Appointment/{appointment(house)['id']}"),
        ("ehr", f"/fhir/Appointment/{appointment(house)['id']}"),
    ):
        assert "library" not in str(house.by(reader).get(where)), reader
    assert "library" not in str([each.model_dump() for each in house.events()])
    told = house.by("person-messages").get(f"{at}/person")
    assert (told["company"], told["meet"]) == ("volunteer", "1:45pm, at the library")
    house.by("person-messages").post(f"{at}/person", {"said": "not-this-time", "day": starts[:10]})
    told = house.by("person-messages").get(f"{at}/person")
    assert (told["company"], told["meet"]) == ("", ""), "it was called off"


def test_who_goes_along_stays_when_the_time_moves_and_where_they_meet_does_not(house: House):
    referral, task = house.accepted()
    starts = in_days(5)
    says(house, task, "link-worker", starts=starts, **goes_along())
    says(house, task, starts=starts)
    assert shown_to_team(house, referral)["meet"], "nothing was said of another time"
    says(house, task, starts=in_days(6))
    shown = shown_to_team(house, referral)
    assert (shown["company"], shown["meet"]) == ("volunteer", "")
    says(house, task, "link-worker", starts=in_days(6), **goes_along("nobody", ""))
    assert shown_to_team(house, referral)["company"] == "nobody"
    says(house, task, "link-worker", starts=in_days(6), **goes_along(None, ""))
    assert shown_to_team(house, referral)["company"] is None


def test_who_goes_along_alone_tells_nobody_of_another_time(house: House):
    _, task = house.accepted()
    starts = in_days(5)
    says(house, task, starts=starts)
    says(house, task, "link-worker", starts=starts, **goes_along())
    assert len([each for each in house.events() if isinstance(each, ReferralVisitSet)]) == 1


@pytest.mark.parametrize("other", ["provider", "coordinator"])
def test_who_goes_along_is_the_teams_to_say(house: House, other: str):
    _, task = house.accepted()
    with house.unchanged():
        refused = says(house, task, other, status=403, **goes_along())
        says(house, task, "link-worker", status=422, **goes_along("the cat"))
    assert "company" in str(refused)
