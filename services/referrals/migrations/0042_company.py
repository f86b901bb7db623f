"""who goes along to a first visit, and when and where they meet the person."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "first_visit",
        sa.Column("company", sa.String(length=20), server_default="", nullable=False),
    )
    op.add_column(
        "first_visit",
        sa.Column("meet", sa.String(length=200), server_default="", nullable=False),
    )
    op.add_column("first_visit", sa.Column("said", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("first_visit", "said")
    op.drop_column("first_visit", "meet")
    op.drop_column("first_visit", "company")
