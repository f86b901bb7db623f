"""The plan of a case: measures with bands, goals, what is next; for who cares, never required."""

from datetime import timedelta
from typing import Any

import pytest

from services.referrals.plan.instruments import LONELY, ONS4, SWEMWBS, UCLA3
from shared.fhir.model import validate
from tests.infrastructure.midnight import today
from tests.referrals.house import TEAM_2, House, Json, Referral


def ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


def ons4(satisfied: int, worthwhile: int, happy: int, anxious: int) -> Json:
    answers = {"satisfied": satisfied, "worthwhile": worthwhile, "happy": happy, "anxious": anxious}
    return {"instrument": "ons4", "answers": answers}


def ucla3(companionship: int, left_out: int, isolated: int) -> Json:
    answers = {"companionship": companionship, "left-out": left_out, "isolated": isolated}
    return {"instrument": "ucla3", "answers": answers}


def review(house: House, referral: Referral, *measures: Json, **more: Any) -> Any:
    status = more.pop("status", None)
    body = {"measures": list(measures)} | more
    return house.worker.post(f"{referral.at}/reviews", body, status=status)


def plan(house: House, referral: Referral) -> Json:
    found: Json = house.worker.get(f"{referral.at}/plan")
    return found


@pytest.mark.parametrize(
    ("value", "well", "anxious"),
    [
        (0, "low", "very-low"), (1, "low", "very-low"), (2, "low", "low"), (3, "low", "low"),
        (4, "low", "medium"), (5, "medium", "medium"), (6, "medium", "high"), (7, "high", "high"),
        (8, "high", "high"), (9, "very-high", "high"), (10, "very-high", "high"),
    ],
)  # fmt: skip
def test_the_bands_of_ons4_are_those_that_the_ons_publishes(value: int, well: str, anxious: str):
    satisfied, worthwhile, happy, worried = ONS4.items
    got = ONS4.values(dict.fromkeys((each.code for each in ONS4.items), value))
    assert [each.band(got[each.code]) for each in (satisfied, worthwhile, happy)] == [well] * 3
    assert worried.band(got["anxious"]) == anxious
    assert ONS4.total is None, "the four are never summed"


@pytest.mark.parametrize(("total", "band"), [(3, "not-lonely"), (5, "not-lonely"), (6, "lonely"),
                                             (9, "lonely")])  # fmt: skip
def test_the_three_questions_on_loneliness_are_summed(total: int, band: str):
    answers = {"companionship": min(3, total - 2)}
    answers["left-out"] = min(3, total - answers["companionship"] - 1)
    answers["isolated"] = total - sum(answers.values())
    assert UCLA3.values(answers) == {"loneliness": total}
    assert UCLA3.total
    assert UCLA3.total.band(UCLA3.values(answers)["loneliness"]) == band
    assert LONELY.items[0].bands == ()


@pytest.mark.parametrize(("raw", "metric", "band"), [(7, 7.0, "low"), (21, 19.25, "low"),
                         (22, 19.98, "medium"), (30, 27.03, "medium"), (31, 28.13, "high"),
                         (35, 35.0, "high")])  # fmt: skip
def test_swemwbs_is_converted_and_its_questions_are_nowhere(raw: int, metric: float, band: str):
    assert SWEMWBS.total
    value = SWEMWBS.values({"raw": raw})["metric"]
    assert (float(value), SWEMWBS.total.band(value)) == (metric, band)


def test_a_change_since_the_baseline_is_told_the_right_way_round(house: House):
    referral = house.taken_on()
    review(house, referral, ons4(4, 5, 6, 7), ucla3(3, 2, 2), day=ago(60))
    review(house, referral, ons4(6, 5, 5, 4), ucla3(1, 2, 2), day=ago(1))
    told = {
        (each["instrument"], each["scale"]): (each["change"], each["trend"])
        for each in plan(house, referral)["scales"]
    }
    assert told == {
        ("ons4", "satisfied"): (2, "better"),
        ("ons4", "worthwhile"): (0, "same"),
        ("ons4", "happy"): (-1, "worse"),
        ("ons4", "anxious"): (-3, "better"),
        ("ucla3", "loneliness"): (-2, "better"),
    }


def test_partial_answers_and_none_are_answers_and_said(house: House):
    referral = house.taken_on()
    review(
        house, referral,
        {"instrument": "ons4", "answers": {"satisfied": 5}},
        {"instrument": "ucla3", "answers": {"isolated": 2}},
        {"instrument": "swemwbs", "not_asked": "did-not-want-to"},
        wanted="To sing again", language="Urdu", filled_in="person", how="visit",
    )  # fmt: skip
    told = plan(house, referral)
    assert [(each["instrument"], each["scale"]) for each in told["scales"]] == [
        ("ons4", "satisfied")
    ], "a sum needs all of its items"
    (only,) = told["reviews"]
    assert (only["wanted"], only["language"], only["filled_in"]) == (
        "To sing again", "Urdu", "person",
    )  # fmt: skip
    names = ("instrument", "missing", "not_asked")
    assert [tuple(each[name] for name in names) for each in only["measures"]] == [
        ("ons4", ["worthwhile", "happy", "anxious"], None),
        ("ucla3", ["companionship", "left-out"], None),
        ("swemwbs", [], "did-not-want-to"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ({"measures": [ons4(11, 5, 5, 5)]}, "measures[0].answers.satisfied"),
        ({"measures": [{"instrument": "ucla3", "answers": {"isolated": 0}}]}, "isolated"),
        ({"measures": [{"instrument": "ucla3", "answers": {"lost": 1}}]}, "lost"),
        ({"measures": [{"instrument": "ons4"}]}, "measures[0]"),
        ({"measures": [ons4(5, 5, 5, 5) | {"not_asked": "no-time"}]}, "measures[0]"),
        ({"measures": [ons4(5, 5, 5, 5), ons4(5, 5, 5, 5)]}, "measures"),
        ({"measures": []}, "measures"),
        ({"measures": [ons4(5, 5, 5, 5)], "day": "2999-01-01"}, "day"),
        ({"measures": [{"instrument": "pam", "answers": {"score": 40}}]}, "instrument"),
        ({"measures": [{"instrument": "ons4", "answers": {"happy": "7"}}]}, "happy"),
    ],
)
def test_what_cannot_be_is_refused_by_its_element(house: House, body: Json, element: str):
    referral = house.taken_on()
    with house.unchanged():
        problem = house.worker.post(f"{referral.at}/reviews", body, status=422)
    assert element in problem["element"]
    assert plan(house, referral)["reviews"] == []


def test_a_review_by_mistake_is_taken_back_and_counts_for_nothing(house: House):
    referral = house.taken_on()
    made = review(house, referral, ons4(1, 1, 1, 1))["id"]
    house.worker.post(f"{referral.at}/reviews/{made}/strike")
    assert plan(house, referral)["reviews"] == []
    assert plan(house, referral)["scales"] == []
    with house.unchanged():
        house.worker.post(f"{referral.at}/reviews/{made}/strike", status=409)


def test_what_they_want_what_is_done_for_it_and_what_came_of_it(house: House):
    referral = house.taken_on()
    body = {
        "words": "To sing in a choir again", "by_when": "2027-03-01",
        "actions": [{"words": "Ring the choir", "who": "link-worker", "by_when": "2027-01-10"}],
    }  # fmt: skip
    goal = house.worker.post(f"{referral.at}/goals", body)["id"]
    more = {"words": "Ask a neighbour to come along"}
    house.worker.post(f"{referral.at}/goals/{goal}/actions", more)
    (told,) = plan(house, referral)["goals"]
    first, second = told["actions"]
    assert (told["words"], told["by_when"], told["state"]) == (body["words"], "2027-03-01", "set")
    assert (first["who"], first["by_when"], second["who"]) == (
        "link-worker", "2027-01-10", "person",
    )  # fmt: skip
    house.worker.post(f"{referral.at}/actions/{first['id']}/done")
    came = {"state": "changed", "came": "Wants to paint now"}
    house.worker.post(f"{referral.at}/goals/{goal}/settle", came)
    (told,) = plan(house, referral)["goals"]
    assert told["actions"][0]["done"]
    assert (told["state"], told["came"], bool(told["settled"])) == (
        "changed", "Wants to paint now", True,
    )  # fmt: skip
    with house.unchanged():
        house.worker.post(f"{referral.at}/goals/{goal}/settle", came, status=409)
        house.worker.post(f"{referral.at}/goals/{goal}/actions", more, status=409)


def test_another_cases_goals_are_not_reached_through_ones_own(house: House):
    mine, other = house.taken_on(), house.taken_on(number=2)
    goal = house.worker.post(f"{other.at}/goals", {"words": "Rest", "actions": [{"words": "a"}]})
    action = plan(house, other)["goals"][0]["actions"][0]["id"]
    noted = review(house, other, ons4(5, 5, 5, 5))["id"]
    with house.unchanged():
        settle = {"state": "reached"}
        house.worker.post(f"{mine.at}/goals/{goal['id']}/settle", settle, status=409)
        house.worker.post(f"{mine.at}/goals/{goal['id']}/actions", {"words": "b"}, status=409)
        house.worker.post(f"{mine.at}/actions/{action}/done", status=409)
        house.worker.post(f"{mine.at}/reviews/{noted}/strike", status=409)


WRITES = (
    ("POST", "/reviews", {"wanted": "To sing"}),
    ("POST", "/goals", {"words": "To sing"}),
    ("POST", "/signposts", {"service": "51fafa5e-9e0a-539a-8cbf-98f157dcd492"}),
    ("PUT", "/allocation", {"to": None}),
)


def test_nobody_else_reads_or_writes_the_plan(house: House):
    referral, _ = house.accepted()
    house.worker.post(f"{referral.at}/goals", {"words": "zz-sing"})
    for name in ("link-worker-2", "coordinator", "provider", "ehr", "coordinator-2"):
        caller = house.by(name, scopes=("system/*.cruds", "cases"))
        caller.get(f"{referral.at}/plan", status=404)
        for method, path, body in WRITES:
            with house.unchanged():
                answer = caller.send(method, f"{referral.at}{path}", json=body)
            known = name in ("coordinator", "ehr")
            assert answer.status_code == (403 if known else 404), (name, path)
    assert "zz-sing" not in str(house.by("coordinator").get(referral.at))


def test_an_ended_case_has_no_plan_to_change(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    house.worker.get(f"{referral.at}/plan", status=404)
    for method, path, body in WRITES:
        with house.unchanged():
            house.worker.call(method, f"{referral.at}{path}", json=body, status=409)


def test_the_next_step_is_the_last_contacts_and_the_list_has_it_when_it_is_due(house: House):
    referral, other = house.taken_on(), house.taken_on(number=2)

    def contact(**more: Any) -> None:
        body = {"reached": True, "how": "video", "minutes": 8} | more
        house.worker.post(f"{referral.at}/contacts", body)

    def due() -> list[str]:
        return [row["case"] for row in house.worker.get("/referrals/cases?due=true")]

    contact(next_step="Ring about the choir", next_on=today().isoformat())
    assert plan(house, referral)["next"] == {
        "step": "Ring about the choir", "on": today().isoformat(),
        "noted_by": house.scalar("select made_by from contact_attempt"),
    }  # fmt: skip
    assert due() == [referral.case]
    assert house.worker.get("/referrals/caseload")["waiting"]["due"] == 1
    contact(next_step="Meet at the library", next_on=ago(-7))
    assert due() == []
    not_due = [row["case"] for row in house.worker.get("/referrals/cases?due=false")]
    assert sorted(not_due) == sorted([referral.case, other.case])
    contact()
    assert plan(house, referral)["next"] is None
    assert [each["next_step"] for each in plan(house, referral)["contacts"]] == [
        "", "Meet at the library", "Ring about the choir",
    ]  # fmt: skip
    assert "choir" not in str(house.by("coordinator").get(referral.at)), "words are for the team"
    with house.unchanged():
        body = {"reached": True, "how": "phone", "next_on": ago(-7)}
        problem = house.worker.post(f"{referral.at}/contacts", body, status=422)
    assert problem["element"] == "next_step"


def test_the_gp_is_told_the_measures_that_were_noted_once_the_person_agreed(house: House):
    referral = house.taken_on()
    review(house, referral, ons4(4, 5, 6, 7), day=ago(60))
    review(house, referral, ons4(6, 5, 6, 4), day=ago(1))
    shared = {"items": ["measures"], "how": "verbal"}
    house.worker.put(f"{referral.at}/gp-sharing", shared)
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    words = house.scalar("select words::text from gp_message where kind = 'closure'")
    assert "ONS4 life satisfaction" in words
    assert "6 (medium)" in words


def test_the_team_reads_measures_and_goals_as_fhir_and_nobody_else(house: House):
    scopes = ("system/*.cruds", "cases")
    worker = house.by("link-worker", scopes=scopes)
    referral = house.taken_on()
    made = review(
        house, referral, ons4(4, 5, 6, 7), ucla3(3, 2, 2),
        {"instrument": "swemwbs", "not_asked": "no-time"}, day=ago(2),
    )["id"]  # fmt: skip
    goal = house.worker.post(f"{referral.at}/goals", {"words": "To sing", "by_when": ago(-9)})["id"]
    at = f"Observation?patient={referral.patient}&_count=50"
    found = {
        each["resource"]["code"]["coding"][0]["code"]: each["resource"]
        for each in worker.get(f"/fhir/{at}")["entry"]
    }
    assert set(found) == {"ons4", "ucla3", "swemwbs"}
    assert found["ucla3"]["valueQuantity"]["value"] == 7
    assert found["ucla3"]["interpretation"][0]["coding"][0]["code"] == "lonely"
    assert "valueQuantity" not in found["ons4"], "the four are never summed"
    assert [each["valueQuantity"]["value"] for each in found["ons4"]["component"]] == [7, 6, 4, 5]
    assert found["swemwbs"]["dataAbsentReason"]["coding"][0]["code"] == "not-asked"
    assert worker.get(f"/fhir/Goal/{goal}")["lifecycleStatus"] == "active"
    for body in (*found.values(), worker.get(f"/fhir/Goal/{goal}")):
        assert validate(body) == ()
    for name in ("ehr", "coordinator", "provider", "link-worker-2"):
        other = house.by(name, scopes=scopes)
        assert "Observation" not in str(other.send("GET", f"/fhir/{at}").json().get("entry"))
        other.get(f"/fhir/Goal/{goal}", status=404)

    house.worker.post(f"{referral.at}/goals/{goal}/settle", {"state": "reached"})
    house.worker.post(f"{referral.at}/reviews/{made}/strike")
    assert worker.get(f"/fhir/Goal/{goal}")["lifecycleStatus"] == "completed"
    ones = worker.get(f"/fhir/{at}")["entry"]
    assert {each["resource"]["status"] for each in ones} == {"entered-in-error"}
    body = {"team": str(TEAM_2), "reason": "cover"}
    house.worker.post(f"{referral.at}/hand-over", body)
    worker.get(f"/fhir/Goal/{goal}", status=404)
    new = house.by("link-worker-2", scopes=scopes)
    assert new.get(f"/fhir/Goal/{goal}")
    assert len(new.get(f"/fhir/{at}")["entry"]) == 3
