"""the plan of a case: measures, goals, next steps, signposting, and who of the team has it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _of_case(table: str) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    key = op.f(f"fk_{table}_case_referral_case")
    return (
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["referral_case.id"], name=key),
    )


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    op.add_column("referral_case", sa.Column("allocated_to", sa.String(length=64), nullable=True))
    op.add_column("worklist", sa.Column("allocated_to", sa.String(length=64), nullable=True))
    op.add_column(
        "contact_attempt",
        sa.Column("next_step", sa.String(), server_default="", nullable=False),
    )
    op.add_column("contact_attempt", sa.Column("next_on", sa.Date(), nullable=True))
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_of_case("review"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("filled_in", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        _words("language"),
        _words("wanted"),
        _words("changed"),
        _words("harm"),
        _words("recorded_by"),
        _instant("recorded"),
        _instant("struck", nullable=True),
        sa.Column("struck_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_case"), "review", ["case"])
    op.create_table(
        "measure",
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("review", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.String(length=20), nullable=False),
        *_of_case("measure"),
        sa.Column("not_asked", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["review"], ["review.id"], name=op.f("fk_measure_review_review")),
        sa.PrimaryKeyConstraint("review", "instrument", name=op.f("pk_measure")),
    )
    op.create_index(op.f("ix_measure_case"), "measure", ["case"])
    op.create_table(
        "goal",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_of_case("goal"),
        _words("words"),
        sa.Column("by_when", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        _words("came"),
        _words("recorded_by"),
        _instant("recorded"),
        _instant("settled", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal")),
    )
    op.create_index(op.f("ix_goal_case"), "goal", ["case"])
    op.create_table(
        "goal_action",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("goal", sa.Uuid(), nullable=False),
        *_of_case("goal_action"),
        _words("words"),
        sa.Column("who", sa.String(length=20), nullable=False),
        sa.Column("by_when", sa.Date(), nullable=True),
        _instant("recorded"),
        _instant("done", nullable=True),
        sa.ForeignKeyConstraint(["goal"], ["goal.id"], name=op.f("fk_goal_action_goal_goal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal_action")),
    )
    op.create_index(op.f("ix_goal_action_case"), "goal_action", ["case"])
    op.create_index(op.f("ix_goal_action_goal"), "goal_action", ["goal"])
    op.create_table(
        "signpost",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_of_case("signpost"),
        sa.Column("service", sa.Uuid(), nullable=False),
        _words("made_by"),
        _instant("made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signpost")),
    )
    op.create_index(op.f("ix_signpost_case"), "signpost", ["case"])
    op.create_index(op.f("ix_signpost_service"), "signpost", ["service"])


def downgrade() -> None:
    for table in ("signpost", "goal_action", "goal", "measure", "review"):
        op.drop_table(table)
    for column in ("next_on", "next_step"):
        op.drop_column("contact_attempt", column)
    op.drop_column("worklist", "allocated_to")
    op.drop_column("referral_case", "allocated_to")
