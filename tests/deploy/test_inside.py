"""Requests between the services of one process: as from outside, but for the socket."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.requests import Request

from deploy.inside import STREAM, Inside
from shared.rate_limits import caller
from shared.service import service_app
from shared.settings import ServiceSettings

Ask = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]


@pytest.fixture
def app() -> FastAPI:
    settings = ServiceSettings(
        database_url="postgresql://", trusted_proxies="127.0.0.1", address_rate="5/minute"
    )
    app = service_app(settings, name="inner", title="Inner", routers=())

    @app.get("/who")
    async def who(request: Request) -> dict[str, object]:
        context = structlog.contextvars.get_contextvars()
        return {"caller": caller(), "trace": context["trace_id"], "service": context["service"]}

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("what somebody sent")

    return app


def asking(app: FastAPI, ask: Ask, *, patience: float = 60) -> Any:
    def elsewhere(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f"over HTTP: {request.url.path}")

    async def asked() -> Any:
        transport = Inside(app, httpx.MockTransport(elsewhere))
        async with httpx.AsyncClient(
            base_url="http://127.0.0.1:8000", transport=transport, timeout=patience
        ) as http:
            return await ask(http)

    return asyncio.run(asked())


def test_it_passes_through_all_that_a_request_from_outside_does(app: FastAPI):
    async def ask(http: httpx.AsyncClient) -> list[httpx.Response]:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        return [await http.get("/who", headers=headers) for _ in range(6)]

    *first, last = asking(app, ask)
    assert {each.status_code for each in first} == {200}
    assert first[0].json()["caller"] == "203.0.113.7"
    assert first[0].headers["x-request-id"]
    assert last.status_code == 429, "counted for whoever is at the page"


def test_what_is_bound_to_the_log_of_the_one_who_asks_stays_theirs(app: FastAPI):
    async def ask(http: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any], str]:
        structlog.contextvars.bind_contextvars(service="portal", request_id="mine")
        told = (await http.get("/who")).json()
        return told, structlog.contextvars.get_contextvars(), caller()

    told, mine, address = asking(app, ask)
    assert told["service"] == "inner"
    assert mine == {"service": "portal", "request_id": "mine"}
    assert address == ""


def test_who_asks_waits_no_longer_than_over_http(app: FastAPI):
    with pytest.raises(httpx.ReadTimeout):
        asking(app, lambda http: http.get("/slow"), patience=0.5)


def test_a_failure_is_answered_and_nothing_of_it_told(app: FastAPI):
    answer = asking(app, lambda http: http.get("/broken"))
    assert answer.status_code == 500
    assert "somebody" not in answer.text


def test_what_goes_on_until_its_reader_leaves_is_followed_over_http(app: FastAPI):
    answer = asking(app, lambda http: http.get("/who", headers={"Accept": STREAM}))
    assert answer.text == "over HTTP: /who"
