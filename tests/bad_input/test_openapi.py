"""What each service's OpenAPI document says of its answers holds, for good input and for bad."""

import warnings
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of its own imports
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

from tests.bad_input.door import all_services, token
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import a_bundle

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FHIR = "/fhir"
ASKED_BY = {
    "/identity": None,
    "/directory": "coordinator",
    "/referrals": "link-worker",
    "/notifications": "coordinator",
    FHIR: "ehr",
}
"""Who asks for what is below a prefix, so that requests get beyond the token."""

DOCUMENTS = {prefix: f"{prefix}/openapi.json" for prefix in ASKED_BY} | {FHIR: "/openapi.json"}

EXAMPLES = 4
"""Of each operation; with about eighty operations that is some three hundred requests."""

PARTS = 4
"""Into which a service's operations are dealt, so that no one test takes long."""


@pytest.fixture(scope="module")
def url(module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory):
    """Services of its own: what is taken here would be in the way elsewhere."""
    with all_services(module_database, tmp_path_factory.mktemp("mail")) as (address, _):
        yield address


def below(prefix: str, schema: Any) -> list[Any]:
    """The operations that are asked under ``prefix``; FHIR's are in a document with others."""
    found = list(schema.get_all_operations())
    assert all(isinstance(each, Ok) for each in found), "the document itself is faulty"
    operations = [each.ok() for each in found]
    return [each for each in operations if each.path.startswith(FHIR) == (prefix == FHIR)]


def test_fhir_names_every_status_of_every_operation(url: str):
    """A class of statuses would be kept by whatever is answered."""
    paths = httpx.get(f"{url}/openapi.json", timeout=60).json()["paths"]
    operations = {
        (path, method): operation
        for path, item in paths.items()
        for method, operation in item.items()
        if "FHIR R4" in operation["tags"]
    }
    assert len(operations) > 30
    for place, operation in operations.items():
        statuses = operation["responses"]
        assert all(status.isdigit() for status in statuses), place
        assert {"200", "400", "406", "429", "500", "503"} <= set(statuses), place
        for status, said in statuses.items():
            outcome = said.get("content", {}).get("application/fhir+json", {}).get("schema")
            assert (outcome is not None) == (status >= "400"), (place, status)
    changes = {method for path, method in operations if path == "/fhir/{type_name}/{logical_id}"}
    assert changes == {"get", "put", "patch", "delete"}


def test_a_create_has_each_status_that_it_names_and_no_other(url: str):
    """What is made up from the document is hardly ever a resource, and so reaches few of them."""
    paths = httpx.get(f"{url}/openapi.json", timeout=60).json()["paths"]
    named = {int(status) for status in paths["/fhir/{type_name}"]["post"]["responses"]}
    by = {"Authorization": f"Bearer {token('ehr')}", "Content-Type": "application/fhir+json"}
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:a", "value": "1"}]}
    unsent = {"resourceType": "Patient", "generalPractitioner": [{"reference": "Practitioner/1"}]}
    sent = httpx.post(f"{url}/fhir", json=a_bundle(number=1), headers=by, timeout=60).json()
    request = next(
        httpx.get(
            f"{url}/fhir/{each['response']['location'].split('/fhir/')[1]}", headers=by, timeout=60
        )
        for each in sent["entry"]
        if "/ServiceRequest/" in each["response"]["location"]
    ).json()

    def create(body: Any, type_name: str = "Patient", **headers: str) -> int:
        said = {**by, **{name.replace("_", "-"): each for name, each in headers.items()}}
        said = {name: each for name, each in said.items() if each}
        address = f"{url}/fhir/{type_name}"
        if isinstance(body, bytes):
            return httpx.post(address, content=body, headers=said, timeout=60).status_code
        return httpx.post(address, json=body, headers=said, timeout=60).status_code

    answered = {
        201: create(patient),
        200: create(patient, If_None_Exist="identifier=urn:a|1"),
        400: create(patient | {"active": "yes"}),
        401: create(patient, Authorization=""),
        403: create(patient, Authorization=f"Bearer {token('ehr', scope='system/Patient.r')}"),
        404: create(patient, "Spaceship"),
        405: create({"resourceType": "AuditEvent"}, "AuditEvent"),
        406: create(patient, Accept="application/fhir+xml"),
        409: create(request | {"priority": "stat"}, "ServiceRequest"),
        412: create(patient) and create(patient, If_None_Exist="identifier=urn:a|1"),
        413: create(b" " * 5_300_000),
        415: create(patient, Content_Type="application/fhir+xml"),
        422: create(unsent),
    }
    assert answered == {status: status for status in answered}
    assert named == answered.keys() | {429, 500, 503}, "which are of every operation"


OTHERWISE = {
    ("/directory", "post", "/directory/services"): {"201", "202"},
    ("/directory", "put", "/directory/services/{id}"): {"200", "201", "202"},
    ("/directory", "post", "/directory/organizations"): {"201", "202"},
    ("/directory", "put", "/directory/organizations/{id}"): {"200", "201", "202"},
    ("/directory", "post", "/directory/import"): {"200", "202"},
    ("/referrals", "post", "/referrals/front-door"): {"201", "200"},
    ("/referrals", "post", "/referrals/front-door/entries"): {"201", "200"},
    ("/referrals", "post", "/referrals/practice/referrals"): {"201", "200"},
}
"""Operations that go well in more than one way, which what is made up hardly ever does."""


@pytest.mark.parametrize("operation", OTHERWISE, ids=lambda each: " ".join(each[1:]))
def test_each_way_in_which_an_operation_goes_well_is_named(
    url: str, operation: tuple[str, str, str]
):
    prefix, method, path = operation
    said = httpx.get(f"{url}{DOCUMENTS[prefix]}", timeout=60).json()["paths"][path][method][
        "responses"
    ]
    assert {status for status in said if status < "300"} == OTHERWISE[operation]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("prefix", ASKED_BY)
def test_every_operation_answers_as_it_is_described(url: str, prefix: str, part: int):
    schema = schemathesis.openapi.from_url(f"{url}{DOCUMENTS[prefix]}")
    by = ASKED_BY[prefix]
    headers = {"Authorization": f"Bearer {token(by)}"} if by else {}
    asked = 0
    for operation in below(prefix, schema)[part::PARTS]:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(headers=headers, timeout=60)
            case.validate_response(answer, checks=CHECKS)

        ask()
    assert asked
