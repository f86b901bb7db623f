"""what matching reads is found nearest first."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_matchable_spot ON matchable"
        " USING gist (point(longitude, degrees(asinh(tan(radians(latitude))))))"
    )


def downgrade() -> None:
    op.drop_index("ix_matchable_spot", table_name="matchable")
