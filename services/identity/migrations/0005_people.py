"""people who sign in: accounts, roles, invitations, tries, and what was done with an account."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account_act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("act", sa.String(length=30), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_act")),
    )
    op.create_index("ix_account_act_account", "account_act", ["account", "at"], unique=False)
    op.create_index(op.f("ix_account_act_at"), "account_act", ["at"], unique=False)
    op.create_table(
        "person_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state <> 'active' OR (password_hash IS NOT NULL AND totp_secret IS NOT NULL)",
            name=op.f("ck_person_account_two_factors"),
        ),
        sa.CheckConstraint(
            "state IN ('invited', 'active', 'disabled')", name=op.f("ck_person_account_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_account")),
    )
    op.create_index(
        "uq_person_account_email",
        "person_account",
        [sa.literal_column("lower(email)")],
        unique=True,
    )
    op.create_table(
        "sign_in_try",
        sa.Column("of", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("last", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("of", name=op.f("pk_sign_in_try")),
    )
    op.create_index(op.f("ix_sign_in_try_last"), "sign_in_try", ["last"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.Column("created", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_invitation_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_account"), "invitation", ["account"], unique=False)
    op.create_index(op.f("ix_invitation_expires"), "invitation", ["expires"], unique=False)
    op.create_table(
        "membership",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=50), nullable=False),
        sa.Column("organisation_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_membership_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account", "organisation", "role", name=op.f("pk_membership")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_recovery_code_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["person_account.id"], name=op.f("fk_sign_in_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index("ix_sign_in_account", "sign_in", ["account", "at"], unique=False)
    op.create_index(op.f("ix_sign_in_at"), "sign_in", ["at"], unique=False)


def downgrade() -> None:
    for table in (
        "sign_in",
        "account_act",
        "sign_in_try",
        "recovery_code",
        "invitation",
        "membership",
        "person_account",
    ):
        op.drop_table(table)
