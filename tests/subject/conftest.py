"""A whole Kersey, on each broker in turn."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from shared.logging import configure
from shared.messaging.rabbit import RabbitBroker
from tests.infrastructure.homes import new_home
from tests.infrastructure.printing import print_past_python
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.subject.living import Living, living


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the embedded server's account may pass through, unlike pytest's own."""
    path = new_home("subject")
    yield path
    rmtree(path, ignore_errors=True)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """All that was logged, at the most talkative level."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    configure("DEBUG")
    yield written.getvalue
    root.handlers[:] = handlers
    root.setLevel(level)
    print_past_python()


@pytest.fixture
def small(home: Path) -> Iterator[Living]:
    """A running Kersey on the embedded broker."""
    with living(home / "data") as running:
        yield running


@pytest.fixture(params=["embedded", "rabbit"])
def kersey(
    request: pytest.FixtureRequest, home: Path, logged: Callable[[], str]
) -> Iterator[Living]:
    """A running Kersey."""
    rabbit = None
    if request.param == "rabbit":
        server: RabbitServer = request.getfixturevalue("rabbitmq_server")
        rabbit = RabbitBroker(server.new_vhost())
    with living(home / "data", rabbit) as running:
        yield running
