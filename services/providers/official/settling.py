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

_DISTRICTS = """
INSERT INTO place (code, name, latitude, longitude, hub, with_units)
SELECT split_part(code, ' ', 1), split_part(code, ' ', 1), avg(latitude), avg(longitude),
    nullif(mode() WITHIN GROUP (ORDER BY coalesce(hub, '')), ''), true
FROM place
WHERE code LIKE '% ___'
GROUP BY split_part(code, ' ', 1)
ON CONFLICT (code) DO UPDATE
SET latitude = excluded.latitude, longitude = excluded.longitude, hub = excluded.hub
WHERE place.name = place.code AND (place.latitude, place.longitude, place.hub)
    IS DISTINCT FROM (excluded.latitude, excluded.longitude, excluded.hub)
"""
"""A district of which postcodes alone were brought can be asked for, too: by the middle of them,
and of the hub that has most of them. It is known by having no name of its own; the districts that
come with Kersey have one, and stay where they are."""

_WITH_UNITS = """
UPDATE place SET with_units = true
WHERE NOT with_units
    AND code IN (SELECT split_part(unit.code, ' ', 1) FROM place unit WHERE unit.code LIKE '% ___')
"""

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
            (SELECT h.code FROM hub h
             WHERE p.local_authority = ANY (h.covers) OR p.ward = ANY (h.covers)
             ORDER BY p.ward = ANY (h.covers) DESC NULLS LAST, h.code LIMIT 1),
            CASE WHEN coalesce(p.local_authority, p.ward) IS NULL
                   OR NOT EXISTS (SELECT FROM hub h WHERE h.covers <> '{}')
                 THEN d.hub END
        ) AS hub
        FROM place p
        LEFT JOIN place d ON d.code = split_part(p.code, ' ', 1) AND d.name <> d.code
        WHERE p.code LIKE '% %'
    ) found
    WHERE place.code = found.code AND place.hub IS DISTINCT FROM found.hub
    """,
    """
    UPDATE place SET name = a.name
    FROM area a
    WHERE a.code = place.ward AND place.code LIKE '% %' AND place.name IS DISTINCT FROM a.name
    """,
    _DISTRICTS,
    _WITH_UNITS,
)


def settle(session: Session) -> None:
    """Work out what follows for every postcode. Safe to repeat.

    A postcode is its hub's whose `covers` names its ward, or else its local authority: a hub may be
    of a few wards in the midst of another's place. Where nobody knows in which it lies, or no hub
    says what it covers, it is that of its district.
    """
    session.connection().execute(text("ANALYZE place, area, area_ring"))  # just filled, perhaps
    for step in _STEPS:
        session.connection().execute(text(step))
