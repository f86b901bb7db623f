"""sources, imports, and organisations that may be one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("hub", sa.String(), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["hub"], ["hub.code"], name=op.f("fk_source_hub")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_index(op.f("ix_source_hub"), "source", ["hub"], unique=False)
    op.create_table(
        "given_id",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("given", sa.String(length=300), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_given_id_source_id")),
        sa.PrimaryKeyConstraint("source_id", "entity", "given", name=op.f("pk_given_id")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_import_run_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sa.UniqueConstraint("number", name=op.f("uq_import_run_number")),
    )
    op.create_index(op.f("ix_import_run_source_id"), "import_run", ["source_id"], unique=False)
    op.create_table(
        "organization_match",
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
        sa.ForeignKeyConstraint(
            ["one"], ["organization.id"], name=op.f("fk_organization_match_one")
        ),
        sa.ForeignKeyConstraint(
            ["other"], ["organization.id"], name=op.f("fk_organization_match_other")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_match")),
    )
    op.create_index(
        op.f("ix_organization_match_other"), "organization_match", ["other"], unique=False
    )
    op.create_index(
        "uq_organization_match_pair", "organization_match", ["one", "other"], unique=True
    )
    op.create_table(
        "source_record",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("given", sa.String(length=300), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vanished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_record_source_id")
        ),
        sa.PrimaryKeyConstraint("source_id", "entity", "given", name=op.f("pk_source_record")),
    )
    op.create_index(op.f("ix_source_record_key"), "source_record", ["key"], unique=False)
    op.create_table(
        "import_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("given", sa.String(length=300), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("element", sa.String(length=300), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_finding_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_finding")),
    )
    op.create_index("ix_import_finding_run_id", "import_finding", ["run_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_import_finding_run_id", table_name="import_finding")
    op.drop_table("import_finding")
    op.drop_index(op.f("ix_source_record_key"), table_name="source_record")
    op.drop_table("source_record")
    op.drop_index("uq_organization_match_pair", table_name="organization_match")
    op.drop_index(op.f("ix_organization_match_other"), table_name="organization_match")
    op.drop_table("organization_match")
    op.drop_index(op.f("ix_import_run_source_id"), table_name="import_run")
    op.drop_table("import_run")
    op.drop_table("given_id")
    op.drop_index(op.f("ix_source_hub"), table_name="source")
    op.drop_table("source")
