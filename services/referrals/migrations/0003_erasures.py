"""erased persons, and cases that were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("persons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("erased", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_erasure")),
    )
    op.create_table(
        "erasure_confirmation",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "service", name=op.f("pk_erasure_confirmation")),
    )
    op.add_column("referral_case", sa.Column("erased", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("referral_case", "erased")
    op.drop_table("erasure_confirmation")
    op.drop_table("erasure")
