"""A request whose statement takes too long is undone, and answered in the form of its address."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import House, house_at, prepare, replaced


@pytest.fixture
def house(database: NewDatabase) -> Iterator[House]:
    """The service with little patience."""
    with house_at(database("referrals", prepare), statement_seconds=0.3) as made:
        yield made


@contextmanager
def held(house: House) -> Iterator[None]:
    """Somebody works on every case and document, and does not end."""
    with house.engine.connect() as other:
        other.execute(text("select 1 from referral_case for update"))
        other.execute(text("select 1 from document for update"))
        with capture_logs():  # else the failure's trace is drawn, at length
            yield


def check_headers(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_a_case_that_is_held_is_answered_by_a_problem_and_nothing_is_stored(house: House):
    referral = house.refer()
    with house.unchanged(), held(house):
        answer = house.worker.send("POST", f"{referral.at}/accept")
    check_headers(answer)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "This took too long"
    assert "Nothing was changed" in answer.json()["detail"]
    house.worker.post(f"{referral.at}/accept")


def test_a_document_that_is_held_is_answered_by_an_outcome_and_nothing_is_stored(house: House):
    referral = house.refer()
    path = f"/fhir/ServiceRequest/{referral.request}"
    kind = {"Content-Type": "application/json-patch+json"}
    change = [replaced("/status", "revoked")]
    with house.unchanged(), held(house):
        answer = house.ehr.send("PATCH", path, json=change, headers=kind)
    check_headers(answer)
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "took too long" in answer.json()["issue"][0]["diagnostics"]
    house.withdraw(referral)
