"""whose a Subscription is, by client, and what the issuer last said of that client."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REGISTERED = """
UPDATE subscription_state s SET client = last.client_id
FROM (
  SELECT DISTINCT ON (record) record, client_id FROM audit_entry
  WHERE record LIKE 'Subscription/%' AND action IN ('create', 'put', 'patch')
  ORDER BY record, position DESC
) last
WHERE last.record = 'Subscription/' || s.id
"""


def upgrade() -> None:
    op.create_table(
        "known_client",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_known_client")),
    )
    op.add_column("subscription_state", sa.Column("client", sa.String(), nullable=True))
    op.add_column(
        "subscription_state",
        sa.Column("scopes", postgresql.JSONB(none_as_null=True), nullable=True),
    )
    op.create_index(
        op.f("ix_subscription_state_client"), "subscription_state", ["client"], unique=False
    )
    op.execute(REGISTERED)


def downgrade() -> None:
    op.drop_index(op.f("ix_subscription_state_client"), table_name="subscription_state")
    op.drop_column("subscription_state", "scopes")
    op.drop_column("subscription_state", "client")
    op.drop_table("known_client")
