"""Schema migrations: one Alembic environment, a version folder per service."""

from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from shared.database import psycopg_url


def configuration(service: str, url: str) -> Config:
    """Alembic's configuration for one service.

    Args:
        service: the service's folder name under `services/`.
        url: its database.

    Raises:
        ModuleNotFoundError: there is no such service.
    """
    home = Path(str(files(import_module(f"services.{service}"))))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(home / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.attributes["url"] = psycopg_url(url)
    config.attributes["metadata"] = import_module(f"services.{service}.tables").schema()
    return config


def migrate(service: str, url: str) -> None:
    """Bring one service's database to the schema of this code. Safe to run twice, or at once."""
    command.upgrade(configuration(service, url), "head")


def schema_fault(service: str, engine: Engine) -> str | None:
    """Why the database does not fit this code, in words; None when it does.

    A database that is ahead is fine: code N runs on schema N + 1.
    """
    known, head = _revisions(service)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return "the database has no tables yet: run `kersey migrate`"
    if current in known and current != head:
        return "the database is on an older schema: run `kersey migrate`"
    return None


@cache
def _revisions(service: str) -> tuple[frozenset[str], str | None]:
    """The revisions that this code knows, and the newest. They are files: read once."""
    scripts = ScriptDirectory.from_config(configuration(service, "postgresql://"))
    return frozenset(each.revision for each in scripts.walk_revisions()), scripts.get_current_head()
