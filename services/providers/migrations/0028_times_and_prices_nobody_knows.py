"""a time, a price or a language that is listed without saying which is unknown to matching."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FILLED = (
    """
UPDATE matchable SET cost_amounts = costs.amounts, cost_until = costs.until
FROM (
    SELECT
        service_id,
        array_agg(amount ORDER BY id) AS amounts,
        array_agg(valid_to ORDER BY id) AS until
    FROM cost_option GROUP BY service_id HAVING bool_or(amount IS NULL)
) AS costs
WHERE matchable.service_id = costs.service_id
""",
    """
UPDATE matchable SET languages = array_append(languages, NULL)
FROM (SELECT DISTINCT service_id FROM language WHERE code IS NULL) AS named
WHERE matchable.service_id = named.service_id AND array_position(languages, NULL) IS NULL
""",
    """
UPDATE matchable SET
    slot_days = slot_days || more.days,
    slot_opens = slot_opens || more.opens,
    slot_closes = slot_closes || more.closes,
    slot_until = slot_until || more.until
FROM (
    SELECT
        place.service_id,
        place.place,
        array_agg(NULL::varchar) AS days,
        array_agg((extract(epoch FROM opens_at) / 60)::int ORDER BY schedule.id) AS opens,
        array_agg((extract(epoch FROM closes_at) / 60)::int ORDER BY schedule.id) AS closes,
        array_agg(valid_to ORDER BY schedule.id) AS until
    FROM matchable AS place
    LEFT JOIN service_at_location AS here
        ON here.service_id = place.service_id AND here.location_id = place.location_id
    JOIN schedule ON schedule.service_id = place.service_id
        AND (schedule.service_at_location_id IS NULL OR schedule.service_at_location_id = here.id)
    WHERE coalesce(cardinality(schedule.days), 0) = 0 AND coalesce(
        schedule.dtstart::text, schedule.freq, schedule.bymonthday, schedule.description,
        schedule.notes, schedule.opens_at::text
    ) IS NOT NULL
    GROUP BY place.service_id, place.place
) AS more
WHERE matchable.service_id = more.service_id AND matchable.place = more.place
    AND array_position(matchable.slot_days, NULL) IS NULL
""",
)


def upgrade() -> None:
    for statement in FILLED:
        op.execute(statement)


def downgrade() -> None:
    """The code before passes over an entry of which nobody said what it is."""
