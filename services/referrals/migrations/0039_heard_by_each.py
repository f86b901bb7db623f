"""whether a provider heard that it is asked is kept with each request, not for the last alone."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_task", sa.Column("delivery_state", sa.String(), nullable=True))
    # What stood on the list was said of the request that was made last.
    op.execute(
        """
        UPDATE case_task SET delivery_state = worklist.delivery_state
        FROM worklist, (
            SELECT DISTINCT ON ("case") "case", id FROM case_task WHERE kind = 'provider'
            ORDER BY "case", created DESC, id DESC) AS last
        WHERE last."case" = worklist."case" AND last.id = case_task.id
            AND worklist.delivery_state IS NOT NULL
        """
    )


def downgrade() -> None:
    op.drop_column("case_task", "delivery_state")
