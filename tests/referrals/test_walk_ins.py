"""Whoever comes to a provider by themselves is on its lists, and heard of where they agree."""

from uuid import uuid4

import pytest

from tests.infrastructure.midnight import today
from tests.referrals.house import SERVICE, SERVICE_2, SIGNPOST, TEAM

HERE = "/referrals/walk-ins"


def came(**changes):
    """What the provider's page sends."""
    return {
        "key": uuid4().hex,
        "service": str(SERVICE),
        "hub": "bradford",
        "given": "Kath",
        "family": "Feather",
        "contacts": [
            {"channel": "phone", "value": "07700 900111", "safe": "yes"},
            {"channel": "email", "value": "kath@example.org", "safe": "no"},
        ],
        "needs": [{"code": "loneliness", "display": "Feeling lonely"}],
        "words": "Saw the poster and came in.",
        "access_needs": [{"code": "step-free", "detail": ""}],
        "agreed": True,
        "agreed_how": "verbal",
        "tell_team": True,
    } | changes


@pytest.fixture
def desk(house):
    return house.by("provider")


def test_they_are_in_the_inbox_and_the_register_at_once(house, desk):
    task = desk.post(HERE, came(), status=201)["task"]

    (row,) = desk.get("/referrals/requests", params={"folder": "going"})
    assert desk.get("/referrals/requests") == [row], "where staff look first"
    assert (row["task"], row["came_by_themselves"], row["team_hears"]) == (task, True, True)
    assert row["need"]["text"] == "Saw the poster and came in."
    (expected,) = desk.get(f"/referrals/registers/{SERVICE}/{today()}")["people"]
    assert (expected["task"], expected["name"]) == (task, "Kath Feather")
    who = desk.post(f"/referrals/requests/{task}/identity")
    assert who["name"] == "Kath Feather"
    assert who["contact"] == [{"system": "phone", "value": "07700 900111"}], "only what is safe"


def test_whoever_has_begun_is_new_no_more_and_whoever_was_sent_waits_for_an_answer(house, desk):
    task = desk.post(HERE, came(), status=201)["task"]
    _, sent = house.asked()

    def new() -> list[str]:
        return [each["task"] for each in desk.get("/referrals/requests")]

    assert new() == [task, sent]
    page = desk.get("/referrals/requests", params={"count": 1})
    after = {"after": page[0]["task"]}
    assert [each["task"] for each in desk.get("/referrals/requests", params=after)] == [sent]
    house.answer(sent, "accept")
    assert new() == [task], "of whoever was sent nothing is left to say"
    house.progress(task, "start")
    assert new() == []
    assert len(desk.get("/referrals/requests", params={"folder": "going"})) == 2


def test_the_team_hears_where_they_agreed_with_the_source(house, desk):
    task = desk.post(HERE, came(), status=201)["task"]

    (row,) = house.worker.get("/referrals/cases")
    assert (row["source"], row["state"]) == ("walk-in", "new")
    case = house.worker.get(f"/referrals/cases/{row['case']}")
    assert case["team"] == str(TEAM)
    assert case["front_door"]["entered"] == "walk-in"
    assert case["front_door"]["entered_by"]
    assert task in [each["id"] for each in case["tasks"]]
    assert "referral.received" in house.told()
    assert "referral.requested" not in house.told(), "nobody asked the provider"
    assert house.told().count("referral.accepted") == 1, "the directory counts the place"
    record = house.worker.get(f"/referrals/cases/{row['case']}/person")
    assert {each["channel"]: each["safe"] for each in record["contacts"]} == {
        "phone": "yes",
        "email": "no",
    }


def test_without_their_word_nobody_but_the_provider_sees_or_hears_anything(house, desk):
    task = desk.post(HERE, came(tell_team=False), status=201)["task"]

    case = house.scalar("select id from referral_case")
    request = house.scalar("select service_request from referral_case")
    assert house.told() == []
    for name in ("link-worker", "link-worker-2", "coordinator", "ehr", "provider-2", "fhir-client"):
        other = house.by(name)
        assert other.send("GET", f"/referrals/cases/{case}").status_code in (403, 404), name
        assert other.send("GET", f"/referrals/requests/{task}").status_code in (403, 404), name
        for at in (f"ServiceRequest/{request}", f"Task/{task}"):
            assert other.send("GET", f"/fhir/{at}").status_code in (403, 404), (name, at)
    for name in ("link-worker", "coordinator"):
        for more in ({}, {"ended": True}, {"unrouted": True}):
            assert house.by(name).get("/referrals/cases", params=more) == [], name
        assert house.by(name).get("/referrals/caseload")["open"] == 0
    assert desk.get(f"/referrals/requests/{task}")["team_hears"] is False


def test_they_may_agree_later(house, desk):
    task = desk.post(HERE, came(tell_team=False), status=201)["task"]
    at = f"/referrals/requests/{task}/tell-team"
    house.by("provider-2").post(at, {"agreed": True}, status=404)
    desk.post(at, {"agreed": False}, status=422)

    desk.post(at, {"agreed": True}, status=204)
    (row,) = house.worker.get("/referrals/cases")
    assert (row["source"], row["state"]) == ("walk-in", "new")
    assert house.worker.get(f"/fhir/ServiceRequest/{row['service_request']}")
    assert "referral.received" in house.told()
    assert house.told().count("referral.accepted") == 1, "the directory counts the place"
    desk.post(at, {"agreed": True}, status=409)


def test_what_they_came_for_goes_on_and_ends_as_any_request_does(house, desk):
    for tell in (True, False):
        task = desk.post(HERE, came(tell_team=tell), status=201)["task"]
        mark = {"mark": "came", "key": str(uuid4())}
        desk.put(f"/referrals/requests/{task}/attendance/{today()}", mark, status=200)
        desk.post(f"/referrals/requests/{task}/progress", {"action": "complete"})
        assert desk.get(f"/referrals/requests/{task}")["business_status"] == "completed"
    apart = "business = 'with-provider' and status = 'completed'"
    assert house.scalar(f"select count(*) from case_task where {apart}") == 1
    assert house.by("coordinator").get("/referrals/cases", params={"ended": True}) == []


def test_a_team_takes_on_whoever_has_a_place_and_does_not_send_them_back(house, desk):
    desk.post(HERE, came(), status=201)
    (row,) = house.worker.get("/referrals/cases")
    at = f"/referrals/cases/{row['case']}"

    with house.unchanged():
        house.worker.post(f"{at}/return", {"reason": "already-supported"}, status=409)
    house.worker.post(f"{at}/accept")
    house.worker.post(f"{at}/person-accepts")
    (row,) = house.worker.get("/referrals/cases")
    assert row["state"] == "place-found"


def test_a_form_sent_twice_records_somebody_once(house, desk):
    body = came()
    first = desk.post(HERE, body, status=201)
    assert desk.post(HERE, body) == first
    assert house.scalar("select count(*) from referral_case") == 1
    desk.post(HERE, body | {"given": "Cath"}, status=409)


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"agreed": False}, "agreed"),
        ({"service": str(SERVICE_2)}, "service"),
        ({"service": str(SIGNPOST)}, "service"),
        ({"service": str(uuid4())}, "service"),
        ({"hub": "nowhere"}, "hub"),
        ({"needs": []}, "needs"),
        ({"given": "", "family": ""}, ""),
        ({"birth_date": "1950-01-01"}, "birth_date"),
    ],
)
def test_what_is_refused_keeps_nothing(house, desk, changes, element):
    with house.unchanged():
        problem = desk.post(HERE, came(**changes), status=422)
    assert element in problem.get("element", "")


def test_only_providers_record_who_came(house):
    for name in ("link-worker", "coordinator", "ehr", "front-door"):
        assert house.by(name).send("POST", HERE, json=came()).status_code == 403


def test_where_no_link_worker_hears_of_it_the_hubs_number_is_known(house, desk):
    house.execute("update place_hub set phone = '01632 960140'")
    task = desk.post(HERE, came(tell_team=False), status=201)["task"]
    view = desk.get(f"/referrals/requests/{task}")
    assert (view["link_worker"], view["team_hears"]) == (None, False)
    assert view["hub"]["phone"] == "01632 960140"
    assert view["hub"]["name"]
