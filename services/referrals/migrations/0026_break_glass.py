"""cases that were opened in an emergency, why, by whom, and who looked at that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column(
            "reads", postgresql.ARRAY(INSTANT), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("team", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("opened_by_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("opened", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("closed", INSTANT, nullable=True),
        sa.Column("looked", INSTANT, nullable=True),
        sa.Column("looked_by", sa.String(length=100), nullable=False),
        sa.Column("looked_by_name", sa.String(length=200), nullable=False),
        sa.Column("found", sa.String(length=20), nullable=False),
        sa.Column("came", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_break_glass_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["hub"], ["place_hub.code"], name=op.f("fk_break_glass_hub_place_hub")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_index(op.f("ix_break_glass_case"), "break_glass", ["case"])
    op.create_index("ix_break_glass_hub_opened", "break_glass", ["hub", "opened"])
    op.create_index(
        "ix_break_glass_team_to_look_at",
        "break_glass",
        ["team"],
        postgresql_where=sa.text("looked IS NULL"),
    )
    op.create_index(
        "uq_break_glass_account_open",
        "break_glass",
        ["account"],
        unique=True,
        postgresql_where=sa.text("closed IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("break_glass")
