"""What presses on a list: requests that close, agreements that end, cases left lying; worries."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

FILLS = (
    """
    UPDATE worklist SET closes = asked.closes, silent_from = asked.silent_from
    FROM (
        SELECT "case", min(closes) AS closes, min(silent_from) AS silent_from FROM case_task
        WHERE kind = 'provider' AND status = 'requested' AND business = 'awaiting-answer'
        GROUP BY "case"
    ) AS asked
    WHERE asked."case" = worklist."case"
    """,
    """
    UPDATE worklist SET agreement_ends = agreed.ends
    FROM (
        SELECT case_task."case", min(agreement.expires) AS ends
        FROM agreement JOIN case_task ON case_task.id = agreement.task
        WHERE agreement.withdrawn IS NULL AND agreement.used IS NULL
            AND agreement.items <> '[]'::jsonb
            AND case_task.status IN ('requested', 'received', 'accepted', 'in-progress', 'on-hold')
        GROUP BY case_task."case"
    ) AS agreed
    WHERE agreed."case" = worklist."case"
    """,
    """
    UPDATE worklist SET left_lying = true
    FROM case_task JOIN triage_told ON triage_told.task = case_task.id
    WHERE case_task."case" = worklist."case" AND triage_told.team = worklist.team
        AND (
            worklist.state = 'new' AND triage_told.step = 'unseen/team'
            OR worklist.state = 'triage-accepted' AND triage_told.step = 'first-contact/team'
            AND NOT EXISTS (
                SELECT FROM contact_attempt WHERE contact_attempt."case" = worklist."case"
            )
        )
    """,
)


def upgrade() -> None:
    for moment in ("closes", "silent_from"):
        op.add_column("worklist", sa.Column(moment, INSTANT, nullable=True))
    for flag in ("left_lying", "worried"):
        op.add_column(
            "worklist", sa.Column(flag, sa.Boolean(), server_default="false", nullable=False)
        )
    for fill in FILLS:
        op.execute(fill)
    op.create_index(
        "ix_worklist_worried", "worklist", ["team"], postgresql_where=sa.text("worried")
    )
    op.create_table(
        "case_worry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("raised", INSTANT, nullable=False),
        sa.Column("lead", sa.String(length=64), nullable=True),
        sa.Column("closed", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_case_worry_case_referral_case")
        ),
        sa.ForeignKeyConstraint(
            ["task"], ["case_task.id"], name=op.f("fk_case_worry_task_case_task")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_worry")),
    )
    op.create_index(op.f("ix_case_worry_case"), "case_worry", ["case"])
    op.create_table(
        "case_worry_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worry", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("lead", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["worry"], ["case_worry.id"], name=op.f("fk_case_worry_note_worry_case_worry")
        ),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_case_worry_note_case_referral_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_worry_note")),
    )
    op.create_index(op.f("ix_case_worry_note_case"), "case_worry_note", ["case"])


def downgrade() -> None:
    for table in ("case_worry_note", "case_worry"):
        op.drop_table(table)
    op.drop_index("ix_worklist_worried", table_name="worklist")
    for column in ("worried", "left_lying", "silent_from", "closes"):
        op.drop_column("worklist", column)
