"""Nobody's body is read who brings no good token: it would be held until its end has come."""

from collections.abc import Iterator

import pytest

from tests.fhir.rest.conftest import Server


class NeverSent:
    """A body of which the first byte is one too many."""

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/fhir"),
        ("POST", "/fhir/Task"),
        ("POST", "/fhir/ServiceRequest"),
        ("PUT", "/fhir/Task/1"),
        ("PATCH", "/fhir/Task/1"),
        ("POST", "/fhir/Task/$validate"),
    ],
)
@pytest.mark.parametrize("organisation", [None, "expired"])
def test_it_is_refused_unread(server: Server, method: str, path: str, organisation: str | None):
    answer = server(
        method,
        path,
        organisation,
        content=NeverSent(),
        headers={"content-type": "application/fhir+json"},
    )
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_needs_no_token_goes_on_without_one(server: Server):
    assert server("GET", "/fhir/metadata", None).status_code == 200
