"""mails that came back, and addresses that are not used."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("delivery", "listing_delivery", "contact_delivery")
BEFORE = "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown')"
AFTER = "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown', 'bounced')"


def upgrade() -> None:
    op.create_table(
        "unusable_address",
        sa.Column("contact", sa.Uuid(), nullable=False),
        sa.Column("bounces", sa.Integer(), nullable=False),
        sa.Column("bouncing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact"],
            ["contact.id"],
            name=op.f("fk_unusable_address_contact"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact", name=op.f("pk_unusable_address")),
    )
    for table in TABLES:
        _allow(table, AFTER)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"UPDATE {table} SET state = 'failed' WHERE state = 'bounced'")  # noqa: S608
        _allow(table, BEFORE)
    op.drop_table("unusable_address")


def _allow(table: str, states: str) -> None:
    name = op.f(f"ck_{table}_state")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, states)
