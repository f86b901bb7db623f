"""announcements: what a hub tells its link workers and the staff of its providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index("ix_announcement_hub", "announcement", ["hub", "state", "last_day"])
    op.create_table(
        "announcement_act",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("announcement", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement"],
            ["announcement.id"],
            name=op.f("fk_announcement_act_announcement"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_announcement_act")),
    )
    op.create_index(
        "ix_announcement_act_announcement", "announcement_act", ["announcement", "position"]
    )
    op.create_table(
        "announcement_read",
        sa.Column("announcement", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(length=100), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement"],
            ["announcement.id"],
            name=op.f("fk_announcement_read_announcement"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("announcement", "reader", name=op.f("pk_announcement_read")),
    )
    op.create_table(
        "announcement_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), server_default="queued", nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cut_off", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unwanted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("leased_by", sa.String(length=100), nullable=True),
        sa.Column("traceparent", sa.String(length=55), nullable=True),
        sa.Column("last_error", sa.String(length=60), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announcement", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("contact", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown',"
            " 'bounced')",
            name=op.f("ck_announcement_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["announcement"],
            ["announcement.id"],
            name=op.f("fk_announcement_delivery_announcement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact"], ["contact.id"], name=op.f("fk_announcement_delivery_contact")
        ),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["digest_delivery.id"],
            name=op.f("fk_announcement_delivery_digest"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_delivery")),
    )
    for name, columns in (("due", ["due", "position"]), ("order", ["order_key", "position"])):
        op.create_index(
            f"ix_announcement_delivery_{name}",
            "announcement_delivery",
            columns,
            unique=False,
            postgresql_where=sa.text("due IS NOT NULL"),
        )
    op.create_index(
        "ix_announcement_delivery_announcement", "announcement_delivery", ["announcement"]
    )
    op.create_index(
        "ix_announcement_delivery_digest",
        "announcement_delivery",
        ["digest"],
        postgresql_where=sa.text("digest is not null"),
    )
    op.create_table(
        "announcement_delivery_attempt",
        sa.Column("announcement_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_delivery_id"],
            ["announcement_delivery.id"],
            name=op.f("fk_announcement_delivery_attempt_announcement_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "announcement_delivery_id", "number", name=op.f("pk_announcement_delivery_attempt")
        ),
    )


def downgrade() -> None:
    op.drop_table("announcement_delivery_attempt")
    op.drop_table("announcement_delivery")
    op.drop_table("announcement_read")
    op.drop_table("announcement_act")
    op.drop_table("announcement")
