"""A page of a hub's list is read off an index in the list's own order, as a team's is."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_worklist_hub_page", "worklist", ["hub", "open", sa.text("urgent DESC"), "since", "case"]
    )
    op.drop_index("ix_worklist_hub", table_name="worklist")


def downgrade() -> None:
    op.create_index("ix_worklist_hub", "worklist", ["hub", "open", "unrouted"])
    op.drop_index("ix_worklist_hub_page", table_name="worklist")
