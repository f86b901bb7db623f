"""limits of hubs, and closing days of providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_limits",
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hub", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("hub", name=op.f("pk_hub_limits")),
    )
    op.create_table(
        "closed_party",
        sa.Column("closed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("party", name=op.f("pk_closed_party")),
    )


def downgrade() -> None:
    op.drop_table("closed_party")
    op.drop_table("hub_limits")
