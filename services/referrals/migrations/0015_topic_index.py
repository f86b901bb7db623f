"""Subscriptions are looked for by what they are of, at each write of a type without a topic."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Few rows: written to only when somebody subscribes."""
    op.create_index(op.f("ix_subscription_state_topic"), "subscription_state", ["topic"])


def downgrade() -> None:
    """Without it they are looked through."""
    op.drop_index(op.f("ix_subscription_state_topic"), table_name="subscription_state")
