"""What follows from official files: where each postcode lies, how deprived that is, whose place."""

from sqlalchemy import text
from sqlmodel import Session

_INSIDE = """
UPDATE place SET {column} = found.code
FROM (
    SELECT DISTINCT ON (p.code) p.code AS place, a.code
    FROM place p
    JOIN area_ring r ON NOT r.hole
        -- The index knows overlapping polygons, but no points in them.
        AND r.ring && polygon(box(point(p.longitude, p.latitude), point(p.longitude, p.latitude)))
        AND r.ring @> point(p.longitude, p.latitude)
    JOIN area a ON a.code = r.area AND a.kind = '{kind}'
    WHERE NOT EXISTS (
        SELECT FROM area known WHERE known.code = p.{column} AND known.boundary IS NOT NULL
    ) AND NOT EXISTS (
        SELECT FROM area_ring h
        WHERE h.area = r.area AND h.hole AND h.ring @> point(p.longitude, p.latitude)
    )
    ORDER BY p.code, a.code
) found
WHERE place.code = found.place
"""
"""A ward that no boundary file knows is found anew by where the postcode lies: editions differ."""

_STEPS = (
    _INSIDE.format(column="ward", kind="ward"),
    _INSIDE.format(column="local_authority", kind="local-authority"),
    _INSIDE.format(column="lsoa", kind="lsoa"),
    """
    UPDATE place SET local_authority = a.parent
    FROM area a
    WHERE a.code = place.ward AND place.local_authority IS NULL AND a.parent IS NOT NULL
    """,
    """
    UPDATE place SET decile = a.decile
    FROM area a
    WHERE a.code = place.lsoa AND a.decile IS NOT NULL AND place.decile IS DISTINCT FROM a.decile
    """,
    """
    UPDATE place SET hub = found.hub
    FROM (
        SELECT p.code, coalesce(
            (SELECT min(h.code) FROM hub h
             WHERE p.local_authority = ANY (h.covers) OR p.ward = ANY (h.covers)),
            CASE WHEN coalesce(p.local_authority, p.ward) IS NULL
                   OR NOT EXISTS (SELECT FROM hub h WHERE h.covers <> '{}')
                 THEN d.hub END
        ) AS hub
        FROM place p LEFT JOIN place d ON d.code = split_part(p.code, ' ', 1)
        WHERE p.code LIKE '% %'
    ) found
    WHERE place.code = found.code AND place.hub IS DISTINCT FROM found.hub
    """,
    """
    UPDATE place SET name = a.name
    FROM area a
    WHERE a.code = place.ward AND place.code LIKE '% %' AND place.name IS DISTINCT FROM a.name
    """,
)


def settle(session: Session) -> None:
    """Work out what follows for every postcode. Safe to repeat.

    A postcode is its hub's whose `covers` names its local authority or ward. Where nobody knows in
    which it lies, or no hub says what it covers, it is that of its district.
    """
    session.connection().execute(text("ANALYZE place, area, area_ring"))  # just filled, perhaps
    for step in _STEPS:
        session.connection().execute(text(step))
