"""Whoever waits is answered, however their coming falls together with another's leaving."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from shared.fhir.crew import Crew


class Desk:
    """Answers each who comes by a crew, in a later turn of the event loop."""

    def __init__(self, most: int) -> None:
        self.waiting: list[tuple[str, asyncio.Future[str]]] = []
        self.at_once = self.most_at_once = 0
        self.crew = Crew(most, waits=lambda: bool(self.waiting), take=self._take)

    async def ask(self, what: str) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting.append((what, answer))
        self.crew.call()
        return await answer

    async def _take(self) -> None:
        what, answer = self.waiting.pop(0)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if what == "trouble":
            answer.cancel()
            message = "nobody foresaw this"
            raise RuntimeError(message)
        answer.set_result(what)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(work(), 5)

    return asyncio.run(limited())


@pytest.mark.parametrize("most", [1, 2])
def test_who_comes_just_as_the_last_one_leaves_is_answered(most: int):
    async def one_after_another(desk: Desk, name: str) -> list[str]:
        return [await desk.ask(f"{name}{n}") for n in range(20)]

    async def work() -> Any:
        desk = Desk(most)
        return await asyncio.gather(*(one_after_another(desk, str(n)) for n in range(most)))

    assert run(work) == [[f"{name}{n}" for n in range(20)] for name in range(most)]


def test_no_more_are_at_work_than_may_be_and_the_end_waits_for_them():
    async def work() -> tuple[int, set[str]]:
        desk = Desk(2)
        asked = [asyncio.create_task(desk.ask(str(n))) for n in range(50)]
        await asyncio.sleep(0)
        await desk.crew.finish()
        return desk.most_at_once, {task.result() for task in asked}

    assert run(work) == (2, {str(n) for n in range(50)})


def test_what_nobody_foresaw_for_one_keeps_no_other_waiting():
    async def work() -> Any:
        desk = Desk(1)
        asked = [desk.ask(what) for what in ("trouble", "a", "trouble", "b")]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = run(work)
    assert [str(each) for each in found] == ["", "a", "", "b"]
    assert isinstance(found[0], asyncio.CancelledError)
