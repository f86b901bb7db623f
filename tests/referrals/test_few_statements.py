"""A step asks the database little: a case is locked while it goes on, and others wait."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event

from tests.referrals.house import House


@pytest.fixture
def statements(house: House) -> Iterator[Callable[[Callable[[], object]], int]]:
    """How many statements something takes, but for BEGIN and COMMIT."""
    sent: list[str] = []

    def note(_connection, _cursor, text, *_) -> None:
        if "INTO access_entry" not in text:  # noted by a thread of its own, whenever it comes to it
            sent.append(text)

    def counted(work: Callable[[], object]) -> int:
        sent.clear()
        work()
        return len(sent)

    event.listen(house.desk.engine, "before_cursor_execute", note)
    yield counted
    event.remove(house.desk.engine, "before_cursor_execute", note)


def test_steps_take_few_statements(house: House, statements):
    _, task = house.asked()
    assert statements(lambda: house.answer(task, "accept")) <= 20
    assert statements(lambda: house.progress(task, "start")) <= 14
    back = f"/referrals/requests/{task}/withdraw-agreement"
    assert statements(lambda: house.worker.post(back)) <= 12


def test_a_list_of_requests_takes_as_many_statements_as_one(house: House, statements):
    house.asked()
    one = statements(lambda: house.provider.get("/referrals/requests"))
    for _ in range(3):
        house.asked()
    seen: list[object] = []
    many = statements(lambda: seen.extend(house.provider.get("/referrals/requests")))
    assert (len(seen), many) == (4, one)
    assert one <= 3
