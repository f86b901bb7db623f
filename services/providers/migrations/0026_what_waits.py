"""what waits for its organisation is kept with its run, so that one that broke off goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_waiting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("given", sa.String(length=300), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_waiting_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_waiting")),
    )
    op.create_index(op.f("ix_import_waiting_run_id"), "import_waiting", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_import_waiting_run_id"), table_name="import_waiting")
    op.drop_table("import_waiting")
