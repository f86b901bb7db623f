"""How much a case asks of a team, what stands about visits, and whom a team lead talks about."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.referrals.caring_scale import LEVELS
from tests.referrals.house import House, Referral

VISIT = {"reached": True, "how": "visit", "minutes": 40}


@pytest.fixture
def lead(house: House):
    worker = house.worker.who
    return house.by("link-worker", roles=(*worker.roles, "team-lead"), account=str(uuid4()))


def care(house: House, referral: Referral):
    return house.worker.get(f"{referral.at}/plan")["care"]


def on_list(caller):
    return {row["case"]: row["reasons"] for row in caller.get("/referrals/supervision")}


def test_a_level_is_given_with_its_reason_and_what_was_before_stays(house: House):
    referral = house.taken_on()
    for level, why in (("light", "One letter to write."), ("intensive", "Three services at once.")):
        body = {"level": level, "because": why}
        house.worker.put(f"{referral.at}/complexity", body, status=204)
    told = care(house, referral)["complexity"]
    assert [(each["level"], each["because"]) for each in told] == [
        ("intensive", "Three services at once."),
        ("light", "One letter to write."),
    ]
    house.taken_on(number=2)
    (row,) = house.worker.get("/referrals/cases", params={"complexity": "intensive"})
    assert (row["case"], row["complexity"]) == (referral.case, "intensive")
    assert house.worker.get("/referrals/cases", params={"complexity": "light"}) == []
    (load,) = house.worker.get("/referrals/caseload/people")
    assert load["complexity"] == {**dict.fromkeys(LEVELS, 0), "intensive": 1}
    assert house.worker.get("/referrals/caseload")["waiting"]["intensive"] == 1


@pytest.mark.parametrize(
    ("path", "body", "element"),
    [
        ("complexity", {"level": "terrible", "because": "x"}, "level"),
        ("complexity", {"level": "high", "because": " "}, "because"),
        ("visiting", {"at_home": True, "alone": False, "because": ""}, "because"),
        ("visiting", {"at_home": True, "alone": False}, "because"),
        ("supervision", {"because": ""}, "because"),
    ],
)
def test_nothing_is_set_without_a_reason(house: House, path, body, element):
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.put(f"{referral.at}/{path}", body, status=422)
    assert element in problem["element"]


def test_a_visit_is_noted_by_who_read_what_stands_about_visits(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/contacts", VISIT, status=201)
    stands = {"at_home": True, "alone": False, "because": "A dog that bites."}
    house.worker.put(f"{referral.at}/visiting", stands, status=204)

    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/contacts", VISIT, status=409)
    assert problem["element"] == "visit_checked"
    house.worker.post(f"{referral.at}/contacts", VISIT | {"how": "phone"}, status=201)
    house.worker.post(f"{referral.at}/contacts", VISIT | {"visit_checked": True}, status=201)
    told = house.worker.get(f"{referral.at}/plan")
    assert told["contacts"][0]["visit_checked"] is True
    assert told["care"]["visiting"]["because"] == "A dog that bites."
    (row,) = house.worker.get("/referrals/cases")
    assert row["visits_with_care"] is True

    house.worker.put(f"{referral.at}/visiting", stands | {"alone": True}, status=204)
    house.worker.post(f"{referral.at}/contacts", VISIT, status=201)
    assert house.worker.get("/referrals/cases")[0]["visits_with_care"] is False


def test_the_team_alone_sets_and_reads_it(house: House):
    referral = house.taken_on()
    for name in ("link-worker-2", "coordinator", "provider", "ehr"):
        for path in ("complexity", "visiting", "supervision"):
            body = {"level": "high", "at_home": True, "alone": True, "because": "x"}
            sent = {k: body[k] for k in FIELDS[path]}
            answer = house.by(name).send("PUT", f"{referral.at}/{path}", json=sent)
            assert answer.status_code in (403, 404), (name, path)
        assert house.by(name).send("GET", f"{referral.at}/plan").status_code in (403, 404)


FIELDS = {
    "complexity": ("level", "because"),
    "visiting": ("at_home", "alone", "because"),
    "supervision": ("because",),
}


def test_a_lead_hears_whom_to_talk_about_and_why(house: House, lead):
    asked, hard, plain = (house.taken_on(number=n) for n in (1, 2, 3))
    house.worker.put(f"{asked.at}/supervision", {"because": "I do not know how to go on."})
    house.worker.put(f"{hard.at}/complexity", {"level": "intensive", "because": "Much."})
    for _ in range(3):
        house.worker.post(f"{hard.at}/contacts", {"reached": False, "how": "phone"}, status=201)

    rows = lead.get("/referrals/supervision")
    assert [row["case"] for row in rows] == [asked.case, hard.case], "what was asked for is first"
    assert rows[0]["because"] == "I do not know how to go on."
    assert on_list(lead) == {asked.case: ["asked"], hard.case: ["intensive", "not-reached"]}
    assert plain.case not in on_list(lead)
    first = lead.get("/referrals/supervision", params={"count": 1})
    after = {"after": first[0]["case"]}
    assert [row["case"] for row in lead.get("/referrals/supervision", params=after)] == [hard.case]

    for referral in (asked, hard):
        lead.post(f"{referral.at}/supervision/talked", {"came": "Go together."}, status=204)
    assert on_list(lead) == {}
    assert care(house, asked)["supervision"][0]["came"] == "Go together."


def test_what_still_stands_shows_again_after_a_while_and_what_was_asked_at_once(house, lead):
    referral = house.taken_on()
    house.worker.put(f"{referral.at}/complexity", {"level": "intensive", "because": "Much."})
    lead.post(f"{referral.at}/supervision/talked", {}, status=204)
    assert on_list(lead) == {}
    house.worker.put(f"{referral.at}/supervision", {"because": "Again."}, status=204)
    assert on_list(lead) == {referral.case: ["asked"]}
    lead.post(f"{referral.at}/supervision/talked", {}, status=204)
    with house.engine.begin() as connection:
        past = timedelta(days=29)
        connection.execute(
            text("update case_supervision set talked = talked - cast(:d as interval)"), {"d": past}
        )
    assert on_list(lead) == {referral.case: ["intensive"]}


def test_the_list_is_for_team_leads_of_the_team(house: House, lead):
    referral = house.taken_on()
    house.worker.put(f"{referral.at}/supervision", {"because": "Please."}, status=204)
    house.worker.get("/referrals/supervision", status=403)
    house.worker.post(f"{referral.at}/supervision/talked", {}, status=403)
    other = house.by("link-worker-2", roles=("link-worker", "team-lead"))
    assert on_list(other) == {}
    other.post(f"{referral.at}/supervision/talked", {}, status=404)
    problem = lead.get("/referrals/supervision", params={"after": str(uuid4())}, status=422)
    assert problem["element"] == "after"


def test_a_hand_over_offers_only_teams_that_can_take_it(house: House):
    referral = house.taken_on()
    offered = house.worker.get(f"{referral.at}/takers")
    every = house.worker.get("/referrals/teams")
    case = house.worker.get(referral.at)
    assert case["team"] in [each["team"] for each in every]
    assert [each for each in every if each["team"] != case["team"]] == offered
    house.worker.post(f"{referral.at}/hand-over", {"team": offered[0]["team"], "reason": "cover"})
    house.worker.get(f"{referral.at}/takers", status=404)
