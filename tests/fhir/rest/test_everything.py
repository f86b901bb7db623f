"""`$everything` by dates of care, and of all Patients (R4 patient-operation-everything.html)."""

from typing import Any

import pytest

from shared.fhir.everything import CARE_DATES
from shared.fhir.store import Grant
from shared.fhir.types import all_types
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, expressions
from tests.fhir.rest.test_compartments import Ward, observation
from tests.fhir.store.kit import BASE, NORTH, SOUTH, patient


@pytest.fixture
def ward(server: Server) -> Ward:
    return Ward(server)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("start=2026-03-01", {"march", "stay", "open"}),
        ("end=2026-02-28", {"january", "stay", "open"}),
        ("start=2026-01-05&end=2026-01-05", {"january"}),
        ("start=2026-03-31T12:00:00Z&end=2026-04", {"stay", "open"}),
        ("start=2026-02-20&end=2026-02", {"stay", "open"}),
        ("start=2026-04-02&end=2026", {"open"}),
        ("start=2027&end=9999", {"open"}),
        ("end=2025", set()),
        ("end=0001", set()),
    ],
)
def test_dates_of_care_leave_out_what_was_at_another_time(
    server: Server, ward: Ward, asked: str, seen: set[str]
):
    def encounter(**period: str) -> str:
        return ward.kept({"resourceType": "Encounter", "status": "finished",
                          "class": {"code": "AMB"}, "subject": {"reference": ward.other},
                          "period": period})  # fmt: skip

    dated = {
        "january": ward.kept(observation(ward.other, effectiveDateTime="2026-01-05")),
        "march": ward.kept(observation(ward.other, effectiveDateTime="2026-03-31T09:00:00Z")),
        # It overlaps a day that it ends on.
        "stay": encounter(start="2026-02-10", end="2026-04-01T09:00:00Z"),
        "open": encounter(start="2026-02-15"),
    }
    found = ward.found(f"/fhir/{ward.other}/$everything?{asked}")
    assert {name for name, kept in dated.items() if kept in found} == seen
    # Of the Patient, and of what has no date of care, none is left out.
    assert found >= {ward.other, ward.others}


def test_a_request_is_of_the_time_for_which_it_was_made(server: Server, ward: Ward):
    dated = server("GET", f"/fhir/{ward.request}").json() | {
        "authoredOn": "2026-01-05",
        "occurrenceDateTime": "2026-05-05",
    }
    assert server("PUT", f"/fhir/{ward.request}", body=dated).status_code == 200
    at = f"/fhir/{ward.one}/$everything?_type=ServiceRequest&"
    for asked in ("start=2026-01-01&end=2026-01-31", "start=2026-05-05", "start=2025&end=2027"):
        assert ward.found(at + asked) == {ward.request}, asked
    for asked in ("start=2026-02-01&end=2026-03-31", "start=2026-05-06", "end=2025"):
        assert ward.found(at + asked) == set(), asked


def test_dates_of_care_are_those_of_search():
    for name, codes in CARE_DATES.items():
        assert {all_types()[name].params[code].type for code in codes} == {"date"}, name


def test_everything_of_every_patient_that_the_client_sees(server: Server, ward: Ward):
    at = "/fhir/Patient/$everything"
    belongs = {ward.one, ward.other, ward.request, ward.seen, ward.performed, ward.others,
               ward.task}  # fmt: skip
    unrelated = ward.kept({"resourceType": "Organization", "name": "Nobody's"})
    server.create(patient("Southerner"), SOUTH)
    modes = {
        each["fullUrl"].removeprefix(f"{BASE}/"): each["search"]["mode"]
        for each in server("GET", at).json()["entry"]
    }
    assert {key for key, mode in modes.items() if mode == "match"} == belongs
    assert {key for key, mode in modes.items() if mode == "include"} == {ward.practice}
    assert unrelated not in modes
    listed = ward.listed(f"{at}?_count=3")
    assert len(list(ward.pages(f"{at}?_count=3"))) == 3
    assert (set(listed), len(listed)) == (set(modes), len(modes))
    assert ward.found(f"{at}?_type=Observation") == {ward.seen, ward.performed, ward.others}
    last = server("GET", f"/fhir/{ward.task}").json()["meta"]["lastUpdated"]
    assert ward.found(f"{at}?_since={last}") == {ward.task}
    asked = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Task"}]}
    posted = server("POST", at, body=asked)
    assert [each["resource"]["resourceType"] for each in posted.json()["entry"]] == ["Task"]
    in_a_batch = server("POST", "/fhir", body=bundle(entry("GET", "Patient/$everything"),
                                                     kind="batch")).json()  # fmt: skip
    assert in_a_batch["entry"][0]["resource"]["total"] == len(belongs)


def test_everything_of_all_shows_only_what_the_caller_may_see(server: Server, ward: Ward):
    at = "/fhir/Patient/$everything"
    assert server("GET", at, SOUTH).json()["total"] == 0
    writer = server.warner.writer
    with writer._work() as uow:
        store = writer._store(uow.session)
        # An Observation alone is nobody's: the Patient that it is of is not seen.
        for kept in (ward.other, ward.others, ward.seen):
            kind, _, key = kept.partition("/")
            store.regrant(kind, key, [Grant(NORTH, "owner"), Grant(SOUTH, "reader")])
        uow.commit()
    shown = server("GET", at, SOUTH).json()
    assert {each["fullUrl"] for each in shown["entry"]} == {
        f"{BASE}/{kept}" for kept in (ward.other, ward.others)
    }
    assert server("GET", at, None).status_code == 401


def test_scopes_of_everything_of_all(server: Server, ward: Ward):
    def get(address: str, scope: str) -> Any:
        return server("GET", f"/fhir/Patient/$everything{address}", headers={"x-scope": scope})

    two = "system/Patient.rs system/Observation.rs"
    kinds = {each["resource"]["resourceType"] for each in get("", two).json()["entry"]}
    assert kinds == {"Patient", "Observation"}
    narrowed = f"system/Patient.rs?_id={ward.one.partition('/')[2]} system/Observation.rs"
    found = {each["fullUrl"].removeprefix(f"{BASE}/") for each in get("", narrowed).json()["entry"]}
    assert found == {ward.one, ward.seen, ward.performed}
    for address, scope in [
        ("", "system/Patient.r system/Observation.rs"),
        ("", "system/Observation.rs"),
        ("?_type=Task", two),
    ]:
        assert get(address, scope).status_code == 403, (address, scope)


def test_a_page_of_all_is_none_of_one(server: Server, ward: Ward):
    page = next(ward.pages("/fhir/Patient/$everything?_count=1"))
    token = page["link"][1]["url"].partition("?")[2]
    refused = server("GET", f"/fhir/{ward.one}/$everything?{token}")
    assert (refused.status_code, expressions(refused)) == (400, ["http._page"])
