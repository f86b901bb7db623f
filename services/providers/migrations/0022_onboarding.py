"""onboarding: providers that a hub brings in, and what was done for that."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('going-on', 'on-hold')")


def upgrade() -> None:
    op.create_table(
        "onboarding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("reach_email", sa.String(length=254), nullable=True),
        sa.Column("reach_phone", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(length=200), nullable=False),
        sa.Column("moved", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("tier BETWEEN 1 AND 3", name=op.f("ck_onboarding_tier")),
        sa.ForeignKeyConstraint(["hub"], ["hub.code"], name=op.f("fk_onboarding_hub_hub")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding")),
    )
    op.create_index(
        "ix_onboarding_provider", "onboarding", ["provider"], unique=True, postgresql_where=_OPEN
    )
    op.create_index(
        "ix_onboarding_name",
        "onboarding",
        ["hub", sa.text("lower(name)")],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_onboarding_state", "onboarding", ["hub", "state", "moved"])
    op.create_table(
        "onboarding_act",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("onboarding", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["onboarding"],
            ["onboarding.id"],
            name=op.f("fk_onboarding_act_onboarding_onboarding"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_onboarding_act")),
    )
    op.create_index("ix_onboarding_act_onboarding", "onboarding_act", ["onboarding", "position"])
    op.create_index("ix_listing_version_owner", "listing_version", ["owner", "written"])


def downgrade() -> None:
    op.drop_index("ix_listing_version_owner", table_name="listing_version")
    op.drop_table("onboarding_act")
    op.drop_table("onboarding")
