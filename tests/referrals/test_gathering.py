"""Rows of several tables by one statement: what comes back is what was stored."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, event, text
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from services.referrals.tables import BreakGlass, Goal
from shared.gathering import Gathering
from tests.referrals.house import House

CASE: Any = bindparam("case")
TOGETHER = Gathering(
    goals=select(Goal).where(col(Goal.case) == CASE).order_by(col(Goal.words)),
    days=columns(col(Goal.by_when), col(Goal.id)).where(col(Goal.case) == CASE),
    openings=select(BreakGlass).where(col(BreakGlass.case) == CASE),
)
AT = datetime(2026, 3, 29, 0, 59, 59, 123456, UTC)


def a_goal(case: UUID, words: str, by_when: date | None) -> Goal:
    return Goal(
        id=uuid4(), case=case, words=words, by_when=by_when, state="open", recorded_by="a",
        recorded=AT,
    )  # fmt: skip


def test_rows_come_back_as_they_were_stored_in_their_order(house: House):
    case = UUID(house.taken_on().case)
    goals = [a_goal(case, "Ä walk, ‘daily’", date(2026, 3, 29)), a_goal(case, "a % and a :b", None)]
    with Session(house.engine) as session:
        session.add_all(goals)
        opening = BreakGlass(
            case=case, hub="bradford", team=uuid4(), account="x", opened_by_name="X",
            reason="life-at-risk", words="", opened=AT, until=AT, reads=[AT, AT],
        )  # fmt: skip
        session.add(opening)
        session.commit()
        plain = session.exec(select(Goal).order_by(col(Goal.words))).all()
        statements: list[str] = []
        event.listen(
            house.engine, "before_cursor_execute", lambda *each: statements.append(each[2])
        )
        rows = TOGETHER.read(session, case=case)
        assert sum("json_agg" in each for each in statements) == 1
        assert [each.model_dump() for each in rows["goals"]] == [
            each.model_dump() for each in plain
        ]
        assert {each["id"]: each["by_when"] for each in rows["days"]} == {
            each.id: each.by_when for each in plain
        }
        (read,) = rows["openings"]
        assert read.reads == [AT, AT]
        assert read.closed is None
        known = [id(each) for each in session]
        assert not any(id(each) in known for each in rows["goals"]), "nothing is written twice"


def test_nothing_is_an_empty_list(house: House):
    with Session(house.engine) as session:
        assert TOGETHER.read(session, case=uuid4()) == {"goals": [], "days": [], "openings": []}
        assert session.execute(text("show timezone")).scalar_one() == "UTC"
