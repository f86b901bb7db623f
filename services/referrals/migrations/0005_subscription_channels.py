"""how a subscriber wants to be told: heartbeats, batches, time-outs, a signature, an end."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "subscription_state"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("plain", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(TABLE, sa.Column("max_count", sa.Integer(), server_default="1", nullable=False))
    op.add_column(TABLE, sa.Column("heartbeat_seconds", sa.Integer(), nullable=True))
    op.add_column(TABLE, sa.Column("timeout_seconds", sa.Integer(), nullable=True))
    op.add_column(TABLE, sa.Column("secret", sa.String(), nullable=True))
    op.add_column(TABLE, sa.Column("ends", INSTANT, nullable=True))
    op.add_column(TABLE, sa.Column("beat_due", INSTANT, nullable=True))
    op.add_column(TABLE, sa.Column("error", sa.String(length=60), nullable=True))


def downgrade() -> None:
    for column in (
        "error",
        "beat_due",
        "ends",
        "secret",
        "timeout_seconds",
        "heartbeat_seconds",
        "max_count",
        "plain",
    ):
        op.drop_column(TABLE, column)
