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
from tests.referrals.house import HUB, SERVICE, TEAM, House, Json, hear, wish

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
