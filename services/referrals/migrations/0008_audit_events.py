"""which version an act made, and who saw which record."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


RANDOM = sa.text("gen_random_uuid()")


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("key", sa.Uuid(), server_default=RANDOM, nullable=False))
    op.add_column("audit_entry", sa.Column("version", sa.Integer(), nullable=True))
    op.create_index("ix_audit_entry_record", "audit_entry", ["record"])
    op.create_index("ix_audit_entry_made", "audit_entry", ["made"])
    op.create_table(
        "access_entry",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Uuid(), server_default=RANDOM, nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("denied", sa.Boolean(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=True),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_access_entry")),
    )
    op.create_index("ix_access_entry_record", "access_entry", ["record"])
    op.create_index("ix_access_entry_holder_made", "access_entry", ["holder", "made"])
    op.create_index("ix_access_entry_person_made", "access_entry", ["person", "made"])
    op.create_index("ix_access_entry_made", "access_entry", ["made"])
    op.create_index(op.f("ix_access_entry_case"), "access_entry", ["case"])
    op.create_index(op.f("ix_onward_request_patient"), "onward_request", ["patient"])


def downgrade() -> None:
    op.drop_index(op.f("ix_onward_request_patient"), table_name="onward_request")
    op.drop_table("access_entry")
    op.drop_index("ix_audit_entry_made", table_name="audit_entry")
    op.drop_index("ix_audit_entry_record", table_name="audit_entry")
    op.drop_column("audit_entry", "version")
    op.drop_column("audit_entry", "key")
