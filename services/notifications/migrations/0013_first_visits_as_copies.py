"""first visits are copies of what referrals says."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "first_meeting",
        sa.Column("sequence", sa.String(length=40), server_default="", nullable=False),
    )
    # The code before this one says who set it, and may run beside this schema.
    op.alter_column("first_meeting", "set_by", server_default="")


def downgrade() -> None:
    op.alter_column("first_meeting", "set_by", server_default=None)
    op.drop_column("first_meeting", "sequence")
