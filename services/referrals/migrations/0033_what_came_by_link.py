"""who came, as it was told as a step, is a mark in the register too: each day once."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO attendance_mark (key, task, "case", day, mark, marked_by, marked)
SELECT DISTINCT ON (told.task, told.day)
  gen_random_uuid(), told.task, told."case", told.day, 'came', told.recorded_by, told.recorded
FROM activity AS told
WHERE told.action = 'attend' AND NOT EXISTS (
  SELECT FROM attendance_mark AS known WHERE known.task = told.task AND known.day = told.day
)
ORDER BY told.task, told.day, told.recorded
"""


def upgrade() -> None:
    op.execute(FILL)


def downgrade() -> None:
    """The marks stay: the code before reads them as its own."""
