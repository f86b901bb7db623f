"""limits of hubs, and when what was asked of providers is silent and ends."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_task", sa.Column("silent_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_task", sa.Column("closes", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_case_task_closes",
        "case_task",
        ["closes"],
        postgresql_where=sa.text("business = 'awaiting-answer'"),
    )
    op.create_table(
        "hub_limits",
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("hub", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("said_by", sa.String(length=100), nullable=False),
        sa.Column("said_by_name", sa.String(length=200), nullable=False),
        sa.Column("said", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["hub"], ["place_hub.code"], name=op.f("fk_hub_limits_hub_place_hub")
        ),
        sa.PrimaryKeyConstraint("hub", "number", name=op.f("pk_hub_limits")),
    )
    op.create_table(
        "triage_told",
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("team", sa.Uuid(), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_triage_told_task_case_task")
        ),
        sa.PrimaryKeyConstraint("task", "step", "team", name=op.f("pk_triage_told")),
    )


def downgrade() -> None:
    op.drop_table("triage_told")
    op.drop_table("hub_limits")
    op.drop_index("ix_case_task_closes", table_name="case_task")
    op.drop_column("case_task", "closes")
    op.drop_column("case_task", "silent_from")
