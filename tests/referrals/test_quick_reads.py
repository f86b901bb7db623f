"""Reading by id in the event loop: the same answers as in a thread, and as well guarded."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.referrals.house import House

QUICK = (
    "from pg_stat_activity where datname = current_database()"
    " and application_name = 'kersey referrals reads'"
)


def connected(house: House) -> House:
    """The service, once it has a connection for quick reads."""
    deadline = time.monotonic() + 60
    while not house.scalar(f"select count(*) {QUICK}"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return house


def test_a_read_needs_no_connection_of_the_pool(house: House):
    request = connected(house).refer().request
    held = [house.engine.connect() for _ in range(house.settings.pool_size)]
    try:
        assert house.ehr.get(f"/fhir/ServiceRequest/{request}")["id"] == request
    finally:
        for connection in held:
            connection.close()


def test_a_read_whose_connection_is_lost_goes_the_ordinary_way(house: House):
    request = connected(house).refer().request
    assert house.scalar(f"select count(pg_terminate_backend(pid, 60000)) {QUICK}") > 0
    assert house.ehr.get(f"/fhir/ServiceRequest/{request}")["id"] == request


def test_a_provider_that_reads_a_person_again_and_again_is_recorded_each_time(house: House):
    referral, task = house.accepted()
    (patient,) = house.row("select patient from onward_request where task = :task", task=task)
    for seen in (1, 2, 3):
        house.provider.get(f"/fhir/Patient/{patient}")
        assert len(house.worker.get(referral.at)["identity_views"]) == seen


def test_who_may_not_read_it_gets_404_by_the_quick_way_too(house: House):
    request = house.refer().request
    stranger = house.by("fhir-client")
    for _ in range(2):  # the second time the token is known
        stranger.call("GET", f"/fhir/ServiceRequest/{request}", status=404)


def test_reads_that_come_together_get_each_their_own_answer(house: House):
    requests = [connected(house).refer(number=n).request for n in (1, 2, 3)]
    house.ehr.get(f"/fhir/ServiceRequest/{requests[0]}")  # the token is known from here on

    def read(n: int) -> tuple[str, str]:
        asked = requests[n % 3]
        return asked, house.ehr.get(f"/fhir/ServiceRequest/{asked}")["id"]

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(read, range(120)))
    assert all(asked == told for asked, told in answers)


def test_readers_that_come_together_see_each_only_their_own(house: House):
    request = connected(house).refer().request
    path = f"/fhir/ServiceRequest/{request}"
    stranger = house.by("fhir-client")
    stranger.send("GET", path)
    with ThreadPoolExecutor(16) as threads:
        statuses = list(
            threads.map(
                lambda n: (house.ehr, stranger)[n % 2].send("GET", path).status_code, range(120)
            )
        )
    assert set(statuses[0::2]) == {200}
    assert set(statuses[1::2]) == {404}


def test_a_plain_read_answers_as_the_ordinary_one_does(house: House):
    request = connected(house).refer().request
    path = f"/fhir/ServiceRequest/{request}"
    quick = house.ehr.send("GET", path)
    ordinary = house.ehr.send("GET", path, params={"_format": "json"})
    assert quick.content == ordinary.content
    own = {"x-request-id"}
    told = [{k: v for k, v in each.headers.items() if k not in own} for each in (quick, ordinary)]
    assert told[0] == told[1]
    as_json = house.ehr.send("GET", path, headers={"Accept": "application/json"})
    assert as_json.headers["content-type"] == "application/json; charset=utf-8"
    unchanged = house.ehr.send("GET", path, headers={"If-None-Match": quick.headers["etag"]})
    assert unchanged.status_code == 304


def test_what_was_deleted_is_gone_and_what_a_scope_does_not_allow_is_refused(house: House):
    kept = connected(house).refer().request
    made = house.ehr.post("/fhir/Patient", {"resourceType": "Patient"})["id"]
    house.ehr.get(f"/fhir/Patient/{made}")
    house.ehr.call("DELETE", f"/fhir/Patient/{made}", status=204)
    house.ehr.get(f"/fhir/Patient/{made}", status=410)
    narrow = house.by("ehr", scopes=("system/Patient.rs",))
    for _ in range(2):  # the second time the token is known
        narrow.get(f"/fhir/ServiceRequest/{kept}", status=403)
