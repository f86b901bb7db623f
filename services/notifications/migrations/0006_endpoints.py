"""how webhooks fare, and messages about how somebody is reached."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoint",
        sa.Column("contact", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_for", sa.String(length=60), nullable=True),
        sa.Column("off_by", sa.String(length=100), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact"], ["contact.id"], name=op.f("fk_endpoint_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact", name=op.f("pk_endpoint")),
    )
    op.create_table(
        "contact_delivery",
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
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("contact", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown')",
            name=op.f("ck_contact_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["about"], ["contact.id"], name=op.f("fk_contact_delivery_about")),
        sa.ForeignKeyConstraint(
            ["contact"], ["contact.id"], name=op.f("fk_contact_delivery_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_delivery")),
    )
    for name, columns in (("due", ["due", "position"]), ("order", ["order_key", "position"])):
        op.create_index(
            f"ix_contact_delivery_{name}",
            "contact_delivery",
            columns,
            unique=False,
            postgresql_where=sa.text("due IS NOT NULL"),
        )
    op.create_index("ix_contact_delivery_about", "contact_delivery", ["about"], unique=False)
    op.create_table(
        "contact_delivery_attempt",
        sa.Column("contact_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column(
            "started", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_delivery_id"],
            ["contact_delivery.id"],
            name=op.f("fk_contact_delivery_attempt_contact_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "contact_delivery_id", "number", name=op.f("pk_contact_delivery_attempt")
        ),
    )


def downgrade() -> None:
    op.drop_table("contact_delivery_attempt")
    op.drop_table("contact_delivery")
    op.drop_table("endpoint")
