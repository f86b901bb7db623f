"""Reading by id in the event loop: the same answers as in a thread, and as well guarded."""

import time

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
