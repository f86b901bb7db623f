"""messages of the Booking and Referral Standard, and what their senders are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
UNDER_WAY = sa.text("due IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "bars_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("correlation", sa.Uuid(), nullable=False),
        sa.Column("bundle", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("service_request", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("focus", sa.String(length=255), nullable=False),
        sa.Column("documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sender", sa.String(length=100), nullable=True),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("sent", INSTANT, nullable=True),
        sa.Column("received", INSTANT, nullable=False),
        sa.Column("undelivered", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bars_message")),
        sa.UniqueConstraint("organisation", "request", name="uq_bars_message_request"),
    )
    op.create_index("ix_bars_message_focus", "bars_message", ["organisation", "focus"])
    op.create_index(op.f("ix_bars_message_service_request"), "bars_message", ["service_request"])
    op.create_table(
        "bars_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), server_default="queued", nullable=False),
        sa.Column("due", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cut_off", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unwanted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("leased_by", sa.String(length=100), nullable=True),
        sa.Column("traceparent", sa.String(length=55), nullable=True),
        sa.Column("last_error", sa.String(length=60), nullable=True),
        sa.Column("created", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown')",
            name=op.f("ck_bars_delivery_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bars_delivery")),
    )
    for name, first in (("due", "due"), ("order", "order_key")):
        op.create_index(
            f"ix_bars_delivery_{name}",
            "bars_delivery",
            [first, "position"],
            postgresql_where=UNDER_WAY,
        )
    op.create_table(
        "bars_delivery_attempt",
        sa.Column("bars_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("started", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["bars_delivery_id"],
            ["bars_delivery.id"],
            name=op.f("fk_bars_delivery_attempt_bars_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "bars_delivery_id", "number", name=op.f("pk_bars_delivery_attempt")
        ),
    )


def downgrade() -> None:
    op.drop_table("bars_delivery_attempt")
    op.drop_table("bars_delivery")
    op.drop_table("bars_message")
