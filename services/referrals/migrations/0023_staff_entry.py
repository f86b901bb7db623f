"""who took down what came by phone or on paper, and the day on the paper."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "front_door_entry",
        sa.Column("entered_by", sa.String(), server_default="", nullable=False),
    )
    op.add_column("front_door_entry", sa.Column("written", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("front_door_entry", "written")
    op.drop_column("front_door_entry", "entered_by")
