"""What the web server itself writes, in a process of its own: lines without values."""

import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import httpx

PLANTED = "Planted-Patient-7731"

PROGRAM = """
import asyncio, sys
from deploy.web_server import listen, serve
from shared import logging

PLANTED = sys.argv[2]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if sys.argv[1] == "start":
            raise ValueError(PLANTED)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/half":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
    raise ValueError(PLANTED)

logging.configure("INFO")
with listen("127.0.0.1", 0) as listener:
    serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
"""


def started(when: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, when, PLANTED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def lines(told: str) -> list[dict[str, Any]]:
    assert PLANTED not in told
    assert told
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def test_an_app_that_fails_is_told_of_by_class_and_place():
    server = started("requests")
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    answer = httpx.get(f"http://127.0.0.1:{port}/{PLANTED}?name={PLANTED}", timeout=30)
    assert answer.status_code == 500
    assert PLANTED not in answer.text
    assert "Traceback" not in answer.text
    with suppress(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{port}/half", timeout=30)
    server.terminate()
    _, told = server.communicate(timeout=30)
    assert "Traceback" not in told
    failures = [line for line in lines(told) if line.get("error") == "ValueError"]
    assert len(failures) == 2
    assert failures[0]["at"][-1].endswith(":app")
    assert failures[0]["logger"] == "uvicorn.error"


def test_a_start_that_fails_is_told_of_by_class():
    server = started("start")
    _, told = server.communicate(timeout=30)
    assert server.returncode != 0
    assert "StartFailed: the start failed" in told  # what `kersey` says in red
    assert "ValueError" in {line.get("error") for line in lines(told)}
