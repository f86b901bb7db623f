"""which client sent a message, so that a deactivated one is told nothing more."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SENT = """
UPDATE bars_message m SET client = first.client_id
FROM (
  SELECT DISTINCT ON (record) record, client_id FROM audit_entry
  WHERE record LIKE 'ServiceRequest/%' AND action = 'create'
  ORDER BY record, position
) first
WHERE first.record = 'ServiceRequest/' || m.service_request
"""


def upgrade() -> None:
    op.add_column("bars_message", sa.Column("client", sa.String(100), nullable=True))
    op.execute(SENT)


def downgrade() -> None:
    op.drop_column("bars_message", "client")
