"""how an agreement was given before it was renewed stays beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_giving",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("given", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["case_task.id"], name=op.f("fk_agreement_giving_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_giving")),
    )
    op.create_index(op.f("ix_agreement_giving_task"), "agreement_giving", ["task"])


def downgrade() -> None:
    op.drop_index(op.f("ix_agreement_giving_task"), table_name="agreement_giving")
    op.drop_table("agreement_giving")
