import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from deploy.web_server import PortTaken, ended_by_signals, listen

PROGRAM = """
import sys
from fastapi import FastAPI
from deploy.web_server import ended_by_signals, listen, serve
app = FastAPI()
try:
    with ended_by_signals(), listen("127.0.0.1", 0) as listener:
        serve(app, listener, lambda: print(listener.getsockname()[1], flush=True))
finally:
    print("cleaned up", flush=True)
"""


def test_a_taken_port_is_told_in_words(port):
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(PortTaken, match=rf"port {port} .* PORT=8001"),
    ):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_with_its_clean_up(number):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    assert rest == "cleaned up\n"


def test_a_signal_before_the_server_runs_cleans_up_too():
    with pytest.raises(SystemExit, match="143"), ended_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
