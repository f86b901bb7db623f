"""signing in by a link, accounts without a password, recovery codes that wait to be kept.

A process of the release before lets an account without a password in by nothing: it has no links.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column(
            "asked", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("expires", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_sign_in_link_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_link")),
    )
    op.create_index(op.f("ix_sign_in_link_account"), "sign_in_link", ["account"], unique=False)
    op.create_index(op.f("ix_sign_in_link_expires"), "sign_in_link", ["expires"], unique=False)
    op.add_column("person_account", sa.Column("codes_to_keep", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_person_account_two_factors"), "person_account", type_="check")
    op.create_check_constraint(
        op.f("ck_person_account_second_factor"),
        "person_account",
        "state <> 'active' OR totp_secret IS NOT NULL",
    )


def downgrade() -> None:
    op.execute(
        "UPDATE person_account SET state = 'invited'"
        " WHERE state = 'active' AND password_hash IS NULL"
    )
    op.drop_constraint(op.f("ck_person_account_second_factor"), "person_account", type_="check")
    op.create_check_constraint(
        op.f("ck_person_account_two_factors"),
        "person_account",
        "state <> 'active' OR (password_hash IS NOT NULL AND totp_secret IS NOT NULL)",
    )
    op.drop_column("person_account", "codes_to_keep")
    op.drop_table("sign_in_link")
