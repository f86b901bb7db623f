"""first visits, each an Appointment."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "first_visit",
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("appointment", sa.String(length=64), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("set_by", sa.String(length=100), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_first_visit_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_first_visit_task_case_task")
        ),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_first_visit")),
    )
    op.create_index(op.f("ix_first_visit_case"), "first_visit", ["case"])


def downgrade() -> None:
    op.drop_table("first_visit")
