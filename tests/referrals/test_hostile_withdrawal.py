"""A withdrawal beside a running activity takes back all that has not started."""

from tests.referrals.house import SERVICE_2, SERVICE_3, House, wish


def test_only_what_runs_outlives_a_withdrawal(house: House):
    referral, running = house.accepted()
    house.progress(running, "start")
    offered = house.ask(referral, SERVICE_2, several_because="Two afternoons")
    waiting = house.ask(referral, SERVICE_3, several_because="Two afternoons")
    house.answer(offered, "accept", by="provider-2")
    before = len(house.events())
    house.withdraw(referral)
    assert [house.state(each) for each in (running, offered, waiting)] == [
        "in-progress/started", "cancelled/withdrawn", "cancelled/withdrawn",
    ]  # fmt: skip
    assert house.told(before) == [
        "referral.cancelled", "referral.cancelled", "referral.withdrawal-asked",
    ]  # fmt: skip
    with house.unchanged():
        house.answer(waiting, "accept", by="provider-3", status=409)
        house.worker.post(f"/referrals/requests/{offered}/choose", status=409)
        again = wish(SERVICE_3, several_because="Two afternoons")
        house.worker.post(f"{referral.at}/requests", again, status=409)


def test_who_was_chosen_but_has_not_started_forgets_the_person(house: House):
    referral, running = house.accepted()
    house.progress(running, "start")
    chosen = house.ask(referral, SERVICE_2, several_because="Two afternoons")
    house.answer(chosen, "accept", by="provider-2")
    house.worker.post(f"/referrals/requests/{chosen}/choose")
    patient = house.scalar("select patient from onward_request where task=:t", t=chosen)
    assert "name" in house.by("provider-2").get(f"/fhir/Patient/{patient}")
    house.withdraw(referral)
    assert "name" not in house.by("provider-2").get(f"/fhir/Patient/{patient}")
    house.progress(chosen, "start", by="provider-2", status=409)
