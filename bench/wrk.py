"""The load of HTTP: wrk, which takes so little of the machine that it does not measure itself."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("lua") / "requests.lua"


class NoWrk(Exception):
    """wrk is not to be had; the message says how to install it."""


class Refused(Exception):
    """The server did not answer every request with success: its speed at that says nothing."""


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        rate: requests answered per second.
        p50: milliseconds within which half were answered.
        p99: milliseconds within which all but one in a hundred were.
        seconds: how long it lasted.
    """

    rate: float
    p50: float
    p99: float
    seconds: float


def find() -> str:
    """The program; installed from Debian where we are root and it is missing.

    Raises:
        NoWrk: it is neither there nor to be installed.
    """
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True, env=quiet)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"]
        subprocess.run(install, check=False, capture_output=True, env=quiet)
    found = shutil.which("wrk")
    if found is None:
        message = "wrk is not installed (Debian: apt install wrk; macOS: brew install wrk)"
        raise NoWrk(message)
    return found


def run(
    ports: Sequence[int],
    paths: Sequence[str],
    *,
    folder: Path,
    token: str = "",
    method: str = "GET",
    body: str | None = None,
    connections: int = 32,
    seconds: float,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Keep a number of connections busy.

    Parameters:
        ports: of 127.0.0.1; the connections are spread over them.
        paths: one is chosen at random for each request.
        folder: for what wrk is given in files.
        token: a bearer token.
        body: what is sent; `{n}` in it, or in a path, becomes a number of its own each time.
        seconds: for how long.

    Raises:
        Refused: an answer was no success, or a connection broke.
    """
    (folder / "paths").write_text("\n".join(paths) + "\n")
    given = "-"
    if body is not None:
        (folder / "body").write_text(body)
        given = str(folder / "body")
    sent = {"Content-Type": "application/fhir+json"} if body is not None else {}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    threads = min(max(2, len(ports)), connections)
    command = [find(), f"-t{threads}", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s"]
    command += [f"-H{name}: {value}" for name, value in {**sent, **(headers or {})}.items()]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{ports[0]}", "--", method]
    command += [str(folder / "paths"), given, ",".join(map(str, ports)), secrets.token_hex(6)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["refused"] or told["broken"] or not told["requests"]:
        message = f"{method} {paths[0]}: {told}"
        raise Refused(message)
    seconds = told["seconds"]
    return Load(told["requests"] / seconds, told["p50"], told["p99"], seconds)
