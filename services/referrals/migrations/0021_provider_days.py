"""registers of meetings, and what a provider and a team write to each other."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_mark",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mark", sa.String(length=20), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.Column("marked", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_attendance_mark_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_attendance_mark_task_case_task")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attendance_mark")),
    )
    op.create_index(op.f("ix_attendance_mark_case"), "attendance_mark", ["case"])
    op.create_index("ix_attendance_mark_task_day", "attendance_mark", ["task", "day", "position"])
    op.create_table(
        "request_message",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_request_message_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_request_message_task_case_task")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_request_message")),
    )
    op.create_index(op.f("ix_request_message_case"), "request_message", ["case"])
    op.create_index(op.f("ix_request_message_task"), "request_message", ["task"])
    op.create_table(
        "request_feedback",
        sa.Column("points", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("good", sa.String(length=10), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_request_feedback_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_request_feedback_task_case_task")
        ),
        sa.PrimaryKeyConstraint("task", "side", name=op.f("pk_request_feedback")),
    )
    op.create_index(op.f("ix_request_feedback_case"), "request_feedback", ["case"])


def downgrade() -> None:
    op.drop_table("request_feedback")
    op.drop_table("request_message")
    op.drop_table("attendance_mark")
