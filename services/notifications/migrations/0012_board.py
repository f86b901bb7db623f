"""notices in the pages, and who has read them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Uuid(), nullable=True),
        sa.Column("said", sa.String(length=40), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_notice")),
    )
    op.create_index("ix_board_notice_party", "board_notice", ["party", "position"], unique=False)
    op.create_index("ix_board_notice_case", "board_notice", ["case"], unique=False)
    op.create_table(
        "board_read",
        sa.Column("notice", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(length=100), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["notice"],
            ["board_notice.id"],
            name=op.f("fk_board_read_notice"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notice", "reader", name=op.f("pk_board_read")),
    )


def downgrade() -> None:
    op.drop_table("board_read")
    op.drop_table("board_notice")
