"""Races played slowly: one request stands still before its commit while another comes in."""

import threading
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from sqlalchemy import text

from services.referrals.app import outgoing
from services.referrals.desk import Desk
from services.referrals.writing.writer import ReferralWriter
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.bundle import WriteEntry
from shared.fhir.patching.json_patch import json_patch
from tests.referrals.house import WHO, House, Json, a_bundle, replaced, wish

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


class StandingDesk(Desk):
    """Its first transaction stands still before it commits, until it is let go."""

    @classmethod
    def of(cls, desk: Desk) -> "StandingDesk":
        made = cls(**{each.name: getattr(desk, each.name) for each in fields(desk)})
        object.__setattr__(made, "stands", threading.Event())
        object.__setattr__(made, "go", threading.Event())
        return made

    stands: threading.Event
    go: threading.Event

    def work(self) -> UnitOfWork:
        desk = self

        class Standing(UnitOfWork):
            def commit(self) -> None:
                desk.stands.set()
                assert desk.go.wait(30)
                super().commit()

        return Standing(self.engine)


def principal() -> Principal:
    who = WHO["ehr"]
    return Principal(
        who.client_id, who.client_id, who.organisation, frozenset(who.roles), frozenset(who.scopes)
    )


def meanwhile(house: House, first: WriteEntry, second: Callable[[], Any]) -> Any:
    """Make `second` while `first` has done everything but commit; what `second` answered."""
    desk = StandingDesk.of(house.desk)
    writer = ReferralWriter(desk, outgoing(house.settings))
    answers: list[Any] = []
    slow = threading.Thread(target=lambda: writer.write(principal(), [first], bundle=None))
    other = threading.Thread(target=lambda: answers.append(second()))
    slow.start()
    try:
        assert desk.stands.wait(30)
        other.start()
        other.join(0.7)  # it waits for the first, or has missed it by now
    finally:
        desk.go.set()
        slow.join(30)
        other.join(30)
    return answers[0]


def about(house: House, patient: str, practice: str) -> Json:
    """A request of its own about a Patient that is there already."""
    request: Json = a_bundle()["entry"][4]["resource"] | {
        "subject": {"reference": f"Patient/{patient}"},
        "requester": {"identifier": {"system": ODS, "value": practice}},
        "identifier": [{"system": "urn:tests", "value": practice}],
    }
    return request


def test_a_document_of_two_cases_is_read_for_both(house: House):
    patient = house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])["id"]
    first = WriteEntry(
        None, "POST", "ServiceRequest", resource=about(house, patient, "ZZK01"), path="x"
    )
    request = about(house, patient, "ZZK03")
    meanwhile(house, first, lambda: house.ehr.post("/fhir/ServiceRequest", request))
    assert house.by("link-worker").get(f"/fhir/Patient/{patient}")
    assert house.by("link-worker-2").get(f"/fhir/Patient/{patient}")


def draft(house: House) -> str:
    bundle = a_bundle()
    bundle["entry"][4]["resource"]["status"] = "draft"
    location: str = house.ehr.post("/fhir", bundle)["entry"][4]["response"]["location"]
    return location.split("/ServiceRequest/")[1].split("/", maxsplit=1)[0]


def activation(request: str) -> WriteEntry:
    patch = json_patch([replaced("/status", "active")])
    return WriteEntry(None, "PATCH", "ServiceRequest", id=request, patch=patch)


def test_a_revocation_finds_the_case_that_was_being_opened(house: House):
    request = draft(house)
    revoke = replaced("/status", "revoked")
    meanwhile(
        house,
        activation(request),
        lambda: house.ehr.patch(f"/fhir/ServiceRequest/{request}", revoke, status=200),
    )
    assert house.row("select state, open from worklist") == ("withdrawn", False)


def test_a_second_activation_starts_no_second_case(house: House):
    request = draft(house)
    active = replaced("/status", "active")
    meanwhile(
        house,
        activation(request),
        lambda: house.ehr.patch(f"/fhir/ServiceRequest/{request}", active, status=200),
    )
    assert house.scalar("select count(*) from referral_case") == 1


def test_a_deadlock_is_settled_before_the_client_hears_of_it(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    answers: list[int] = []

    def ask() -> None:
        path = f"{referral.at}/requests"
        answers.append(house.worker.send("POST", path, json=wish()).status_code)

    asking = threading.Thread(target=ask)
    lock = "select 1 from document where id = :id for update"
    with house.engine.begin() as other:
        other.execute(text(lock), {"id": referral.patient})
        asking.start()
        asking.join(0.5)  # it holds the case by now, and waits for the Patient
        other.execute(text("set local deadlock_timeout = '60s'"))  # so that the other is ended
        other.execute(text("select 1 from referral_case for update"))
    asking.join(30)
    assert answers == [201]
    assert house.scalar("select count(*) from case_task where kind = 'provider'") == 1
