import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from deploy.web_server import PortTaken, ended_by_signals, listen

PROGRAM = """
import sys
from fastapi import FastAPI, Request
from deploy.web_server import ended_by_signals, listen, serve
app = FastAPI()

@app.get("/held")
def held():
    print("held", flush=True)
    return sys.stdin.readline()

@app.get("/peer")
def peer(request: Request):
    return request.client.host

try:
    with ended_by_signals(), listen("127.0.0.1", 0) as listener:
        serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
finally:
    print("cleaned up", flush=True)
"""


STUCK = """
import threading
from fastapi import APIRouter
from deploy import web_server
from shared.fhir.http import refused
from shared.service import service_app
from shared.settings import ServiceSettings

web_server.FINISH_WITHIN = 1
router, released = APIRouter(), threading.Event()

@router.post("/probe/stuck")
@router.post("/fhir/stuck")
def stuck() -> None:
    print("stuck", flush=True)
    released.wait(30)

app = service_app(
    ServiceSettings(database_url="postgresql://unused/unused"),
    name="probe", title="Probe", routers=[router], words_refusals={"/fhir": refused},
)
with web_server.listen("127.0.0.1", 0) as listener:
    web_server.serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
released.set()
"""


FOLLOWED = """
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from asyncio import Event
from deploy.web_server import listen, serve
from shared.stopping import stopping_of, unless_stopping
app = FastAPI()

@app.get("/followed")
async def followed(request: Request):
    async def told():
        yield "begun\\n"
        assert await unless_stopping(Event().wait(), stopping_of(request.scope)) is None
        yield "ended by itself\\n"
    return StreamingResponse(told())

with listen("127.0.0.1", 0) as listener:
    serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
"""


def test_a_stop_ends_answers_that_go_on_until_their_reader_leaves():
    process = subprocess.Popen([sys.executable, "-c", FOLLOWED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}/followed"
    with httpx.stream("GET", url, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "begun"
        process.send_signal(signal.SIGTERM)
        assert list(lines) == ["ended by itself"], "and was not cut off"
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_taken_port_is_told_in_words(port):
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(PortTaken, match=rf"port {port} .* PORT=8001"),
    ):
        listen("127.0.0.1", port)


def test_the_server_believes_no_header_about_where_a_request_comes_from():
    """Which proxies speak for whom is KERSEY_TRUSTED_PROXIES' to say, not the server's."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    try:
        header = {"X-Forwarded-For": "203.0.113.1"}
        peer = httpx.get(f"http://127.0.0.1:{port}/peer", headers=header, timeout=60).json()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert peer == "127.0.0.1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_requests_finish_and_ends_the_process_in_order(number):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(httpx.get, f"{url}/held", timeout=60)
        assert process.stdout.readline() == "held\n"
        process.send_signal(number)
        until_refused(url)
        process.stdin.write("finished\n")
        assert held.result().json() == "finished\n"
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("cleaned up\n", 0)


def test_a_request_that_a_stop_does_not_wait_for_is_told_so_in_the_form_that_is_read_there():
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    with ThreadPoolExecutor(2) as pool:
        stuck = [
            pool.submit(httpx.post, f"{url}/{where}/stuck", timeout=60)
            for where in ("probe", "fhir")
        ]
        assert [process.stdout.readline() for _ in stuck] == ["stuck\n"] * 2
        process.send_signal(signal.SIGTERM)
        problem, outcome = (each.result() for each in stuck)
    _, logged = process.communicate(timeout=60)
    for answer in (problem, outcome):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "It may have been done all the same" in answer.text
        assert answer.headers["x-request-id"]
    assert problem.headers["content-type"] == "application/problem+json"
    assert outcome.json()["resourceType"] == "OperationOutcome"
    assert process.returncode == 0
    assert "Traceback" not in logged


def until_refused(url):
    """Wait until nobody listens there any more."""
    with suppress(httpx.HTTPError):
        while httpx.get(f"{url}/", timeout=60).status_code:
            pass


def test_a_signal_before_the_server_runs_cleans_up_too():
    with pytest.raises(SystemExit, match="143"), ended_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)


SWALLOWING = """
import os, signal
from deploy.web_server import ended_by_signals

class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})

try:
    with ended_by_signals() as heed:
        heed()
        Swallows()
        print("goes on", flush=True)
        heed()
        print("is not heeded", flush=True)
finally:
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", -signal.SIGINT), ("SIGTERM", 143)])
def test_an_order_to_stop_that_python_threw_away_is_heeded_later(name: str, code: int):
    program = [sys.executable, "-c", SWALLOWING.format(name=name)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.split("\n")[:-1] == ["goes on", "cleaned up"]
    assert ended.returncode == code
