"""headers and secrets of Subscriptions are no part of what is read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.fhir.json import dumps, parse_json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MASK = "********"
SIGNED_WITH = "https://kersey.example/fhir/StructureDefinition/notification-secret"


def upgrade() -> None:
    connection = op.get_bind()
    for table in ("document", "document_version"):
        found = connection.execute(
            sa.text(
                f"SELECT pk, version, body FROM {table}"  # noqa: S608 - constants
                " WHERE type = 'Subscription' AND body <> ''"
            )
        )
        for row in found.all():
            body = parse_json(row.body.encode())
            mask(body.get("channel", {}))
            connection.execute(
                sa.text(
                    f"UPDATE {table} SET body = :body"  # noqa: S608 - constants
                    " WHERE pk = :pk AND version = :version"
                ),
                {"body": dumps(body).decode(), "pk": row.pk, "version": row.version},
            )


def mask(channel: dict[str, Any]) -> None:
    if "header" in channel:
        lines = [str(line).partition(":")[0] for line in channel["header"]]
        channel["header"] = [f"{name}: {MASK}" for name in lines]
    for each in channel.get("extension", ()):
        if each.get("url") == SIGNED_WITH:
            each["valueString"] = MASK


def downgrade() -> None:
    """Nothing: what is used is in `subscription_state`."""
