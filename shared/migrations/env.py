"""Alembic's environment for every service; told which by `shared.migrate.configuration`."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from sqlmodel import AutoString

LOCK = 0x4B65727365  # "Kerse": two replicas that migrate at once take turns


def plain(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Write SQLModel's string type as the plain one, so that a migration needs no model."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=context.config.attributes["metadata"],
            compare_server_default=False,
            render_item=plain,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
