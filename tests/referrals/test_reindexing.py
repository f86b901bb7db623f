"""An upgrade that declares more is followed by indexing again, while everything runs."""

from services.referrals.reindexing import reindex
from tests.referrals.house import House, a_bundle


def test_what_an_older_version_stored_is_found_again(house: House):
    referral = house.refer(a_bundle())
    kept = house.rows("select pk, readers, last_updated from document_search order by pk")
    found = house.ehr.get("/fhir/ServiceRequest?patient.identifier:missing=false")
    house.execute("update document_search set terms = '{}'")
    house.execute("delete from document_link")
    asked = f"/fhir/Task?focus=ServiceRequest/{referral.request}"
    assert house.ehr.get(asked)["total"] == 0
    told: list[tuple[int, int]] = []
    done = reindex(house.settings, house.engine, 0, lambda *each: told.append(each))
    assert told == [(done, kept[-1][0])]
    assert done == len(kept)
    assert house.ehr.get(asked)["total"] == 1
    again = house.ehr.get("/fhir/ServiceRequest?patient.identifier:missing=false")
    assert again["entry"] == found["entry"]
    assert house.rows("select pk, readers, last_updated from document_search order by pk") == kept
    assert reindex(house.settings, house.engine, kept[-1][0], lambda *_: None) == 0
