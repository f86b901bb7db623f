"""Staff take down what comes to the front door by phone or on paper (care 22)."""

from datetime import timedelta

import pytest

from tests.infrastructure.midnight import today
from tests.referrals.test_front_door import FAMILY, said, the_case

AT = "/referrals/front-door/entries"
PAPER = {"entered": "paper", "written": today().isoformat()}


@pytest.mark.parametrize("name", ["link-worker", "coordinator"])
def test_it_lands_in_triage_marked_with_the_way_and_by_whom(house, name):
    written = (today() - timedelta(days=4)).isoformat()
    receipt = house.by(name).post(AT, said(entered="paper", written=written, **FAMILY), status=201)

    row, at = the_case(house)
    assert (row["source"], row["state"]) == ("family", "new")
    door = house.worker.get(at)["front_door"]
    assert door["reference"] == receipt["reference"]
    assert (door["entered"], door["written"]) == ("paper", written)
    assert door["entered_by"] == house.by(name).who.client_id


def test_whoever_types_reads_no_more_of_it_than_the_page_would(house):
    house.by("coordinator").post(AT, said(entered="phone"), status=201)
    row, _ = the_case(house)
    hub = house.by("coordinator")
    assert hub.send("GET", f"/fhir/ServiceRequest/{row['service_request']}").status_code == 404


def test_staff_type_for_their_own_hub_alone(house):
    for name, hub in (("link-worker-2", "bradford"), ("coordinator-2", "bradford")):
        with house.unchanged():
            problem = house.by(name).post(AT, said(entered="phone", hub=hub), status=422)
        assert problem["element"] == "hub"
        doors = house.by(name).get("/referrals/front-door/mine")
        assert [each["code"] for each in doors] == ["calderdale"]
        assert doors[0]["practices"]


def test_the_same_form_makes_one_case(house):
    body = said(entered="phone")
    first = house.worker.post(AT, body, status=201)
    assert house.worker.post(AT, body) == first
    house.worker.post(AT, body | {"words": "Something else."}, status=409)


@pytest.mark.parametrize(
    "changes",
    [
        {"entered": "online"},
        {"entered": "paper"},
        {"entered": "phone", "written": today().isoformat()},
        {"entered": "paper", "written": (today() + timedelta(days=2)).isoformat()},
        {"entered": "paper", "written": "1999-01-01"},
        {**PAPER, "agreed": False},
    ],
)
def test_what_does_not_hang_together_is_refused(house, changes):
    with house.unchanged():
        house.worker.post(AT, said(**changes), status=422)


def test_the_page_without_an_account_cannot_say_that_staff_typed_it(house):
    door = house.by("front-door")
    with house.unchanged():
        door.post("/referrals/front-door", said(entered="phone"), status=422)
    for name in ("front-door", "provider", "ehr"):
        assert house.by(name).send("POST", AT, json=said(**PAPER)).status_code == 403
