"""Areas and their boundaries, from GeoJSON as the Office for National Statistics publishes it."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KINDS = {
    "E05": "ward",
    "W05": "ward",
    "S13": "ward",
    "N08": "ward",
    "E06": "local-authority",
    "E07": "local-authority",
    "E08": "local-authority",
    "E09": "local-authority",
    "W06": "local-authority",
    "S12": "local-authority",
    "N09": "local-authority",
    "E01": "lsoa",
    "W01": "lsoa",
}
"""What an area is, by the entity code that begins its own (ONS Code History Database)."""

GSS = re.compile(r"[EWSN]\d{8}")
LONGEST_NAME = 200
_RING = 4
"""Positions of the shortest ring: a triangle and its beginning again (RFC 7946, 3.1.6)."""

_CODE = re.compile(r"(wd|lad|lsoa)\d\dcd|code", re.IGNORECASE)
_NAME = re.compile(r"(wd|lad|lsoa)\d\dnm|name", re.IGNORECASE)
_PARENT = re.compile(r"lad\d\dcd|lad_code", re.IGNORECASE)


class BadFeature(Exception):
    """A feature that is no area; the message says why."""


@dataclass(frozen=True)
class Ring:
    """One ring, in PostgreSQL's words for a polygon."""

    points: str
    hole: bool


@dataclass(frozen=True)
class Boundary:
    """An area with its boundary.

    Attributes:
        code: of the Government Statistical Service.
        kind: `ward`, `local-authority` or `lsoa`.
        name: in English.
        parent: the local authority that a ward lies in, where the file says.
        geometry: as GeoJSON text.
        rings: of all its parts.
    """

    code: str
    kind: str
    name: str
    parent: str | None
    geometry: str
    rings: tuple[Ring, ...]


def boundary(feature: Any) -> Boundary:
    """One feature as an area.

    Raises:
        BadFeature: it has no code of a kind that we keep, no name, or no polygon in degrees.
    """
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise BadFeature("It has no properties.")
    said = feature["properties"]
    code = _first(said, _CODE)
    if code is None or not GSS.fullmatch(code) or code[:3] not in KINDS:
        raise BadFeature(f"Its code, {code!r:.40}, is none of a ward, local authority or LSOA.")
    kind = KINDS[code[:3]]
    name = _first(said, _NAME)
    if not name or len(name) > LONGEST_NAME:
        raise BadFeature("It has no name.")
    parent = None if kind == "local-authority" else _first(said, _PARENT)
    geometry = feature.get("geometry")
    rings = tuple(_rings(geometry))
    return Boundary(code, kind, name, parent, json.dumps(geometry), rings)


def _first(said: dict[str, Any], pattern: re.Pattern[str]) -> str | None:
    """The value of the most telling property: of an edition (`WD25CD`) before a plain `code`."""
    names = [name for name in said if pattern.fullmatch(name) and isinstance(said[name], str)]
    names.sort(key=lambda name: (name.lower() in ("code", "name"), name.lower().startswith("lad")))
    return str(said[names[0]]).strip() if names else None


def _rings(geometry: Any) -> Iterator[Ring]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    parts = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "Polygon":
        parts = [parts]
    elif kind != "MultiPolygon":
        raise BadFeature("Its geometry is no Polygon or MultiPolygon.")
    if not isinstance(parts, list) or not parts:
        raise BadFeature("Its boundary is empty.")
    for part in parts:
        if not isinstance(part, list) or not part:
            raise BadFeature("A part of its boundary is empty.")
        for number, ring in enumerate(part):
            yield Ring(_points(ring), hole=number > 0)


def _points(ring: Any) -> str:
    if not isinstance(ring, list) or len(ring) < _RING:
        raise BadFeature("A ring of its boundary has fewer than four positions.")
    points = []
    for position in ring:
        try:
            longitude, latitude = (float(each) for each in position[:2])
        except (TypeError, ValueError) as error:
            raise BadFeature("A position of its boundary is no pair of numbers.") from error
        inside = math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) <= 90
        if not inside:
            raise BadFeature(
                "Its boundary is not in degrees: take the file in WGS 84, not in metres of the"
                " national grid."
            )
        points.append(f"({longitude!r},{latitude!r})")
    return f"({','.join(points)})"
