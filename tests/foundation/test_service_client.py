"""One service calling another as itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from structlog.contextvars import bound_contextvars

from shared.http import ServiceClient
from shared.problems import Problem
from shared.settings import ServiceSettings
from shared.tracing import traced
from tests.infrastructure.serving import serving

SECRET = "planted-secret-51"


class Neighbour:
    """Issuer and service in one: gives tokens, takes those it says, remembers what came."""

    def __init__(self) -> None:
        self.granted = 0
        self.asked: list[tuple[str | None, bytes]] = []
        self.calls: list[dict[str, str]] = []
        self.lifetime: Any = 300
        self.token_status = 200
        self.token_answer: Any = None
        self.takes = "token-1"

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/token")
        async def token(request: Request, response: Response) -> Any:
            self.asked.append((request.headers.get("authorization"), await request.body()))
            self.granted += 1
            response.status_code = self.token_status
            if self.token_answer is not None:
                return self.token_answer
            return {"access_token": f"token-{self.granted}", "expires_in": self.lifetime}

        @app.post("/echo")
        async def echo(request: Request, response: Response) -> Any:
            self.calls.append(dict(request.headers))
            if request.headers["authorization"] != f"Bearer {self.takes}":
                response.status_code = 401
                return {}
            return await request.json()

        return app


@pytest.fixture
def neighbour() -> Neighbour:
    return Neighbour()


@pytest.fixture
def client(neighbour: Neighbour) -> Iterator[ServiceClient]:
    with serving(neighbour.app()) as url:
        made = ServiceClient(settings(f"{url}/token"), url, scope="cases")
        yield made
        made.close()


def settings(token_url: str) -> ServiceSettings:
    return ServiceSettings(
        database_url="postgresql://unused/unused",
        client_id="notifications",
        client_secret=SECRET,
        token_url=token_url,
    )


def refused(client: ServiceClient) -> Problem:
    with pytest.raises(Problem) as told:
        client.request("POST", "/echo", json={})
    assert told.value.status == 503
    assert told.value.headers["Retry-After"]
    assert SECRET not in f"{told.value} {told.value.detail}"
    return told.value


def test_it_asks_for_a_token_as_itself_and_keeps_it(client: ServiceClient, neighbour: Neighbour):
    for n in range(3):
        assert client.request("POST", "/echo", json={"n": n}).json() == {"n": n}
    ((authorization, form),) = neighbour.asked
    assert authorization
    assert authorization.startswith("Basic ")
    assert form == b"grant_type=client_credentials&scope=cases"


def test_a_token_is_renewed_before_it_ends(client: ServiceClient, neighbour: Neighbour):
    neighbour.lifetime = 0
    client.request("POST", "/echo", json={})
    neighbour.takes = "token-2"
    assert client.request("POST", "/echo", json={}).status_code == 200
    assert neighbour.granted == 2


def test_a_token_that_is_refused_is_renewed_once(client: ServiceClient, neighbour: Neighbour):
    neighbour.takes = "token-2"
    assert client.request("POST", "/echo", json={"n": 1}).json() == {"n": 1}
    assert neighbour.granted == 2


def test_a_second_refusal_is_the_answer(client: ServiceClient, neighbour: Neighbour):
    neighbour.takes = "never"
    assert client.request("POST", "/echo", json={}).status_code == 401
    assert (neighbour.granted, len(neighbour.calls)) == (2, 2)


def test_the_requests_id_and_its_trace_go_along(client: ServiceClient, neighbour: Neighbour):
    trace = "4bf92f35" * 4
    with bound_contextvars(request_id="r-77"), traced(f"00-{trace}-{'1' * 16}-01"):
        client.request("POST", "/echo", json={}, headers={"X-Other": "kept"})
    client.request("POST", "/echo", json={})
    first, second = neighbour.calls
    assert (first["x-request-id"], first["x-other"]) == ("r-77", "kept")
    assert first["traceparent"].startswith(f"00-{trace}-")
    assert not {"x-request-id", "traceparent"} & set(second)


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_an_issuer_that_gives_no_token_is_a_503(
    client: ServiceClient, neighbour: Neighbour, status: int
):
    neighbour.token_status = status
    refused(client)
    assert neighbour.calls == []


@pytest.mark.parametrize(
    "answer",
    ["<html>", [], {"access_token": "t"}, {"access_token": "t", "expires_in": "soon"}, {"x": 1}],
)
def test_an_issuer_that_answers_something_else_is_a_503(
    client: ServiceClient, neighbour: Neighbour, answer: Any
):
    neighbour.token_answer = answer
    refused(client)


def test_a_service_that_is_away_is_a_503(neighbour: Neighbour, port: int):
    with serving(neighbour.app()) as url:
        away = ServiceClient(settings(f"{url}/token"), f"http://127.0.0.1:{port}", scope="cases")
        refused(away)
        away.close()


def test_an_issuer_that_is_away_is_a_503(neighbour: Neighbour, port: int):
    with serving(neighbour.app()) as url:
        away = ServiceClient(settings(f"http://127.0.0.1:{port}/token"), url, scope="cases")
        refused(away)
        away.close()
