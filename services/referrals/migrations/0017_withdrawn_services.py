"""since when both sides of a request know that its service was withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "case_task", sa.Column("service_withdrawn", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_case_task_service_withdrawn",
        "case_task",
        ["service_withdrawn"],
        unique=False,
        postgresql_where=sa.text("service_withdrawn IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_case_task_service_withdrawn", table_name="case_task")
    op.drop_column("case_task", "service_withdrawn")
