"""signing in for a client: sessions, authorization codes, refresh tokens, and where codes go to.

A process of the release before registers clients without addresses, for which nobody signs in.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "identity_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=True),
        sa.Column(
            "asked", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("invitation", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("signed_in", INSTANT, nullable=True),
        sa.Column("seen", INSTANT, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_identity_session_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_identity_session_token_hash")),
    )
    op.create_index(
        op.f("ix_identity_session_account"), "identity_session", ["account"], unique=False
    )
    op.create_index(
        op.f("ix_identity_session_expires"), "identity_session", ["expires"], unique=False
    )
    op.create_table(
        "sign_in_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("session", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.String(length=100), nullable=False),
        sa.Column("organisation", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("signed_in", INSTANT, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.Column("ended", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["person_account.id"],
            name=op.f("fk_sign_in_grant_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session"],
            ["identity_session.id"],
            name=op.f("fk_sign_in_grant_session"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_grant")),
    )
    op.create_index(op.f("ix_sign_in_grant_account"), "sign_in_grant", ["account"], unique=False)
    op.create_index(op.f("ix_sign_in_grant_expires"), "sign_in_grant", ["expires"], unique=False)
    op.create_index(op.f("ix_sign_in_grant_session"), "sign_in_grant", ["session"], unique=False)
    op.create_table(
        "authorization_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("sign_in_grant", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("expires", INSTANT, nullable=False),
        sa.Column("used", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_in_grant"],
            ["sign_in_grant.id"],
            name=op.f("fk_authorization_code_sign_in_grant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_code")),
    )
    op.create_index(
        op.f("ix_authorization_code_expires"), "authorization_code", ["expires"], unique=False
    )
    op.create_index(
        op.f("ix_authorization_code_sign_in_grant"),
        "authorization_code",
        ["sign_in_grant"],
        unique=False,
    )
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("sign_in_grant", sa.Uuid(), nullable=False),
        sa.Column("issued", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("used", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_in_grant"],
            ["sign_in_grant.id"],
            name=op.f("fk_refresh_token_sign_in_grant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(
        op.f("ix_refresh_token_sign_in_grant"), "refresh_token", ["sign_in_grant"], unique=False
    )
    op.add_column(
        "oauth_client",
        sa.Column(
            "redirect_uris",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "oauth_client",
        sa.Column(
            "after_sign_out",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    for column in ("after_sign_out", "redirect_uris"):
        op.drop_column("oauth_client", column)
    for table in ("refresh_token", "authorization_code", "sign_in_grant", "identity_session"):
        op.drop_table(table)
