"""headers and keys of Endpoints, and of those contained elsewhere, are no part of what is read."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.fhir.json import dumps, parse_json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MASK = "********"
ACCOUNT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def upgrade() -> None:
    op.create_table(
        "endpoint_secret",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint_secret")),
    )
    connection = op.get_bind()
    for table in ("document", "document_version"):
        found = connection.execute(
            sa.text(
                f"SELECT pk, version, body FROM {table}"  # noqa: S608 - constants
                " WHERE type = 'Endpoint' AND body <> ''"
                " OR body LIKE '%\"contained\"%'"
                " AND (body LIKE '%\"Endpoint\"%' OR body LIKE '%\"Subscription\"%')"
            )
        )
        for row in found.all():
            body = parse_json(row.body.encode())
            whole = dumps(body)
            kept = mask(body)
            for each in body.get("contained", ()):
                mask(each)
            masked = dumps(body)
            if masked == whole:
                continue
            connection.execute(
                sa.text(
                    f"UPDATE {table} SET body = :body"  # noqa: S608 - constants
                    " WHERE pk = :pk AND version = :version"
                ),
                {"body": masked.decode(), "pk": row.pk, "version": row.version},
            )
            if table == "document" and kept is not None:
                connection.execute(
                    sa.text(
                        "INSERT INTO endpoint_secret (id, address, headers)"
                        " VALUES (:id, :address, CAST(:headers AS jsonb))"
                    ),
                    {"id": body["id"], **kept},
                )


def mask(resource: dict[str, Any]) -> dict[str, str] | None:
    """Mask an Endpoint or a Subscription; of an Endpoint, what is to be kept."""
    if resource.get("resourceType") == "Subscription":
        mask_members(resource.get("channel", {}), "endpoint")
    if resource.get("resourceType") != "Endpoint":
        return None
    kept = {
        "address": str(resource.get("address", "")),
        "headers": dumps([line for line in resource.get("header", ()) if line]).decode(),
    }
    mask_members(resource, "address")
    return kept


def mask_members(where: dict[str, Any], address: str) -> None:
    if address in where:
        where[address] = masked_address(str(where[address]))
    if "header" in where:
        where["header"] = [line and masked_line(str(line)) for line in where["header"]]


def masked_line(line: str) -> str:
    name, colon, _ = line.partition(":")
    return f"{name}: {MASK}" if colon else MASK


def masked_address(address: str) -> str:
    base, mark, query = ACCOUNT.sub(rf"\g<1>{MASK}@", address).partition("?")
    if not query:
        before, number_sign, fragment = base.partition("#")
        return before + number_sign + (MASK if fragment else "") + mark
    names = (part.partition("=")[:2] for part in query.split("&"))
    return base + mark + "&".join(f"{name}={MASK}" if sign else MASK for name, sign in names)


def downgrade() -> None:
    """Masks stay: what they stand for is gone with the table."""
    op.drop_table("endpoint_secret")
