"""when a person last found a listing right, where matching reads."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("matchable", sa.Column("verified", sa.Date(), nullable=True))
    op.execute(
        "UPDATE matchable SET verified = greatest("
        " service.assured_date, (assurance.verified AT TIME ZONE 'UTC')::date)"
        " FROM service LEFT JOIN assurance ON assurance.service_id = service.id"
        " WHERE service.id = matchable.service_id"
    )


def downgrade() -> None:
    op.drop_column("matchable", "verified")
