"""Browsers in which somebody is signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewing", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_web_session")),
    )
    op.create_index(op.f("ix_web_session_seen"), "web_session", ["seen"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_web_session_seen"), table_name="web_session")
    op.drop_table("web_session")
