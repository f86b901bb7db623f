"""the message back to the GP: what practices want, what was agreed, each message."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column(
        "worklist", sa.Column("gp_to_do", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_table(
        "practice_wish",
        sa.Column("practice", sa.String(length=12), nullable=False),
        sa.Column("first_outcome", sa.Boolean(), nullable=False),
        sa.Column("closure", sa.Boolean(), nullable=False),
        sa.Column("safety", sa.Boolean(), nullable=False),
        sa.Column("route", sa.String(length=10), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice"], ["practice.ods_code"], name=op.f("fk_practice_wish_practice")
        ),
        sa.PrimaryKeyConstraint("practice", name=op.f("pk_practice_wish")),
    )
    op.create_table(
        "gp_sharing",
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("items", JSONB, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("given", INSTANT, nullable=False),
        sa.Column("withdrawn", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["case"], ["referral_case.id"], name=op.f("fk_gp_sharing_case")),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_gp_sharing")),
    )
    op.create_table(
        "gp_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("practice", sa.String(length=12), nullable=False),
        sa.Column("route", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("words", JSONB, nullable=False),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("itk_id", sa.Uuid(), nullable=False),
        sa.Column("mesh_id", sa.String(length=60), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made", INSTANT, nullable=False),
        sa.Column("changed", INSTANT, nullable=False),
        sa.Column("sent", INSTANT, nullable=True),
        sa.Column("posted_by", sa.String(), nullable=True),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["referral_case.id"], name=op.f("fk_gp_message_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gp_message")),
        sa.UniqueConstraint("case", "kind", "cause", name=op.f("uq_gp_message_case_kind_cause")),
    )
    op.create_index("ix_gp_message_case", "gp_message", ["case"])
    op.create_index("ix_gp_message_itk_id", "gp_message", ["itk_id"])
    op.create_index("ix_gp_message_mesh_id", "gp_message", ["mesh_id"])
    _deliveries()


def downgrade() -> None:
    for table in (
        "gp_delivery_attempt",
        "gp_delivery",
        "gp_message",
        "gp_sharing",
        "practice_wish",
    ):
        op.drop_table(table)
    op.drop_column("worklist", "gp_to_do")


def _deliveries() -> None:
    op.create_table(
        "gp_delivery",
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
            name=op.f("ck_gp_delivery_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gp_delivery")),
    )
    for name, columns in (("due", ["due", "position"]), ("order", ["order_key", "position"])):
        op.create_index(
            f"ix_gp_delivery_{name}",
            "gp_delivery",
            columns,
            postgresql_where=sa.text("due IS NOT NULL"),
        )
    op.create_table(
        "gp_delivery_attempt",
        sa.Column("gp_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("started", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["gp_delivery_id"],
            ["gp_delivery.id"],
            name=op.f("fk_gp_delivery_attempt_gp_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("gp_delivery_id", "number", name=op.f("pk_gp_delivery_attempt")),
    )
