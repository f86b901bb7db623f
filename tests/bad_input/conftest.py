"""The services for the whole run; after each test it is checked that nothing was stored or told."""

import io
import logging
import sys
from collections.abc import Iterator, Mapping

import httpx
import pytest
from sqlalchemy import Engine

from shared.logging import configure
from tests.bad_input.door import Door, all_services
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.printing import print_past_python


@pytest.fixture(scope="session")
def services(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Mapping[str, Engine]]]:
    with (
        postgres_server.databases() as new,
        all_services(new, tmp_path_factory.mktemp("mail")) as running,
    ):
        yield running


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error, with the logs of every level and of every library."""
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", written)
        configure("DEBUG")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    print_past_python()


@pytest.fixture(scope="session")
def http(services: tuple[str, Mapping[str, Engine]]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=services[0], timeout=60) as client:
        yield client


@pytest.fixture
def door(
    services: tuple[str, Mapping[str, Engine]], http: httpx.Client, log: io.StringIO
) -> Iterator[Door]:
    made = Door(http, services[1], log)
    made.stored_now()
    yield made
    made.check()
