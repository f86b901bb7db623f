"""Who of a team has a case, and what its people were told of: lists and counts, no permission."""

from typing import Any

from tests.referrals.house import (
    SERVICE,
    SIGNPOST,
    TEAM_2,
    WITHDRAWN,
    Caller,
    House,
    Referral,
)

NADIA, OMAR = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
LEAD = "33333333-3333-4333-8333-333333333333"


def colleague(house: House, account: str = NADIA, *more: str) -> Caller:
    return house.by("link-worker", roles=("link-worker", *more), account=account)


def lead(house: House) -> Caller:
    return colleague(house, LEAD, "team-lead")


def allocate(by: Caller, referral: Referral, to: str | None, **more: Any) -> None:
    by.put(f"{referral.at}/allocation", {"to": to}, **more)


def listed(by: Caller, to: str) -> set[str]:
    rows = by.get("/referrals/cases", params={"allocated_to": to})
    return {row["case"] for row in rows}


def test_who_takes_a_referral_on_has_it_and_a_system_has_none(house: House):
    first, second = house.refer(), house.refer(number=2)
    colleague(house).post(f"{first.at}/accept")
    house.worker.post(f"{second.at}/accept")
    assert listed(colleague(house), "me") == {first.case}
    assert listed(colleague(house, OMAR), NADIA) == {first.case}
    assert listed(colleague(house), "nobody") == {second.case}
    assert house.worker.get(first.at)["allocated_to"] == NADIA


def test_a_lead_gives_a_case_to_anyone_and_a_colleague_only_their_own(house: House):
    referral = house.refer()
    allocate(colleague(house, OMAR), referral, OMAR)
    with house.unchanged():
        allocate(colleague(house), referral, NADIA, status=403)
    allocate(lead(house), referral, NADIA)
    assert listed(lead(house), NADIA) == {referral.case}
    allocate(colleague(house), referral, None)
    assert listed(lead(house), "nobody") == {referral.case}
    assert colleague(house, OMAR).get(referral.at), "it is no permission"


def test_all_of_somebodys_open_cases_go_to_another_at_once(house: House):
    cases = [house.refer(number=n) for n in (1, 2, 3, 4)]
    for each in cases[:3]:
        allocate(lead(house), each, NADIA)
    allocate(lead(house), cases[3], OMAR)
    house.withdraw(cases[0])
    body = {"of": NADIA, "to": OMAR}
    with house.unchanged():
        colleague(house).post("/referrals/caseload/hand-over", body, status=403)
        house.by("coordinator").post("/referrals/caseload/hand-over", body, status=403)
        same = {"of": NADIA, "to": NADIA}
        lead(house).post("/referrals/caseload/hand-over", same, status=422)
    foreign = house.by("link-worker-2", roles=("link-worker", "team-lead"), account=LEAD)
    assert foreign.post("/referrals/caseload/hand-over", body) == {"cases": 0}
    assert lead(house).post("/referrals/caseload/hand-over", body) == {"cases": 2}
    assert listed(lead(house), OMAR) == {each.case for each in cases[1:]}
    assert house.scalar(
        "select count(*) from audit_entry where action = 'allocate' and subject = :s", s=LEAD
    ) == 6  # fmt: skip


def test_the_teams_load_is_told_by_colleague_and_nobody_comes_last(house: House):
    cases = [house.refer(number=n, priority="asap" if n == 1 else "routine") for n in (1, 2, 3)]
    for each in cases[:2]:
        allocate(lead(house), each, OMAR)
    rows = lead(house).get("/referrals/caseload/people")
    assert [(row["account"], row["open"], row["urgent"]) for row in rows] == [
        (OMAR, 2, 1), (None, 1, 0),
    ]  # fmt: skip
    assert house.by("link-worker-2").get("/referrals/caseload/people") == []
    waiting = colleague(house, OMAR).get("/referrals/caseload")["waiting"]
    assert (waiting["mine"], waiting["nobody"]) == (2, 1)


def test_another_team_begins_with_nobodys(house: House):
    referral = house.refer()
    allocate(lead(house), referral, NADIA)
    body = {"team": str(TEAM_2), "reason": "cover"}
    house.worker.post(f"{referral.at}/hand-over", body)
    assert house.by("link-worker-2").get(referral.at)["allocated_to"] is None


def test_signposting_is_counted_and_is_no_referral(house: House):
    referral = house.taken_on()
    for service in (SIGNPOST, SIGNPOST, SERVICE):
        house.worker.post(f"{referral.at}/signposts", {"service": str(service)})
    assert [each["service_name"] for each in house.worker.get(referral.at)["signposts"]] == [
        "Open door café", "Open door café", "Sunday stitching",
    ]  # fmt: skip
    counted = [(each["name"], each["times"]) for each in house.worker.get("/referrals/signposts")]
    assert counted == [("Open door café", 2), ("Sunday stitching", 1)]
    assert house.by("coordinator").get("/referrals/signposts")
    assert house.by("link-worker-2").get("/referrals/signposts") == []
    assert len(house.worker.get(referral.at)["tasks"]) == 1
    with house.unchanged():
        for service in (WITHDRAWN, TEAM_2):
            body = {"service": str(service)}
            house.worker.post(f"{referral.at}/signposts", body, status=422)
