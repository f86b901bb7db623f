"""messages to persons, their links, and when a person is expected first."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_delivery",
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
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'failed', 'superseded', 'unknown',"
            " 'bounced')",
            name=op.f("ck_person_delivery_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_delivery")),
    )
    for name, columns in (("due", ["due", "position"]), ("order", ["order_key", "position"])):
        op.create_index(
            f"ix_person_delivery_{name}",
            "person_delivery",
            columns,
            unique=False,
            postgresql_where=sa.text("due IS NOT NULL"),
        )
    op.create_index("ix_person_delivery_case", "person_delivery", ["case"], unique=False)
    op.create_index("ix_person_delivery_task", "person_delivery", ["task"], unique=False)
    op.create_table(
        "person_delivery_attempt",
        sa.Column("person_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column(
            "started", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_delivery_id"],
            ["person_delivery.id"],
            name=op.f("fk_person_delivery_attempt_person_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "person_delivery_id", "number", name=op.f("pk_person_delivery_attempt")
        ),
    )
    op.create_table(
        "person_link",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("task", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column(
            "created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_for", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery"], ["person_delivery.id"], name=op.f("fk_person_link_delivery")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_person_link")),
    )
    op.create_index("ix_person_link_task", "person_link", ["task"], unique=False)
    op.create_index("ix_person_link_case", "person_link", ["case"], unique=False)
    op.create_table(
        "person_session",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["link"],
            ["person_link.hash"],
            name=op.f("fk_person_session_link"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_person_session")),
    )
    op.create_index("ix_person_session_link", "person_session", ["link"], unique=False)
    op.create_table(
        "first_meeting",
        sa.Column("task", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=100), nullable=False),
        sa.Column(
            "changed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_first_meeting")),
    )
    op.create_index("ix_first_meeting_case", "first_meeting", ["case"], unique=False)


def downgrade() -> None:
    op.drop_table("first_meeting")
    op.drop_table("person_session")
    op.drop_table("person_link")
    op.drop_table("person_delivery_attempt")
    op.drop_table("person_delivery")
