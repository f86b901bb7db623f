"""queries in the addresses of Subscriptions are no part of what is read."""

import sqlalchemy as sa
from alembic import op

from shared.fhir.json import dumps, parse_json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MASK = "********"


def upgrade() -> None:
    connection = op.get_bind()
    for table in ("document", "document_version"):
        found = connection.execute(
            sa.text(
                f"SELECT pk, version, body FROM {table}"  # noqa: S608 - constants
                " WHERE type = 'Subscription' AND body LIKE '%?%'"
            )
        )
        for row in found.all():
            body = parse_json(row.body.encode())
            channel = body.get("channel", {})
            if "?" not in str(channel.get("endpoint", "")):
                continue
            channel["endpoint"] = masked(str(channel["endpoint"]))
            connection.execute(
                sa.text(
                    f"UPDATE {table} SET body = :body"  # noqa: S608 - constants
                    " WHERE pk = :pk AND version = :version"
                ),
                {"body": dumps(body).decode(), "pk": row.pk, "version": row.version},
            )


def masked(address: str) -> str:
    base, mark, query = address.partition("?")
    names = (part.partition("=")[:2] for part in query.split("&") if query)
    return base + mark + "&".join(f"{name}={MASK}" if sign else MASK for name, sign in names)


def downgrade() -> None:
    """Nothing: what is used is in `subscription_state`."""
