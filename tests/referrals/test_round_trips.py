"""A referral asks the database a few times, however much comes of it (docs/decisions/0032)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from tests.referrals.house import House, a_bundle

MOST = 14
"""Statements of a referral, with BEGIN and COMMIT."""


@pytest.fixture
def asked(house: House) -> Iterator[list[str]]:
    """What the database is asked."""
    statements: list[str] = []

    def note(_c: object, _k: object, text: str, *_: object) -> None:
        statements.append(text)

    def begin_or_end(_: object) -> None:
        statements.append("BEGIN or COMMIT")

    event.listen(house.engine, "before_cursor_execute", note)
    event.listen(house.engine, "begin", begin_or_end)
    event.listen(house.engine, "commit", begin_or_end)
    yield statements
    event.remove(house.engine, "before_cursor_execute", note)
    event.remove(house.engine, "begin", begin_or_end)
    event.remove(house.engine, "commit", begin_or_end)


def test_a_bundle_and_a_request_alone_each_take_few(house: House, asked: list[str]):
    before = house.refer(number=1)
    asked.clear()
    house.ehr.post("/fhir", a_bundle(number=2))
    assert 0 < len(asked) <= MOST, asked
    asked.clear()
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{before.patient}"},
        "identifier": [{"system": "https://records.example/requests", "value": "1"}],
    }
    house.ehr.post("/fhir/ServiceRequest", request)
    assert 0 < len(asked) <= MOST, asked
    assert house.scalar("select count(*) from referral_case") == 3


def test_a_practice_with_many_referrals_costs_no_more(house: House, asked: list[str]):
    """What all of a practice's referrals share is let in to, not worked out anew from all."""
    for number in range(2, 6):
        house.refer(number=number)
    asked.clear()
    house.refer(number=6)
    assert not [text for text in asked if "FROM case_document" in text]
