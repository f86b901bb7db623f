"""fhirpy, used as its README shows it: it patches by merging and pages by the `next` link."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import (
    MultipleResourcesFound,
    OperationOutcome,
    ResourceNotFound,
)

from tests.clients.conftest import CROWD, Registered, crowd_of

pytestmark = pytest.mark.timeout(400)  # whichever comes first starts Kersey

SYSTEM = "https://ehr.example/fhirpy"


@pytest.fixture(scope="module")
def registered(registering: Callable[[str], Registered]) -> Registered:
    return registering("fhirpy")


@pytest.fixture(scope="module")
def client(registered: Registered) -> SyncFHIRClient:
    return SyncFHIRClient(registered.fhir, authorization=f"Bearer {registered.token()}")


@pytest.fixture(scope="module")
def crowd(client: SyncFHIRClient) -> set[str]:
    """The ids of 120 Patients of one surname."""
    sent = client.execute("", data=crowd_of("Ackroyd"))
    return {each["resource"]["id"] for each in sent["entry"]}


def patient(client: SyncFHIRClient, number: str, **elements: Any) -> Any:
    return client.resource("Patient", identifier=[{"system": SYSTEM, "value": number}], **elements)


def test_a_resource_is_created_read_changed_and_deleted(client: SyncFHIRClient):
    created = client.resource("Organization", name="Loom Street Surgery", active=False)
    created.save()
    assert created.id
    assert created.meta["versionId"] == "1"

    if created["active"] is False:
        created.active = True
    created.save(fields=["active"])
    read = client.reference("Organization", created.id).to_resource()
    assert (read.active, read.name, read.meta["versionId"]) == (True, "Loom Street Surgery", "2")

    read.name = "Loom Street Health Centre"
    read.save()
    created.refresh()
    assert (created.name, created.meta["versionId"]) == ("Loom Street Health Centre", "3")

    created.delete()
    with pytest.raises(ResourceNotFound):
        client.reference("Organization", created.id).to_resource()


def test_a_merge_patch_leaves_the_rest_as_it_was(client: SyncFHIRClient):
    sent = patient(client, "merge", gender="female", birthDate="1948-03-09")
    sent.save()
    sent.patch(birthDate="1948-03-10", gender=None)
    read = client.get("Patient", sent.id)
    assert read["birthDate"] == "1948-03-10"
    assert "gender" not in read
    assert read["identifier"] == [{"system": SYSTEM, "value": "merge"}]
    client.patch(f"Patient/{sent.id}", active=True)
    assert client.get(f"Patient/{sent.id}")["active"] is True


def test_conditions_create_once_update_patch_and_delete(client: SyncFHIRClient):
    found = client.resources("Patient").search(identifier=f"{SYSTEM}|once")
    first, created = found.get_or_create(patient(client, "once", active=True))
    again, repeated = found.get_or_create(patient(client, "once", active=True))
    assert (created, repeated, again.id) == (True, False, first.id)

    changed, created = found.update(patient(client, "once", active=False))
    assert (created, changed.id, changed.active) == (False, first.id, False)
    patched = found.patch(birthDate="1950")
    assert (patched.id, patched.birthDate, patched.active) == (first.id, "1950", False)

    patient(client, "once").save()
    with pytest.raises(MultipleResourcesFound):
        found.get_or_create(patient(client, "once"))
    with pytest.raises(ResourceNotFound):
        client.resources("Patient").search(identifier=f"{SYSTEM}|none").patch(active=True)
    single = client.resources("Patient").search(identifier=f"{SYSTEM}|single")
    single.get_or_create(patient(client, "single"))
    assert single.delete()[1] in (200, 204)
    assert single.delete()[1] == 204
    assert single.first() is None


def test_every_patient_comes_on_exactly_one_page(client: SyncFHIRClient, crowd: set[str]):
    found = client.resources("Patient").search(family="Ackroyd").limit(7)
    ids = [each.id for each in found]
    assert len(ids) == CROWD
    assert set(ids) == crowd
    assert client.resources("Patient").search(family="Ackroyd").count() == CROWD
    assert {each.id for each in found.fetch_all()} == crowd


def test_the_asynchronous_client_pages_too(registered: Registered, crowd: set[str]):
    async def ids() -> list[str]:
        client = AsyncFHIRClient(f"{registered.fhir}/", f"Bearer {registered.token()}")
        found = client.resources("Patient").search(family="Ackroyd").sort("birthdate").limit(7)
        return [each.id async for each in found]

    found = asyncio.run(ids())
    assert len(found) == CROWD
    assert set(found) == crowd


def test_the_search_builder_is_understood(client: SyncFHIRClient):
    surgery = client.resource("Organization", name="Fulling Mill Surgery")
    surgery.save()
    mine = patient(
        client,
        "built",
        name=[{"family": "Barraclough", "given": ["Edna"]}],
        gender="female",
        birthDate="1951-02-03",
        address=[{"city": "Shipley", "state": "West Yorkshire"}],
        managingOrganization=surgery.to_reference(),
        active=True,
    )
    mine.save()
    patients = client.resources("Patient")
    for found in (
        patients.search(name="Edna", birthdate__gt="1944", birthdate__lt="1964"),
        patients.search(name__contains="rraclou"),
        patients.search(name=["Edna", "Barraclough"]),
        patients.search(family="Nobody,Barraclough"),
        patients.search(family__exact="Barraclough"),
        patients.search(address_state="West Yorkshire"),
        patients.search(active=True, _id=mine.id),
        patients.search(gender__not=["male", "unknown"], _id=mine.id),
        patients.search(organization__Organization__name="Fulling Mill"),
        patients.search(organization__name="Fulling Mill"),
        patients.search(organization=surgery),
    ):
        assert [each.id for each in found.fetch_all()] == [mine.id], found.params
    assert patients.search(identifier=f"{SYSTEM}|built").get().id == mine.id
    part = patients.search(_id=mine.id).elements("birthDate").get()
    assert part.birthDate == "1951-02-03"
    assert "address" not in part
    bundle = patients.search(_id=mine.id).include("Patient", "organization").fetch_raw()
    assert [each.resource.id for each in bundle.entry] == [mine.id, surgery.id]
    bundle = client.resources("Organization").search(_id=surgery.id)
    bundle = bundle.revinclude("Patient", "organization").fetch_raw()
    assert [each.resource.id for each in bundle.entry] == [surgery.id, mine.id]
    bundle = patients.search(_id=mine.id).include("*").fetch_raw()
    assert [each.resource.id for each in bundle.entry] == [mine.id, surgery.id]
    has = client.resources("Organization").has("Patient", "organization", _id=mine.id)
    assert [each.id for each in has.fetch()] == [surgery.id]


def test_a_transaction_and_history_are_operations(client: SyncFHIRClient):
    person = "urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a2001"
    entries = [
        {
            "fullUrl": person,
            "resource": {"resourceType": "Patient", "name": [{"family": "Sugden"}]},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "resource": {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "ONS4"},
                "subject": {"reference": person},
                "valueQuantity": {"value": 7.0},
            },
            "request": {"method": "POST", "url": "Observation"},
        },
    ]
    bundle = client.resource("Bundle", type="transaction", entry=entries)
    answer = client.execute("", data=bundle.serialize())
    places = [each["response"]["location"].split("/") for each in answer["entry"]]
    sent = client.get("Observation", places[1][-3])
    assert sent["subject"]["reference"] == f"Patient/{places[0][-3]}"

    patched = client.reference("Observation", sent["id"])
    patched.patch(status="amended")
    history = patched.execute("_history", method="get")
    assert [each["resource"]["status"] for each in history["entry"]] == ["amended", "final"]
    everything = client.reference("Patient", places[0][-3]).execute("$everything", method="get")
    assert len(everything["entry"]) == 2


def test_what_is_wrong_reaches_the_caller(client: SyncFHIRClient):
    with pytest.raises(OperationOutcome) as refused:
        client.resource("Patient", gender="femal").save()
    issue = refused.value.resource["issue"][0]
    assert issue["expression"] == ["Patient.gender"]

    invalid = client.resource("Patient", birthDate="date")
    assert not invalid.is_valid()
    with pytest.raises(OperationOutcome):
        invalid.is_valid(raise_exception=True)
    assert client.resource("Patient", birthDate="1998-01-01").is_valid()
    with pytest.raises(OperationOutcome):
        client.resources("Patient").search(shoe_size="7").fetch()
