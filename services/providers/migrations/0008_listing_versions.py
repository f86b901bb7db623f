"""versions of listings, and what is done with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing_act",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_listing_act")),
    )
    op.create_index("ix_listing_act_subject", "listing_act", ["subject", "position"])
    op.create_table(
        "listing_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.String(length=40), nullable=True),
        sa.Column("listing", postgresql.JSONB(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("publish_from", sa.Date(), nullable=True),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('service', 'organization')", name=op.f("ck_listing_version_kind")
        ),
        sa.ForeignKeyConstraint(["hub"], ["hub.code"], name=op.f("fk_listing_version_hub")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_version")),
    )
    op.create_index(
        "ix_listing_version_subject", "listing_version", ["subject", "number"], unique=True
    )
    op.create_index(
        "ix_listing_version_waiting",
        "listing_version",
        ["hub", "written"],
        postgresql_where=sa.text("state IN ('draft', 'approved')"),
    )
    op.create_index(
        "ix_listing_version_public",
        "listing_version",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )


def downgrade() -> None:
    op.drop_table("listing_version")
    op.drop_table("listing_act")
