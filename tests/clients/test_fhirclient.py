"""fhirclient (the SMART project's, for Python), used as its README shows it.

It finds the token endpoint in the CapabilityStatement and proves itself by a signed assertion.
"""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.encounter import Encounter
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.organization import Organization
from fhirclient.models.patient import Patient
from fhirclient.models.procedure import Procedure
from fhirclient.server import FHIRUnauthorizedException

from tests.clients.conftest import ALL, CROWD, Registered, crowd_of

pytestmark = pytest.mark.timeout(400)  # whichever comes first starts Kersey

SYSTEM = "https://ehr.example/fhirclient"


@pytest.fixture(scope="module")
def registered(registering: Callable[[str], Registered]) -> Registered:
    return registering("fhirclient")


@pytest.fixture(scope="module")
def smart(registered: Registered) -> FHIRClient:
    settings = {
        "app_id": registered.client_id,
        "api_base": registered.fhir,
        "jwt_token": registered.assertion(),
        "scope": ALL,
    }
    client = FHIRClient(settings=settings)
    client.wants_patient = False
    assert not client.ready
    client.prepare()
    client.authorize()
    assert client.ready
    return client


@pytest.fixture(scope="module")
def crowd(smart: FHIRClient) -> set[str]:
    """The ids of 120 Patients of one surname."""
    sent = Bundle(smart.server.post_json("", crowd_of("Murgatroyd")).json())
    return {each.resource.id for each in sent.entry}


def test_a_resource_is_created_read_changed_and_deleted(smart: FHIRClient):
    patient = Patient({"active": True, "birthDate": "1948-03-09"})
    patient.name = [HumanName({"given": ["Nora"], "family": "Thackray"})]
    created = patient.create(smart.server)

    read = Patient.read(created["id"], smart.server)
    assert read.birthDate.isostring == "1948-03-09"
    assert smart.human_name(read.name[0]) == "Nora Thackray"
    read.active = False
    assert read.update()["meta"]["versionId"] == "2"
    again = Patient.read(created["id"], smart.server)
    assert (again.active, again.meta.versionId) == (False, "2")
    history = Bundle.read_from(f"Patient/{again.id}/_history", smart.server)
    assert [each.resource.active for each in history.entry] == [False, True]

    again.delete()
    with pytest.raises(requests.HTTPError) as gone:
        Patient.read(created["id"], smart.server)
    assert gone.value.response is not None
    assert gone.value.response.status_code == 410


def test_every_patient_comes_on_exactly_one_page(smart: FHIRClient, crowd: set[str]):
    search = Patient.where(struct={"family": "Murgatroyd", "_count": "7"})
    pages = list(search.perform_iter(smart.server))
    assert [len(page.entry) for page in pages] == [7] * 17 + [1]
    ids = [each.id for each in search.perform_resources_iter(smart.server)]
    assert len(ids) == CROWD
    assert set(ids) == crowd


def test_the_search_builder_and_includes_are_understood(smart: FHIRClient):
    patient = Patient({"name": [{"family": "Priestley"}], "birthDate": "1951-02-03"})
    who = patient.create(smart.server)["id"]
    subject = {"reference": f"Patient/{who}"}
    met = Encounter(
        {"status": "finished", "class": {"code": "AMB"}, "type": [{"text": "Check up"}]},
        strict=False,
    )
    met.subject = FHIRReference(subject)
    where = met.create(smart.server)["id"]
    done = Procedure(
        {
            "status": "completed",
            "subject": subject,
            "encounter": {"reference": f"Encounter/{where}"},
        }
    )
    done.create(smart.server)

    def types(search: Any) -> list[str]:
        return [each.resource_type for each in search.perform_resources_iter(smart.server)]

    search = Encounter.where(struct={"subject": who, "status": "finished"})
    assert [each.type[0].text for each in search.perform_resources_iter(smart.server)] == [
        "Check up"
    ]
    assert types(search.include("subject")) == ["Encounter", "Patient"]
    search = search.include("encounter", Procedure, reverse=True)
    assert sorted(types(search)) == ["Encounter", "Patient", "Procedure"]
    born = Patient.where(struct={"birthdate": {"$and": ["gt1950", "le1951-02-03"]}, "_id": who})
    assert types(born) == ["Patient"]
    either = Patient.where(struct={"family": {"$or": ["Nobody", "Priestley"]}})
    assert types(either) == ["Patient"]


def test_a_transaction_refers_within_itself(smart: FHIRClient):
    person = "urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a3001"
    surgery = "urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a3002"
    bundle = Bundle(
        {
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": person,
                    "resource": {
                        "resourceType": "Patient",
                        "managingOrganization": {"reference": surgery},
                    },
                    "request": {"method": "POST", "url": "Patient"},
                },
                {
                    "fullUrl": surgery,
                    "resource": {
                        "resourceType": "Organization",
                        "identifier": [{"system": SYSTEM, "value": "surgery"}],
                        "name": "Weir Street Surgery",
                    },
                    "request": {
                        "method": "POST",
                        "url": "Organization",
                        "ifNoneExist": f"identifier={SYSTEM}|surgery",
                    },
                },
            ],
        }
    )
    first, second = (Bundle(smart.server.post_json("", bundle.as_json()).json()) for _ in range(2))
    assert [each.response.status[:3] for each in first.entry] == ["201", "201"]
    assert [each.response.status[:3] for each in second.entry] == ["201", "200"]
    patients = [Patient.read_from(each.entry[0].fullUrl, smart.server) for each in (first, second)]
    (one,) = {each.managingOrganization.reference for each in patients}
    assert Organization.read_from(one, smart.server).name == "Weir Street Surgery"


def test_what_is_wrong_reaches_the_caller(smart: FHIRClient, registered: Registered):
    wrong = Patient({"gender": "femal"})
    with pytest.raises(requests.HTTPError) as refused:
        wrong.create(smart.server)
    assert refused.value.response is not None
    outcome = refused.value.response.json()
    assert outcome["issue"][0]["expression"] == ["Patient.gender"]
    settings = {"app_id": registered.client_id, "api_base": registered.fhir}
    stranger = FHIRClient(settings=settings)
    with pytest.raises(FHIRUnauthorizedException):
        Patient.read("1", stranger.server)
