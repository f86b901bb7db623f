"""The nearest are found by the index that knows their order, also where a town is full of them."""

import re
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.util import LRUCache
from sqlmodel import Session

from services.providers import matching
from services.providers.matching import MatchRequest, candidates, engine, sentences
from services.providers.matching.beginning import begin
from services.providers.points import ANEW, AS_EVER, BY_INDEX, plan_anew
from services.providers.queries import NeedSearch
from shared.database import UnitOfWork
from tests.providers.conftest import NOW, House
from tests.providers.test_match import ask, weighing

CROWD = text("""
INSERT INTO matchable (service_id, place, location_id, name, latitude, longitude, remote, terms,
    refused, languages, interpreted, areas, slot_days, slot_opens, slot_closes, slot_until,
    cost_amounts, cost_until)
SELECT service_id, gen_random_uuid(), location_id, name, latitude + 0.03 * sin(n),
    longitude + 0.05 * cos(n * 7), remote, terms, refused, languages, interpreted, areas, slot_days,
    slot_opens, slot_closes, slot_until, cost_amounts, cost_until
FROM matchable CROSS JOIN generate_series(1, 40) AS n WHERE latitude IS NOT NULL
""")
"""Every place forty times more, each at a spot of its own."""

QUESTIONS: list[dict[str, Any]] = [
    {"needs": ["loneliness"], "near": "BD1 1AA", "within": 5000},
    {"needs": ["loneliness", "money"], "near": "BD18 1AA", "within": 20_000, "days": ["TU"]},
    {"matters": "I used to sing in a choir", "near": "HX1 1AA", "within": 12_000, "age": 60},
    {"needs": ["low-mood"], "near": "LS1 1AA", "within": 9000, "access": ["step-free"]},
]


@pytest.fixture
def crowded(own_demo: House) -> House:
    """The demo's directory with many places, of which the planner knows."""
    with own_demo.engine.begin() as connection:
        connection.execute(CROWD)
        connection.execute(text("ANALYZE matchable"))
    return own_demo


def plan_of(house: House, question: dict[str, Any]) -> str:
    """How PostgreSQL answers the statement that weighs the nearest."""
    plans: list[str] = []

    def explain(connection: Any, _c: object, statement: str, given: Any, *_: object) -> None:
        if "pool AS" in statement and not plans:
            # Whether the planner would take it by itself hangs on statistics; so it is told.
            assert connection.connection.cursor().execute("SHOW enable_sort").fetchone() == ("off",)
            found = connection.connection.cursor().execute(f"EXPLAIN {statement}", given)
            plans.append("\n".join(line for (line,) in found.fetchall()))

    with UnitOfWork(house.engine) as uow:
        event.listen(house.engine, "before_cursor_execute", explain)
        try:
            matching.match(uow.session, MatchRequest.model_validate(question), NOW)
        finally:
            event.remove(house.engine, "before_cursor_execute", explain)
    return plans[0]


def test_the_nearest_are_taken_from_the_index_in_its_order(
    crowded: House, monkeypatch: pytest.MonkeyPatch
):
    weighing(monkeypatch, 50)
    for question in QUESTIONS:
        plan = plan_of(crowded, question)
        assert "Index Scan using ix_matchable_spot" in plan, plan
        assert "Order By: (point" in plan
        assert "Bitmap Index Scan on ix_matchable_spot" not in plan


def test_the_answer_is_that_of_any_other_way(crowded: House, monkeypatch: pytest.MonkeyPatch):
    weighing(monkeypatch, 50)
    answers = [ask(crowded, **question) for question in QUESTIONS]
    assert all(each["matches"] for each in answers)
    monkeypatch.setattr(engine, "BY_INDEX", AS_EVER)
    assert [ask(crowded, **question) for question in QUESTIONS] == answers


SEARCHES: list[dict[str, Any]] = [
    {"need": ["loneliness"], "near": "BD1 1AA", "within": 5000},
    {"need": ["money", "loneliness"], "near": "LS1 1AA", "within": 30_000, "per_page": 100},
    {"need": ["low-mood"], "near": "HX1 1AA", "within": 9000, "day": "TU", "access": ["step-free"]},
]


def asks_for_both(plan: str) -> bool:
    """Whether the index of places is asked for a box and for terms at once."""
    asked = re.findall(r"Index Cond: (.*)", plan)
    return any("<@" in each and "array_to_tsvector" in each for each in asked)


def searched(house: House, question: dict[str, Any]) -> tuple[Any, str]:
    """What a search finds, and how PostgreSQL looked for it."""
    plans: list[str] = []

    def explain(connection: Any, _c: object, statement: str, given: Any, *_: object) -> None:
        if "candidate AS" in statement:
            found = connection.connection.cursor().execute(f"EXPLAIN {statement}", given)
            plans.append("\n".join(line for (line,) in found.fetchall()))

    with UnitOfWork(house.engine) as uow:
        event.listen(house.engine, "before_cursor_execute", explain)
        try:
            found = matching.search(uow.session, NeedSearch.model_validate(question), NOW)
        finally:
            event.remove(house.engine, "before_cursor_execute", explain)
    return found, plans[0]


@pytest.mark.parametrize("question", SEARCHES)
def test_a_search_near_a_place_asks_one_index_for_both_and_finds_the_same(
    crowded: House, monkeypatch: pytest.MonkeyPatch, question: dict[str, Any]
):
    found, plan = searched(crowded, question)
    assert found["contents"]
    assert asks_for_both(plan), plan
    monkeypatch.setattr(candidates, "by_terms", lambda *_, **__: False)
    monkeypatch.setattr(engine, "BY_INDEX", ANEW)
    monkeypatch.setattr(sentences, "_written", LRUCache(500))
    other, plan = searched(crowded, question)
    assert "array_to_tsvector" not in plan
    assert other == found


def test_of_a_rare_term_only_its_own_places_are_opened(
    crowded: House, monkeypatch: pytest.MonkeyPatch
):
    weighing(monkeypatch, 50)
    plan = plan_of(crowded, QUESTIONS[0])
    assert asks_for_both(plan), plan
    worded = plan_of(crowded, QUESTIONS[0] | {"matters": "somebody for a chat about books"})
    assert asks_for_both(worded), "terms are looked at first"


def test_what_another_asks_is_planned_as_ever(own_demo: House):
    def settings(session: Session) -> list[str]:
        names = ("enable_sort", "jit", "plan_cache_mode")
        return [session.connection().exec_driver_sql(f"SHOW {each}").scalar_one() for each in names]

    with UnitOfWork(own_demo.engine) as uow:
        before = settings(uow.session)
        begin(uow.session, None, BY_INDEX)
        assert settings(uow.session) == ["off", "off", "force_generic_plan"]
        plan_anew(uow.session)
        assert settings(uow.session) == [*before[:2], "force_custom_plan"]
        asked = QUESTIONS[0] | {"limit": 1}
        assert matching.match(uow.session, MatchRequest.model_validate(asked), NOW)["matches"]
        uow.commit()
        assert settings(uow.session) == before
