"""What waits for a team is read off indexes: a page in the list's own order, messages to a GP."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_worklist_page", "worklist", ["team", "open", sa.text("urgent DESC"), "since", "case"]
    )
    op.create_index(
        "ix_worklist_gp_to_do", "worklist", ["team"], postgresql_where=sa.text("gp_to_do")
    )
    op.drop_index("ix_worklist_team", table_name="worklist")


def downgrade() -> None:
    op.create_index("ix_worklist_team", "worklist", ["team", "open", "urgent", "since"])
    op.drop_index("ix_worklist_gp_to_do", table_name="worklist")
    op.drop_index("ix_worklist_page", table_name="worklist")
