"""A full service says so before it is asked; a referral to the link worker is never refused."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from deploy.demo.clients import PROVIDER
from services.referrals import capacities
from shared.fhir.model import validate
from shared.messaging.events import (
    CapacityChanged,
    Event,
    Sequence,
    ServiceChanged,
    ServicePublished,
    ServiceWithdrawn,
)
from tests.referrals.house import SERVICE, WITHDRAWN, House, Json, a_bundle, hear, wish

SOON = datetime.now(UTC) + timedelta(days=7)
EXTENSION = "https://kersey.example/fhir/StructureDefinition/service-capacity"


def says(house: House, state: str, *, sequence: int = 2, **more: Any) -> None:
    hear(house.desk, CapacityChanged(service=SERVICE, state=state, **more), sequence=sequence)


def room(house: House) -> Json:
    """What an EHR reads of a service's room."""
    service = house.ehr.get(f"/fhir/HealthcareService/{SERVICE}")
    assert validate(service) == ()
    found = [each for each in service.get("extension", ()) if each["url"] == EXTENSION]
    return {
        part["url"]: value
        for each in found
        for part in each["extension"]
        for name, value in part.items()
        if name != "url"
    }


def test_a_full_service_is_said_to_be_full_and_nothing_is_asked(house: House):
    says(house, "full", expires=SOON)
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/requests", wish(), status=409)
    assert problem["element"] == "full_because"
    assert problem["detail"].startswith("This service is full and has no waiting list.")


def test_a_full_service_is_asked_all_the_same_for_a_reason_that_it_reads(house: House):
    says(house, "full", expires=SOON)
    referral = house.taken_on()
    asked = house.worker.post(
        f"{referral.at}/requests", wish(full_because="She was with you until March")
    )
    assert asked["full_because"] == "She was with you until March"
    assert asked["service"]["capacity"]["state"] == "full"
    seen = house.provider.get(f"/referrals/requests/{asked['task']}")
    assert seen["full_because"] == "She was with you until March"
    onward = house.scalar("select service_request from case_task where id=:t", t=asked["task"])
    notes = house.provider.get(f"/fhir/ServiceRequest/{onward}")["note"]
    assert {"text": "Asked although full: She was with you until March"} in notes


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"state": "waiting-list", "waiting": 7},
            "Full. There is a waiting list: 7 people.",
        ),
        ({"state": "waiting-list", "waiting": 1}, "Full. There is a waiting list: 1 person."),
        (
            {"state": "full", "keeps_list": True},
            "Full. There is a waiting list; nobody has said how long.",
        ),
        ({"state": "taking", "places": 3}, "Taking people now: 3 places."),
        ({"state": "ask-first"}, "Ask first: they look at each request."),
        ({"state": "unknown"}, "Nobody has said lately whether there is room."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_else_is_said_does_not_keep_anybody_from_asking(
    house: House, said: dict[str, Any], words: str
):
    says(house, **said, expires=SOON)
    referral = house.taken_on()
    capacity = house.worker.post(f"{referral.at}/requests", wish())["service"]["capacity"]
    assert capacity["words"] == words
    assert capacity.get("waiting") == said.get("waiting")


def test_what_has_expired_is_not_known_and_turns_nobody_away(house: House):
    says(house, "full", expires=datetime.now(UTC) - timedelta(seconds=1))
    house.asked()
    assert room(house) == {}


def test_a_service_of_which_nothing_was_said_is_asked(house: House):
    _, task = house.asked()
    seen = house.provider.get(f"/referrals/requests/{task}")["service"]
    assert seen["capacity"]["state"] == "unknown"
    assert seen["listed"] is True


# --- the copy, in whatever order it hears ------------------------------------------------------


def listed(state: str | None, **more: Any) -> Json:
    capacity = {"state": state} | more if state else None
    return {"name": "Sunday stitching", "kersey": {"tier": 2, "capacity": capacity}}


HEARD: tuple[tuple[int, Event], ...] = (
    (2, CapacityChanged(service=SERVICE, state="full", places=0)),
    (3, ServiceChanged(service=SERVICE, provider=PROVIDER, listing=listed("full", places=0))),
    (4, CapacityChanged(service=SERVICE, state="taking", places=1)),
    (5, CapacityChanged(service=SERVICE, state="waiting-list", waiting=4)),
)


def test_the_newest_word_counts_in_whatever_order_and_however_often_it_comes(house: House):
    for order in itertools.permutations(range(len(HEARD))):
        house.execute("delete from listed_capacity")
        house.execute("update listed_service set sequence = :s", s=str(Sequence(1)))
        for n in (*order, *order):
            sequence, event = HEARD[n]
            hear(house.desk, event, sequence=sequence)
        row = house.row("select state, waiting, places from listed_capacity")
        assert row == ("waiting-list", 4, None), order
        assert room(house)["waiting"] == 4, order
        read = house.scalar("select sequence from listed_service where id=:s", s=SERVICE)
        assert read == str(Sequence(3)), order


def test_a_capacity_that_overtakes_the_listing_is_not_lost(house: House):
    new = UUID("51000000-0000-4000-8000-0000000000aa")
    hear(house.desk, CapacityChanged(service=new, state="full"), sequence=2)
    house.ehr.get(f"/fhir/HealthcareService/{new}", status=404)
    first = ServicePublished(service=new, provider=PROVIDER, listing=listed("taking", places=1))
    hear(house.desk, first, sequence=1)
    (told,) = house.ehr.get(f"/fhir/HealthcareService/{new}")["extension"]
    assert {"url": "state", "valueCode": "full"} in told["extension"]
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/requests", wish(new), status=409)


def test_another_directorys_own_way_of_saying_it_is_passed_over(house: House):
    strange: Json = {"name": "Elsewhere", "kersey": {"capacity": {"state": ["?"], "places": "x"}}}
    event = ServiceChanged(service=SERVICE, provider=PROVIDER, listing=strange)
    hear(house.desk, event, sequence=2)
    assert house.rows("select * from listed_capacity") == []
    house.asked()


# --- what an EHR sees --------------------------------------------------------------------------


def test_an_ehr_reads_how_much_room_there_is_and_until_when_that_holds(house: House):
    says(house, "taking", places=2, expires=SOON, sequence=2)
    found = room(house)
    assert (found["state"], found["places"]) == ("taking", 2)
    assert found["words"] == "Taking people now: 2 places."
    assert datetime.fromisoformat(found["until"]) == SOON.replace(
        microsecond=SOON.microsecond // 1000 * 1000
    )
    says(house, "unknown", sequence=3)
    assert room(house) == {}
    service = house.ehr.get(f"/fhir/HealthcareService/{SERVICE}")
    assert service["active"] is True


def test_a_withdrawal_leaves_the_document_with_what_stood_last(house: House):
    says(house, "taking", places=2, expires=SOON)
    gone = ServiceWithdrawn(service=SERVICE, provider=PROVIDER, listing=listed(None))
    hear(house.desk, gone, sequence=3)
    assert house.ehr.get(f"/fhir/HealthcareService/{SERVICE}")["active"] is False


@pytest.mark.parametrize(
    ("service", "words"),
    [(SERVICE, "Full. There is no waiting list."), (WITHDRAWN, "closed to referrals now")],
)
def test_a_referral_that_names_a_service_without_room_is_received_with_a_warning(
    house: House, service: object, words: str
):
    says(house, "full", expires=SOON)
    bundle = a_bundle()
    own = {"resourceType": "HealthcareService", "name": "Ours"}
    key = house.ehr.post("/fhir/HealthcareService", own)["id"]
    request = bundle["entry"][-1]["resource"]
    request["performer"] = [{"reference": f"HealthcareService/{each}"} for each in (key, service)]
    referral = house.refer(bundle=bundle)
    told = referral.answer["entry"][-1]["response"]
    assert told["status"].startswith("201")
    (issue,) = told["outcome"]["issue"]
    assert issue["severity"] == "warning"
    assert words in issue["diagnostics"]
    assert issue["expression"] == ["Bundle.entry[4].resource.performer[1]"]
    assert house.state(referral.triage) == "requested/new"


def test_a_word_that_is_not_known_says_so():
    assert capacities.in_words(None, SOON) == "Nobody has said lately whether there is room."
