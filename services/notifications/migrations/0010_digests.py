"""several messages to one contact in one, once a day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "digest_delivery",
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
        sa.Column(
            "created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("contact", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown',"
            " 'bounced')",
            name=op.f("ck_digest_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["contact"], ["contact.id"], name=op.f("fk_digest_delivery_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_delivery")),
    )
    for name, columns in (("due", ["due", "position"]), ("order", ["order_key", "position"])):
        op.create_index(
            f"ix_digest_delivery_{name}",
            "digest_delivery",
            columns,
            unique=False,
            postgresql_where=sa.text("due IS NOT NULL"),
        )
    op.create_table(
        "digest_delivery_attempt",
        sa.Column("digest_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column(
            "started", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest_delivery_id"],
            ["digest_delivery.id"],
            name=op.f("fk_digest_delivery_attempt_digest_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "digest_delivery_id", "number", name=op.f("pk_digest_delivery_attempt")
        ),
    )
    op.add_column("delivery", sa.Column("digest", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_delivery_digest"),
        "delivery",
        "digest_delivery",
        ["digest"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_delivery_digest",
        "delivery",
        ["digest"],
        unique=False,
        postgresql_where=sa.text("digest is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_digest", table_name="delivery")
    op.drop_constraint(op.f("fk_delivery_digest"), "delivery", type_="foreignkey")
    op.drop_column("delivery", "digest")
    op.drop_table("digest_delivery_attempt")
    op.drop_table("digest_delivery")
