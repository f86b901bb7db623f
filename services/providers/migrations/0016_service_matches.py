"""services that two sources list of one organisation, and that may be one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("one", sa.Uuid(), nullable=False),
        sa.Column("other", sa.Uuid(), nullable=False),
        sa.Column("likeness", sa.Float(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("proposed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept", sa.Uuid(), nullable=True),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("undo", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["one"], ["service.id"], name=op.f("fk_service_match_one_service")),
        sa.ForeignKeyConstraint(
            ["other"], ["service.id"], name=op.f("fk_service_match_other_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_match")),
    )
    op.create_index(op.f("ix_service_match_other"), "service_match", ["other"], unique=False)
    op.create_index("uq_service_match_pair", "service_match", ["one", "other"], unique=True)


def downgrade() -> None:
    op.drop_table("service_match")
