"""What every service answers, whatever happens: shapes of errors, headers, health, metrics."""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx
import pytest
import structlog
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import ClientDisconnect

from shared.auth import Principal, TokenVerifier, Unauthenticated, requires
from shared.database import create_engine
from shared.logging import configure
from shared.metrics import Gauge, Reading, Source
from shared.problems import Problem
from shared.requests import MAX_BYTES, SECURITY_HEADERS
from shared.service import service_app
from shared.settings import ServiceSettings
from tests.infrastructure.printing import print_past_python
from tests.infrastructure.serving import serving

PLANTED = "Planted-Patient-7731"


ORGANISATION = "51000000-0000-4000-8000-000000000009"


class Body(BaseModel):
    family: str
    age: int = 0


class Names(TokenVerifier):
    """Takes a token for what it says: scopes and roles with commas; see tests of verification."""

    def __init__(self) -> None:
        pass

    def verified_recently(self, token: str) -> bool:
        return False

    def verify(self, token: str) -> Principal:
        if token in ("expired", "invalid", "audience", "issuer"):
            raise Unauthenticated(token)
        scopes, _, roles = token.partition(":")
        return Principal(
            "s", "c", ORGANISATION, frozenset(roles.split(",")), frozenset(scopes.split(","))
        )


class Loop:
    """A worker that the test ends."""

    name = "probe.loop"

    def run(self, stop: threading.Event) -> None:
        stop.wait()


def routes() -> APIRouter:
    router = APIRouter(prefix="/probe")

    @router.get("/open")
    def open_to_all() -> dict[str, str]:
        return {"ok": "yes"}

    @router.get("/scoped")
    def scoped(who: Annotated[Principal, Depends(requires("cases", "cases.read"))]) -> str:
        return who.subject

    @router.get("/for-hubs")
    def for_hubs(who: Annotated[Principal, Depends(requires(role="coordinator"))]) -> str:
        return who.subject

    @router.post("/body")
    def take(body: Body) -> Body:
        return body

    @router.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/fail/{how}")
    def fail(how: str) -> Response:
        errors: dict[str, Exception] = {
            "unforeseen": ValueError(f"no such patient: {PLANTED}"),
            "database": OperationalError("select", {}, Exception(PLANTED)),
            "pool": PoolTimeout(PLANTED),
            "teapot": HTTPException(418),
            "words": HTTPException(409, "Said before."),
            "gone": ClientDisconnect(),
            "problem": Problem(
                422, "Not so", "Because.", element="family", headers={"Retry-After": "7"}, code="x"
            ),
        }
        raise errors[how]

    @router.get("/stream")
    def stream() -> Response:
        return StreamingResponse(iter(["a", "b"]), media_type="text/plain")

    @router.get("/log")
    def log(request: Request) -> str:
        structlog.get_logger("probe").warning("probe.seen")
        return str(request.state.request_id)

    return router


@pytest.fixture(scope="module")
def app() -> FastAPI:
    settings = ServiceSettings(database_url="postgresql://unused/unused", environment="test")
    return service_app(
        settings,
        name="probe",
        title="Probe",
        routers=[routes()],
        workers=[Loop()],
        verifier=Names(),
        docs_prefix="/probe",
        measures_bodies=("/probe/raw",),
    )


@pytest.fixture(scope="module")
def http(app: FastAPI) -> Iterator[httpx.Client]:
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Everything that is written to standard error while the test runs."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    configure("INFO")
    yield written.getvalue
    root.handlers[:] = handlers
    root.setLevel(level)
    print_past_python()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The body of an answer that is a problem of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    return body


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "words", "challenge"),
    [
        (None, "Send an access token", "Bearer"),
        ("expired", "expired", 'Bearer error="invalid_token"'),
        ("audience", "another audience: get one", 'Bearer error="invalid_token"'),
        ("issuer", "not trusted here: get one", 'Bearer error="invalid_token"'),
        ("invalid", "or get a new one", 'Bearer error="invalid_token"'),
    ],
)
def test_401_says_what_is_wrong_with_the_token(
    http: httpx.Client, token: str | None, words: str, challenge: str
):
    answer = http.get("/probe/scoped", headers=bearer(token) if token else {})
    body = problem(answer, 401)
    assert words in body["detail"]
    assert body["element"] == "Authorization"
    assert answer.headers["www-authenticate"] == challenge


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "cases"])
def test_what_is_no_bearer_token_is_a_missing_one(http: httpx.Client, header: str):
    answer = http.get("/probe/scoped", headers={"Authorization": header})
    assert "Send an access token" in problem(answer, 401)["detail"]


def test_403_names_the_scope_that_is_needed(http: httpx.Client):
    answer = http.get("/probe/scoped", headers=bearer("directory.write"))
    assert "cases or cases.read" in problem(answer, 403)["detail"]
    assert answer.headers["www-authenticate"].startswith('Bearer error="insufficient_scope"')
    assert http.get("/probe/scoped", headers=bearer("cases.read")).status_code == 200


def test_403_names_the_role_that_is_needed(http: httpx.Client):
    answer = http.get("/probe/for-hubs", headers=bearer("cases:provider"))
    assert "coordinator" in problem(answer, 403)["detail"]
    assert http.get("/probe/for-hubs", headers=bearer("cases:coordinator")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/probe/nothing", "/probe/open/", f"/{PLANTED}"])
def test_404_and_does_not_repeat_the_address(http: httpx.Client, path: str):
    answer = http.get(path)
    problem(answer, 404)
    assert PLANTED not in answer.text


def test_405_says_what_is_allowed(http: httpx.Client):
    answer = http.delete("/probe/open")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "This address takes GET: send it that way."


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ({"family": [PLANTED]}, "body.family"),
        ({"age": PLANTED}, "body.family"),
        ({"family": "x", "age": PLANTED}, "body.age"),
        ([PLANTED], "body"),
        (PLANTED, "body"),
    ],
)
def test_422_names_the_element_and_repeats_no_value(http: httpx.Client, body: Any, element: str):
    answer = http.post("/probe/body", json=body)
    told = problem(answer, 422)
    assert told["element"] == element
    assert {each["element"] for each in told["errors"]} >= {element}
    assert PLANTED not in answer.text


@pytest.mark.parametrize("sent", [b"{", b"", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000])
def test_what_is_no_json_is_a_problem(http: httpx.Client, sent: bytes):
    answer = http.post("/probe/body", content=sent, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code)


@pytest.mark.parametrize(
    ("sent", "words", "element"),
    [
        (b"", "The body is missing: send JSON", "body"),
        (b'{"family" 1}', "The body is not valid JSON (character 10)", "body.10"),
    ],
)
def test_a_body_that_is_none_says_what_to_send(
    http: httpx.Client, sent: bytes, words: str, element: str
):
    answer = http.post("/probe/body", content=sent, headers={"content-type": "application/json"})
    told = problem(answer, 422)
    assert words in told["detail"]
    assert told["element"] == element


def test_a_problem_keeps_what_it_was_given(http: httpx.Client):
    answer = http.get("/probe/fail/problem")
    assert problem(answer, 422) == {
        "type": "about:blank", "title": "Not so", "status": 422, "detail": "Because.",
        "element": "family", "code": "x",
    }  # fmt: skip
    assert answer.headers["retry-after"] == "7"


def test_the_frameworks_own_errors_are_problems_too(http: httpx.Client):
    assert "detail" not in problem(http.get("/probe/fail/teapot"), 418)
    assert problem(http.get("/probe/fail/words"), 409)["detail"] == "Said before."


def test_an_unforeseen_error_tells_nothing_and_is_logged_by_place(
    http: httpx.Client, logged: Callable[[], str]
):
    answer = http.get("/probe/fail/unforeseen", headers={"X-Request-Id": "the-one"})
    problem(answer, 500)
    assert PLANTED not in answer.text
    assert "Traceback" not in answer.text
    assert (
        'kersey_http_errors_total{error="ValueError",service="probe"}' in http.get("/metrics").text
    )
    (line,) = [json.loads(each) for each in logged().splitlines()]
    assert (line["event"], line["error"], line["request_id"]) == (
        "request.failed", "ValueError", "the-one",
    )  # fmt: skip
    assert line["at"][-1].endswith(":fail")
    assert PLANTED not in logged()


@pytest.mark.parametrize("how", ["database", "pool"])
def test_a_database_that_is_away_is_a_503_to_try_again(
    http: httpx.Client, logged: Callable[[], str], how: str
):
    answer = http.get(f"/probe/fail/{how}")
    assert "Nothing was changed" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "5"
    assert PLANTED not in answer.text + logged()


def test_a_client_that_left_is_no_failure(http: httpx.Client, logged: Callable[[], str]):
    http.get("/probe/fail/gone")  # a real one would not see the answer either
    assert "request.failed" not in logged()


# --- bodies -----------------------------------------------------------------------------------


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536):
        yield b" " * 65_536


def test_a_declared_body_beyond_the_limit_is_refused_unread(http: httpx.Client):
    told = problem(http.post("/probe/body", content=b" " * (MAX_BYTES + 1)), 413)
    assert "1,048,576 bytes" in told["detail"]


def test_a_body_that_only_turns_out_too_large_is_refused(http: httpx.Client):
    headers = {"content-type": "application/json"}
    problem(http.post("/probe/body", content=chunks(4 * MAX_BYTES), headers=headers), 413)


def test_a_body_up_to_the_limit_is_taken(http: httpx.Client):
    sent = json.dumps({"family": "x" * (MAX_BYTES - 20)}).encode()
    headers = {"content-type": "application/json"}
    assert http.post("/probe/body", content=sent, headers=headers).status_code == 200


def test_a_route_with_a_measure_of_its_own_is_left_alone(http: httpx.Client):
    sent = b" " * (2 * MAX_BYTES)
    assert http.post("/probe/raw", content=sent).json() == {"bytes": 2 * MAX_BYTES}
    problem(http.post("/probe/rawer", content=sent), 413)


# --- what every answer has --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/probe/open", "/probe/fail/unforeseen", "/nothing", "/health/live", "/metrics"]
)
def test_every_answer_has_security_headers_and_an_id(http: httpx.Client, path: str):
    answer = http.get(path)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize(
    "path",
    [
        "/probe/open", "/probe/stream", "/probe/fail/problem", "/probe/fail/unforeseen",
        "/probe/openapi.json", "/nothing", "/health/live", "/health/ready",
    ],
)  # fmt: skip
def test_head_is_get_without_the_body(http: httpx.Client, path: str):
    get, head = http.get(path), http.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_is_none_of_a_post_and_is_counted_as_what_it_is(http: httpx.Client):
    assert http.head("/probe/body").status_code == 405
    http.head("/probe/open")
    counted = 'method="HEAD",route="/probe/open",service="probe",status="2xx"'
    assert counted in http.get("/metrics").text


def test_a_clients_id_is_kept_and_seen_by_the_route(http: httpx.Client):
    answer = http.get("/probe/log", headers={"X-Request-Id": "ehr-42.a_b"})
    assert answer.headers["x-request-id"] == "ehr-42.a_b"
    assert answer.json() == "ehr-42.a_b"


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, "a\tb", "<script>", "ä"])
def test_an_id_that_is_none_is_replaced(http: httpx.Client, offered: str):
    answer = http.get("/probe/open", headers={b"X-Request-Id": offered.encode()})
    assert len(answer.headers["x-request-id"]) == 36


def test_the_trace_of_the_caller_is_logged_or_one_begins(
    http: httpx.Client, logged: Callable[[], str]
):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = f"00-{trace}-00f067aa0ba902b7-01"
    for headers in ([sent], [sent, sent], [f"00-{PLANTED}"], []):
        http.get("/probe/log", headers=[("traceparent", each) for each in headers])
    first, *others = (json.loads(line) for line in logged().splitlines())
    assert (first["trace_id"], first["service"]) == (trace, "probe")
    assert len({each["trace_id"] for each in others} - {trace}) == 3
    assert PLANTED not in logged()


def test_what_changes_something_is_logged_by_its_route(
    http: httpx.Client, logged: Callable[[], str]
):
    http.get("/probe/open")
    http.post(f"/probe/body?who={PLANTED}", json={"family": PLANTED})
    (line,) = (json.loads(each) for each in logged().splitlines())
    assert (line["event"], line["route"], line["status"]) == (
        "request.answered", "/probe/body", 200,
    )  # fmt: skip
    assert PLANTED not in logged()


# --- health and metrics -----------------------------------------------------------------------


def test_the_process_answers(http: httpx.Client):
    assert http.get("/health/live").json() == {"status": "ok", "service": "probe"}


def test_readiness_says_what_fails(
    http: httpx.Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    assert http.get("/health/ready").json() == {"status": "ok", "service": "probe", "failing": {}}

    def broken() -> str | None:
        raise ValueError(PLANTED)

    checks = {"well": lambda: None, "queue": lambda: "the broker is away", "schema": broken}
    monkeypatch.setitem(app.state._state, "checks", checks)
    answer = http.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["failing"] == {
        "queue": "the broker is away",
        "schema": "could not be checked (ValueError)",
    }


def test_a_database_that_is_away_makes_it_not_ready(
    http: httpx.Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch, port: int
):
    engine = create_engine(
        f"postgresql://role:{PLANTED}@127.0.0.1:{port}/x", pool_size=1, application_name="tests"
    )

    def ask() -> None:
        with engine.connect() as connection:
            connection.execute(text("select 1"))

    monkeypatch.setitem(app.state._state, "checks", {"database": ask})
    answer = http.get("/health/ready")
    assert answer.json()["failing"] == {
        "database": "the database: it cannot be reached (OperationalError)"
    }
    assert PLANTED not in answer.text


def test_what_hangs_is_told_and_holds_up_nobody(
    http: httpx.Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.asking.ANSWERS_WITHIN", 0.2)
    over = threading.Event()
    gauge = Gauge("probe_depth", "For this test.", ("service",))

    def hang() -> Any:
        over.wait(60)

    def read() -> list[Reading]:
        return [Reading(gauge, ("probe",), 3)]

    sources = (Source("probe", "database", read), Source("probe", "broker", hang))
    monkeypatch.setitem(app.state._state, "checks", {"broker": hang})
    monkeypatch.setitem(app.state._state, "sources", sources)
    try:
        assert "no answer within" in http.get("/health/ready").json()["failing"]["broker"]
        shown = http.get("/metrics").text
    finally:
        over.set()
    assert 'probe_depth{service="probe"} 3.0' in shown
    assert 'kersey_up{service="probe",source="database"} 1.0' in shown
    assert 'kersey_up{service="probe",source="broker"} 0.0' in shown
    assert "kersey_http_request_seconds_bucket" in shown, "what is counted here is always shown"


def test_workers_run_while_the_app_does_and_a_dead_one_is_told(monkeypatch: pytest.MonkeyPatch):
    settings = ServiceSettings(database_url="postgresql://unused/unused", environment="test")
    app = service_app(settings, name="probe", title="Probe", routers=[], workers=[Loop()])
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as http:
        assert app.state.workers.alive() == {"probe.loop": True}
        assert http.get("/health/ready").status_code == 200
        app.state.workers.stop()
        answer = http.get("/health/ready")
        assert answer.json()["failing"] == {"probe.loop": "the worker is not running"}
    assert app.state.workers.alive() == {"probe.loop": False}


def test_requests_are_counted_by_route_and_not_by_address(http: httpx.Client):
    http.get(f"/probe/fail/words?who={PLANTED}")
    http.get(f"/{PLANTED}")
    http.request("PLANTED", "/probe/open")
    metrics = http.get("/metrics").text
    assert 'route="/probe/fail/{how}",service="probe",status="4xx"' in metrics
    assert 'route="unmatched"' in metrics
    assert 'method="other"' in metrics
    assert "planted" not in metrics.lower()


def test_the_interface_is_described_where_it_stands(http: httpx.Client):
    assert "/probe/body" in http.get("/probe/openapi.json").json()["paths"]
    problem(http.get("/docs"), 404)
