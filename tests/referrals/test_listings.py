"""Referrals' copy of the directory: kept by events, in their order, readable by everybody."""

from uuid import UUID

import pytest

from shared.messaging.events import (
    ProviderChanged,
    ProviderPublished,
    ProviderWithdrawn,
    ReferralClosed,
    ServiceChanged,
    ServicePublished,
    ServiceWithdrawn,
)
from tests.referrals.house import HUB, SERVICE, TEAM, House, Json, hear, replaced, wish

NEW = UUID("51000000-0000-4000-8000-0000000000aa")
ITS_PROVIDER = UUID("51000000-0000-4000-8000-0000000000bb")


def test_a_listing_becomes_something_to_ask_and_to_read(house: House):
    listing: Json = {"name": "Pots", "kersey": {"tier": 3}}
    hear(house.desk, ProviderPublished(provider=ITS_PROVIDER, listing={"name": "Clay Shed"}))
    hear(
        house.desk,
        ServicePublished(service=NEW, provider=ITS_PROVIDER, listing=listing),
    )
    service = house.ehr.get(f"/fhir/HealthcareService/{NEW}")
    assert service["name"] == "Pots"
    assert service["providedBy"] == {"reference": f"Organization/{ITS_PROVIDER}"}
    assert house.by("fhir-client").get(f"/fhir/Organization/{ITS_PROVIDER}")["name"] == "Clay Shed"
    referral = house.taken_on()
    house.ask(referral, NEW)
    assert house.scalar("select tier from listed_service where id = :id", id=NEW) == 3


def test_a_listing_with_the_id_of_somebody_elses_document_leaves_it_alone(house: House):
    sent = {"resourceType": "Organization", "name": "Thornbeck Surgery"}
    theirs, gone = (house.ehr.post("/fhir/Organization", sent)["id"] for _ in range(2))
    house.ehr.call("DELETE", f"/fhir/Organization/{gone}")
    for taken in (UUID(theirs), UUID(gone), TEAM, HUB):
        hear(house.desk, ProviderPublished(provider=taken, listing={"name": "Ours now"}))
    assert house.ehr.get(f"/fhir/Organization/{theirs}")["name"] == "Thornbeck Surgery"
    house.ehr.get(f"/fhir/Organization/{gone}", status=410)
    for known in (TEAM, HUB):
        assert "Ours" not in house.ehr.get(f"/fhir/Organization/{known}")["name"]


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_closed_service_is_not_asked(house: House, status: str):
    changed = ServiceChanged(
        service=SERVICE, provider=ITS_PROVIDER, listing={"name": "Closed", "status": status}
    )
    hear(house.desk, changed, sequence=2)
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/requests", wish(), status=409)
    assert problem["element"] == "service"
    assert house.ehr.get(f"/fhir/HealthcareService/{SERVICE}")["active"] is False


def test_what_comes_late_is_passed_over(house: House):
    listing = {"name": "Pots"}
    hear(house.desk, ProviderChanged(provider=NEW, listing={"name": "Now"}), sequence=7)
    hear(house.desk, ProviderPublished(provider=NEW, listing={"name": "Then"}), sequence=6)
    hear(house.desk, ServiceWithdrawn(service=NEW, provider=NEW, listing=listing), sequence=10)
    hear(house.desk, ServicePublished(service=NEW, provider=NEW, listing=listing), sequence=9)
    hear(house.desk, ServicePublished(service=NEW, provider=NEW, listing=listing), sequence=10)
    assert house.scalar("select name from listed_provider where id = :id", id=NEW) == "Now"
    assert house.scalar("select listed from listed_service where id = :id", id=NEW) is False
    hear(house.desk, ServicePublished(service=NEW, provider=NEW, listing=listing), sequence=11)
    assert house.scalar("select listed from listed_service where id = :id", id=NEW) is True


def test_a_listing_told_again_mends_the_copy_and_never_with_what_is_older(house: House):
    hear(house.desk, ProviderChanged(provider=NEW, listing={"name": "Now"}), sequence=7)
    then = ProviderChanged(provider=NEW, listing={"name": "Then"})
    hear(house.desk, then, sequence=6, replay=True)
    assert house.scalar("select name from listed_provider where id = :id", id=NEW) == "Now"
    mended = ProviderChanged(provider=NEW, listing={"name": "Mended"})
    hear(house.desk, mended, sequence=7)
    assert house.scalar("select name from listed_provider where id = :id", id=NEW) == "Now"
    hear(house.desk, mended, sequence=7, replay=True)
    assert house.scalar("select name from listed_provider where id = :id", id=NEW) == "Mended"


def test_a_withdrawn_provider_keeps_its_name(house: House):
    hear(house.desk, ProviderPublished(provider=NEW, listing={"name": "Clay Shed"}))
    hear(house.desk, ProviderWithdrawn(provider=NEW, listing={}), sequence=2)
    row = house.row("select name, listed from listed_provider where id = :id", id=NEW)
    assert row == ("Clay Shed", False)


def test_events_of_others_change_nothing(house: House):
    with house.unchanged():
        hear(house.desk, ReferralClosed(case=NEW, outcome="completed"))


def test_where_a_service_is_listed_is_a_location(house: House):
    place = UUID("51000000-0000-4000-8000-0000000000cc")
    at = {
        "id": str(place),
        "name": "Old Mill",
        "latitude": 53.8305,
        "longitude": -1.7771,
        "addresses": [{"address_1": "1 Mill Lane", "city": "Shipley", "postal_code": "BD18 9ZZ"}],
    }
    listing = {"name": "Pots", "service_at_locations": [{"location": at}, {"location": None}]}
    for sequence in (1, 2):
        hear(
            house.desk,
            ServiceChanged(service=NEW, provider=ITS_PROVIDER, listing=listing),
            sequence=sequence,
        )
    found = house.ehr.get(f"/fhir/Location/{place}")
    assert found["meta"]["versionId"] == "1"  # the same again is no new version
    assert found["name"] == "Old Mill"
    assert found["position"] == {"longitude": -1.7771, "latitude": 53.8305}
    assert found["address"]["postalCode"] == "BD18 9ZZ"
    service = house.ehr.get(f"/fhir/HealthcareService?location=Location/{place}&_include=*")
    assert {each["resource"]["id"] for each in service["entry"]} == {str(NEW), str(place)}


def test_what_the_directory_lists_is_changed_there(house: House):
    at = f"/fhir/HealthcareService/{SERVICE}"
    body = {"resourceType": "HealthcareService", "id": str(SERVICE), "name": "Mine"}
    with house.unchanged():
        for name in ("fhir-client", "ehr", "provider"):
            who = house.by(name, scopes=("system/*.cruds",))
            assert who.send("PUT", at, json=body).status_code == 403
            assert who.send("DELETE", at).status_code == 403
            who.patch(at, replaced("/name", "Mine"), status=403)


@pytest.mark.parametrize("kind", ["HealthcareService", "Location"])
def test_what_a_client_sends_of_these_types_is_its_own(house: House, kind: str):
    made = house.ehr.post(f"/fhir/{kind}", {"resourceType": kind, "name": "Ours"})
    assert house.ehr.get(f"/fhir/{kind}/{made['id']}")["name"] == "Ours"
    house.by("fhir-client").get(f"/fhir/{kind}/{made['id']}", status=404)


def test_a_listed_provider_is_renamed_by_no_client(house: House):
    hear(house.desk, ProviderPublished(provider=ITS_PROVIDER, listing={"name": "Clay Shed"}))
    at = f"/fhir/Organization/{ITS_PROVIDER}"
    body = {"resourceType": "Organization", "id": str(ITS_PROVIDER), "name": "Ours"}
    for name in ("fhir-client", "provider"):
        with house.unchanged():
            who = house.by(name, scopes=("system/*.cruds",))
            assert who.send("PUT", at, json=body).status_code == 403
            assert who.send("DELETE", at).status_code == 403
