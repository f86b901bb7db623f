"""the index that knows who is nearest knows of which terms each is, too."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SPOT = "point(longitude, degrees(asinh(tan(radians(latitude)))))"
SIGNS = "(array_to_tsvector(terms::text[])) tsvector_ops(siglen=64)"


def upgrade() -> None:
    # Searching goes on meanwhile by the one before.
    op.execute(f"CREATE INDEX ix_matchable_spot_terms ON matchable USING gist ({SPOT}, {SIGNS})")
    op.execute("DROP INDEX ix_matchable_spot")
    op.execute("ALTER INDEX ix_matchable_spot_terms RENAME TO ix_matchable_spot")


def downgrade() -> None:
    op.execute("DROP INDEX ix_matchable_spot")
    op.execute(f"CREATE INDEX ix_matchable_spot ON matchable USING gist ({SPOT})")
