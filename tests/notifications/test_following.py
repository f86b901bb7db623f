"""Many pages that follow their notices are one question to the database."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from services.notifications.board import keeping
from services.notifications.board.following import Following, Full, Seen
from services.notifications.board.keeping import State
from shared.auth import Principal
from shared.database import UnitOfWork
from tests.notifications.conftest import HUB, PROVIDER, House

LONG = 600.0


def somebody(name: str, organisation: UUID = PROVIDER, role: str = "provider") -> Principal:
    return Principal(name, "pages", str(organisation), frozenset([role]), frozenset())


class Board:
    """Answers as a database would, and counts."""

    def __init__(self) -> None:
        self.unread: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.away = False
        self.asked_thrice = threading.Event()

    def __call__(self, readers: Sequence[Principal]) -> list[State]:
        self.asked.append([each.subject for each in readers])
        if len(self.asked) == 3:
            self.asked_thrice.set()
        if self.away:
            raise OperationalError("", {}, Exception())
        return [State(1, self.unread.get(each.subject, 0)) for each in readers]


async def state(following: Following, seen: Seen, told: str | None = None) -> State:
    found = await following.next(seen, told, monotonic() + LONG)
    assert found is not None
    return found


def test_all_streams_of_a_process_are_one_question_and_a_reader_of_several_is_asked_for_once():
    board = Board()

    async def follow() -> None:
        async with Following(board, every=0.01) as following:
            readers = [somebody(f"s{n % 20}") for n in range(100)]
            with ExitStack() as places:
                seen = [places.enter_context(following.place(each)) for each in readers]
                for each in seen:
                    assert (await state(following, each)).unread == 0
                board.unread["s7"] = 3
                told = [await state(following, seen[n], "1-0") for n in (7, 27, 47, 67, 87)]
                assert [each.unread for each in told] == [3] * 5

    asyncio.run(follow())
    assert board.asked[0] == [f"s{n}" for n in range(20)]
    assert {len(each) for each in board.asked} == {20}


def test_nobody_is_asked_for_where_nobody_follows():
    board = Board()

    async def follow() -> None:
        async with Following(board, every=0.01) as following:
            with following.place(somebody("a")) as seen:
                await state(following, seen)
            left = len(board.asked)
            with following.place(somebody("b")) as seen:
                await state(following, seen)
            assert [each for each in board.asked[left:] if each != ["b"]] == []

    asyncio.run(follow())


def test_as_many_follow_as_may_and_whoever_leaves_makes_room():
    async def follow() -> None:
        async with Following(Board(), most=3, most_of_one=2) as following:
            with following.place(somebody("a")):
                with following.place(somebody("a")), pytest.raises(Full):
                    following.place(somebody("a")).__enter__()
                b, c = following.place(somebody("b")), following.place(somebody("c"))
                with b, c, pytest.raises(Full):
                    following.place(somebody("d")).__enter__()
                with following.place(somebody("d")):
                    pass

    asyncio.run(follow())


def test_a_database_that_is_away_ends_no_stream():
    board = Board()
    board.away = True

    async def follow() -> None:
        async with Following(board, every=0.01) as following:
            with following.place(somebody("a")) as seen:
                await asyncio.to_thread(board.asked_thrice.wait, LONG)
                board.away = False
                assert (await state(following, seen)).unread == 0

    asyncio.run(follow())


def test_streams_end_with_their_process():
    async def follow() -> None:
        following = Following(Board())
        async with following:
            place = following.place(somebody("a"))
            seen = place.__enter__()
            last = await state(following, seen)
            waits = asyncio.ensure_future(following.next(seen, last.id, monotonic() + LONG))
        assert await waits is None

    asyncio.run(follow())


def test_what_each_of_several_readers_sees_is_theirs(house: House):
    house.contact(means="inbox", address="pages")
    for _ in range(3):
        house.ask()
    house.send()
    anna, ben = somebody("anna"), somebody("ben")
    hub, stranger = somebody("c", HUB, "coordinator"), somebody("x", uuid4())
    with UnitOfWork(house.engine) as uow:
        readers = keeping.readers_of(uow, [anna, ben, hub, stranger])
        assert [len(each.parties) for each in readers] == [1, 1, 2, 1]
        assert "calder" in readers[2].parties
        newest = keeping.listed(uow, readers[0], before=None, count=1)[0][0]
        assert keeping.read(uow, readers[0], newest.id)
        found = keeping.states(uow, readers)
        assert [each.unread for each in found] == [2, 3, 0, 0]
        assert [keeping.state(uow, each) for each in readers] == found


def test_where_too_many_follow_one_is_told_to_ask_instead(house: House, client: httpx.Client):
    house.app.state.following = Following(Board(), most=0)
    headers = house.verifier.add(
        "anna", roles="provider", scopes="notifications.notices", organisation=PROVIDER
    )
    refused = client.get("/notifications/notices/stream", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/notifications/notices", headers=headers).status_code == 200
