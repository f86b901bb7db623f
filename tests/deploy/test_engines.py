"""Whose statements the database gives up, and whose may take their time."""

import shutil
from contextlib import suppress
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from deploy import engines
from deploy.data_folder import DataFolder
from deploy.embedded import all_in_one
from shared.database import create_engine
from tests.deploy.test_cli import kersey
from tests.infrastructure.homes import new_home
from tests.infrastructure.postgres import NewDatabase


def limit(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("show statement_timeout")).scalar_one())


def test_only_who_answers_requests_has_a_limit(database: NewDatabase) -> None:
    for seconds, shown in ((None, "0"), (2.5, "2500ms")):
        engine = create_engine(
            database(), pool_size=1, application_name="tests", statement_seconds=seconds
        )
        assert limit(engine) == shown
        engine.dispose()


@pytest.mark.parametrize(
    ("command", "seconds"), [("serve identity", 2.5), ("clients services", None)]
)
def test_a_web_process_has_that_of_its_settings_and_a_command_none(
    command: str, seconds: float | None
) -> None:
    with (
        mock.patch.object(engines, "create_engine", wraps=create_engine) as made,
        mock.patch("deploy.web_server.serve"),
        mock.patch("shared.logging.configure"),
        suppress(OperationalError),  # there is no database
    ):
        kersey(
            *command.split(),
            KERSEY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
            KERSEY_KEY_ENCRYPTION_KEY=Fernet.generate_key().decode(),
            KERSEY_SERVICE_SECRET__NOTIFICATIONS="n" * 40,
            KERSEY_SERVICE_SECRET__PORTAL="p" * 40,
            KERSEY_SERVICE_SECRET__PORTAL_SIGN_IN="s" * 40,
            KERSEY_STATEMENT_SECONDS="2.5",
        )
    assert made.call_args.kwargs["statement_seconds"] == seconds


@pytest.mark.slow
def test_all_in_one_has_one_too() -> None:
    home = new_home("engines")
    try:
        with (
            DataFolder(home / "data", "engines") as folder,
            all_in_one(folder, "http://127.0.0.1:1", statement_seconds=2.5) as house,
        ):
            assert {limit(engine) for engine in house.engines.values()} == {"2500ms"}
    finally:
        shutil.rmtree(home, ignore_errors=True)
