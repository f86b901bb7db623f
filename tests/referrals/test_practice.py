"""Whoever works at a practice refers its patients, and sees how each stands and nothing else."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.infrastructure.midnight import today
from tests.referrals.house import SERVICE, a_person
from tests.referrals.letters import looks_are_written
from tests.referrals.test_front_door import said

AT = "/referrals/practice/referrals"


def of_a_patient(**changes):
    """A patient of the practice, as its care navigator sends them."""
    return said() | {
        "source": "care-navigator",
        "referrer": {"name": "Carol Firth", "role": "Care navigator", "phone": "01632 960300"},
        "agreed_how": "in-person",
        "practice": "ZZK01",
        "tell_gp": True,
        "tell_referrer": True,
    } | changes  # fmt: skip


@pytest.fixture
def navigator(house):
    return house.by("navigator")


def test_the_practices_are_ones_own_with_their_hub_and_whom_to_ring(house, navigator):
    practices = navigator.get("/referrals/practice")
    assert {each["ods_code"] for each in practices} == {"ZZK01", "ZZK02", "ZZK03", "ZZK04"}
    assert {each["hub"] for each in practices} == {"bradford", "calderdale"}
    assert all(each["phone"] for each in practices)
    stranger = house.by("navigator", organisation=str(uuid4()))
    assert stranger.get("/referrals/practice") == []
    assert stranger.get(AT) == []


@pytest.mark.parametrize("way", [{}, {"entered": "phone"}, {"entered": "paper"}])
def test_a_patient_is_referred_by_name_and_stands_on_the_list(house, navigator, way):
    if way.get("entered") == "paper":
        way = {**way, "written": today().isoformat()}
    receipt = navigator.post(AT, of_a_patient(**way), status=201)

    (case,) = house.worker.get("/referrals/cases")
    door = house.worker.get(f"/referrals/cases/{case['case']}")["front_door"]
    assert door["entered_by"] == navigator.who.account
    assert door["entered"] == way.get("entered", "online")
    (row,) = navigator.get(AT)
    assert row["reference"] == receipt["reference"]
    assert (row["standing"], row["person"], row["practice"]) == (
        "received",
        "Kath Feather",
        "ZZK01",
    )
    assert house.by("ehr").send("GET", f"/fhir/Patient/{case['patient']}").status_code == 404


def test_what_the_record_system_sent_is_there_too_and_how_it_goes_on(house, navigator):
    sent = house.refer()

    def stands(show="open"):
        (row,) = navigator.get(f"{AT}?show={show}")
        return row["standing"]

    assert stands() == "received"
    house.worker.post(f"{sent.at}/accept")
    assert stands() == "with-link-worker"
    house.worker.post(f"{sent.at}/person-accepts")
    assert stands() == "looking"
    task = house.ask(sent, SERVICE)
    assert stands() == "waiting-for-answer"
    house.provider.post(f"/referrals/requests/{task}/answer", {"decision": "accept"})
    assert stands() == "place-found"
    house.worker.post(f"{sent.at}/close", {"outcome": "person-ended-early"})
    assert navigator.get(AT) == []
    assert stands("ended") == "person-ended-early"


def test_nothing_of_the_case_but_how_it_stands_is_told(house, navigator):
    _, task = house.asked(SERVICE)
    house.provider.post(
        f"/referrals/requests/{task}/answer", {"decision": "accept", "note": "By the back door"}
    )
    (row,) = navigator.get(AT)
    assert row.keys() == {
        "case", "practice", "sent", "reference", "person", "standing", "since",
    }  # fmt: skip
    assert "back door" not in json.dumps(row)
    for path in (
        "/referrals/cases",
        f"/referrals/cases/{row['case']}",
        "/fhir/Task",
        "/fhir/Patient",
    ):
        assert navigator.send("GET", path).status_code == 403, path


def test_of_whom_does_not_want_it_the_practice_learns_nothing_not_even_that_it_ended(
    house, navigator
):
    navigator.post(AT, of_a_patient(tell_gp=False, tell_referrer=False), status=201)
    sent = house.refer(number=2)
    house.worker.post(f"{sent.at}/gp-sharing/withdraw")
    before = navigator.get(AT)
    assert [each["standing"] for each in before] == ["not-told", "not-told"]
    assert [each["since"] for each in before] == [None, None]
    house.worker.post(f"{sent.at}/accept")
    house.worker.post(f"{sent.at}/close", {"outcome": "person-declined"})
    assert navigator.get(AT) == before
    assert navigator.get(f"{AT}?show=ended") == []


@pytest.mark.parametrize("stop", ["restricted", "do-not-contact", "died"])
def test_what_stops_messages_stops_this_too(house, navigator, stop):
    sent = house.refer()
    house.worker.post(f"{sent.at}/accept")
    house.worker.put(f"{sent.at}/person/stops/{stop}", {"stands": True, "told_by": "her sister"})
    (row,) = navigator.get(AT)
    assert row["standing"] == "ask-team"
    assert (row["person"] is None) == (stop == "restricted")


def test_another_practices_are_not_there(house, navigator):
    house.refer(by="ehr-2", practice="ZZK05")
    house.by("front-door").post(
        "/referrals/front-door", of_a_patient(source="practice"), status=201
    )
    assert navigator.get(AT) == [], "a form without an account could be anybody's"
    with house.unchanged():
        problem = navigator.post(AT, of_a_patient(practice="ZZK05", hub="kirklees"), status=422)
    assert problem["element"] == "practice"
    theirs = house.scalar("select id from referral_case where practice = 'ZZK05'")
    navigator.get(f"{AT}?after={theirs}", status=422)
    assert navigator.get(f"{AT}?practice=ZZK05") == []


def test_it_is_paged_newest_first_and_by_practice(house, navigator):
    for number, practice in ((1, "ZZK01"), (2, "ZZK03"), (3, "ZZK01")):
        house.refer(person=a_person(number, practice))
    rows = navigator.get(AT)
    assert [each["practice"] for each in rows] == ["ZZK01", "ZZK03", "ZZK01"]
    assert [each["sent"] for each in rows] == sorted((each["sent"] for each in rows), reverse=True)
    first = navigator.get(f"{AT}?count=1")
    assert first + navigator.get(f"{AT}?after={first[0]['case']}") == rows
    assert len(navigator.get(f"{AT}?practice=ZZK01")) == 2


def test_whoever_looks_is_seen_to_have_looked(house, navigator):
    sent = house.refer()
    navigator.get(AT)
    looks_are_written(house)
    assert house.scalar(
        "select count(*) from access_entry where subject = :who and record = :record",
        who=navigator.who.account,
        record=f"case/{sent.case}",
    ) == 1  # fmt: skip


def test_the_same_form_makes_one_case(house, navigator):
    body = of_a_patient()
    first = navigator.post(AT, body, status=201)
    assert navigator.post(AT, body, status=200) == first
    navigator.post(AT, body | {"words": "Something else."}, status=409)


@pytest.mark.parametrize(
    "changes",
    [
        {"practice": None},
        {"source": "self", "referrer": None},
        {"entered": "walk-in"},
        {"entered": "paper"},
        {"written": today().isoformat()},
        {"entered": "paper", "written": (today() + timedelta(days=2)).isoformat()},
        {"hub": "leeds"},
        {"agreed": False},
    ],
)
def test_what_does_not_hang_together_is_refused(house, navigator, changes):
    with house.unchanged():
        navigator.post(AT, of_a_patient(**changes), status=422)


def test_nobody_else_may(house):
    for name in ("link-worker", "coordinator", "provider", "front-door", "ehr"):
        assert house.by(name).send("GET", AT).status_code == 403, name
        with house.unchanged():
            assert house.by(name).send("POST", AT, json=of_a_patient()).status_code == 403, name
