"""Forms that were sent, so that a second press of a button does nothing twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_sent",
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("came", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session"],
            ["web_session.fingerprint"],
            name=op.f("fk_form_sent_session_web_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session", "what", name=op.f("pk_form_sent")),
    )


def downgrade() -> None:
    op.drop_table("form_sent")
