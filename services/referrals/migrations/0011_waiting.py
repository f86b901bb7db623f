"""what a case waits for, and that it opened."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("areas", postgresql.ARRAY(sa.String(length=4)), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("need", sa.String(length=100), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=True),
        sa.Column("service", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case"], ["referral_case.id"], name=op.f("fk_waiting_case_referral_case")
        ),
        sa.PrimaryKeyConstraint("case", "need", name=op.f("pk_waiting")),
    )
    op.create_index("ix_waiting_need", "waiting", ["need"], unique=False)
    op.add_column(
        "worklist", sa.Column("opened", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("worklist", "opened")
    op.drop_index("ix_waiting_need", table_name="waiting")
    op.drop_table("waiting")
