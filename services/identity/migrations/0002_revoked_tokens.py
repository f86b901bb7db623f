"""Revoked tokens, and which tokens of a client still hold.

A process of the release before makes tokens without a generation and clients with the first one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "oauth_client",
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.create_table(
        "revoked_token",
        sa.Column("jti", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_revoked_token")),
    )
    op.create_index(op.f("ix_revoked_token_expires"), "revoked_token", ["expires"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_revoked_token_expires"), table_name="revoked_token")
    op.drop_table("revoked_token")
    op.drop_column("oauth_client", "generation")
