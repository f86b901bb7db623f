"""what somebody is to one organisation can be locked by itself.

A process of the release before does not look at it: it lets whoever is locked so act on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "membership",
        sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    # Somebody who was locked must not come in by going back.
    op.execute("DELETE FROM membership WHERE locked")
    op.drop_column("membership", "locked")
