"""One official file into the gazetteer, in one transaction: all that can be taken, or nothing."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from services.providers.gazetteer import BadPostcode, parse
from services.providers.official.boundaries import GSS, BadFeature, boundary
from services.providers.official.columns import recognised
from services.providers.official.files import NotOfficial, features, is_geojson, table
from services.providers.official.settling import settle
from shared.database import UnitOfWork

SHOWN = 20
"""Refused rows that a report names; it counts all."""
EVERY = 5_000
"""Rows between two reports of progress."""

Progress = Callable[[int], None]
"""Told how many rows have been read."""


@dataclass
class Report:
    """What became of a file.

    Attributes:
        kind: `postcodes`, `deprivation` or `boundaries`.
        read: rows or features.
        stored: of them, those that are in the gazetteer now.
        changed: of those, new ones and such as were different before.
        refused: how many could not be taken.
        reasons: the first of them, each with its line and why.
    """

    kind: str = ""
    read: int = 0
    stored: int = 0
    changed: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def refuse(self, where: str, why: str) -> None:
        """Count a row that cannot be taken."""
        self.refused += 1
        if len(self.reasons) < SHOWN:
            self.reasons.append(f"{where}: {why}")


class _Refused(Exception):
    """A row that cannot be taken."""


def load_file(engine: Engine, path: Path, progress: Progress = lambda _: None) -> Report:
    """Bring one file in, and work out what follows from it.

    Args:
        engine: the directory's database.
        path: postcodes (ONSPD, NSPL), deprivation (IMD) or boundaries (GeoJSON).
        progress: told now and then.

    Raises:
        NotOfficial: it is none of these, or nothing in it can be taken; nothing was changed.
    """
    report = Report()
    with UnitOfWork(engine) as uow:
        connection = uow.session.connection()
        if is_geojson(path):
            report.kind = "boundaries"
            _boundaries(connection, features(path), report, progress)
        else:
            with table(path) as rows:
                known = recognised(rows.fieldnames or ())
                if known is None:
                    raise NotOfficial(
                        f"{path.name} has neither the columns of a list of postcodes (pcds, lat,"
                        " long) nor those of the indices of deprivation (LSOA code, IMD decile)."
                    )
                report.kind, headings = known
                read = _postcode if report.kind == "postcodes" else _deprived
                _table(connection, read, _read(rows, headings), report, progress)
        if not report.stored:
            first = f" The first: {report.reasons[0]}" if report.reasons else ""
            raise NotOfficial(f"Nothing in {path.name} can be taken.{first}")
        settle(uow.session)
        uow.commit()
    return report


# --- tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """How rows of one kind come in: the columns that are staged, and the statement that keeps."""

    table: str
    columns: tuple[str, ...]
    fixed: Mapping[str, str]


_PLACE = _Kind(
    "place",
    ("code", "latitude", "longitude", "ward", "local_authority", "lsoa", "decile"),
    {"name": "split_part(s.code, ' ', 1)"},
)
_AREA = _Kind("area", ("code", "name", "parent", "decile"), {"kind": "'lsoa'"})

_Read = Callable[[Mapping[str, str]], tuple[Any, ...]]


def _table(
    connection: Any,
    read: _Read,
    rows: Iterable[tuple[int, Mapping[str, str]]],
    report: Report,
    progress: Progress,
) -> None:
    kind = _PLACE if read is _postcode else _AREA
    names = ", ".join(kind.columns)
    staged = f"SELECT 0::bigint AS line, {names} FROM {kind.table} WITH NO DATA"  # noqa: S608 - ours
    connection.execute(text(f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS {staged}"))
    cursor = connection.connection.driver_connection.cursor()
    with cursor, cursor.copy(f"COPY staged (line, {names}) FROM STDIN".encode()) as copying:
        for line, row in rows:
            report.read += 1
            if report.read % EVERY == 0:
                progress(report.read)
            try:
                copying.write_row((line, *read(row)))
            except _Refused as refused:
                report.refuse(f"line {line}", str(refused))
    progress(report.read)
    report.stored, report.changed = _kept(connection, kind)


def _kept(connection: Any, kind: _Kind) -> tuple[int, int]:
    """Of a code that comes twice the last row counts."""
    columns = (*kind.columns, *kind.fixed)
    values = [f"s.{name}" for name in kind.columns] + list(kind.fixed.values())
    # What the file does not say stays as it is: the list of postcodes knows no ward's name.
    given = [name for name in kind.columns if name != "code"]
    said = ", ".join(f"{name} = coalesce(excluded.{name}, {kind.table}.{name})" for name in given)
    before = ", ".join(f"{kind.table}.{name}" for name in given)
    after = ", ".join(f"coalesce(excluded.{name}, {kind.table}.{name})" for name in given)
    keep = (
        f"INSERT INTO {kind.table} ({', '.join(columns)})"  # noqa: S608 - names of ours
        f" SELECT DISTINCT ON (s.code) {', '.join(values)} FROM staged s"
        " ORDER BY s.code, s.line DESC"
        f" ON CONFLICT (code) DO UPDATE SET {said}"
        f" WHERE ({before}) IS DISTINCT FROM ({after})"
    )
    changed = connection.execute(text(keep)).rowcount
    stored = connection.execute(text("SELECT count(DISTINCT code) FROM staged")).scalar_one()
    return stored, changed


def _read(
    rows: "csv.DictReader[str]", headings: Mapping[str, str]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for row in rows:
        found = {name: (row.get(heading) or "").strip() for name, heading in headings.items()}
        yield rows.line_num, found


def _postcode(row: Mapping[str, str]) -> tuple[Any, ...]:
    try:
        postcode = parse(row["postcode"])
    except BadPostcode as error:
        raise _Refused(error.words) from error
    if not postcode.inward:
        raise _Refused("This is a district, not a whole postcode.")
    latitude, longitude = _degrees(row["latitude"]), _degrees(row["longitude"])
    if not (49 < latitude < 61 and -9 < longitude < 3):
        # ONSPD writes 99.999999 for postcodes without a place, such as those of large users.
        raise _Refused("This postcode has no position in the United Kingdom.")
    areas = (_gss(row.get(name)) for name in ("ward", "local_authority", "lsoa"))
    code = f"{postcode.outward} {postcode.inward}"
    return (code, latitude, longitude, *areas, _decile(row.get("decile")))


def _deprived(row: Mapping[str, str]) -> tuple[Any, ...]:
    code, decile = _gss(row["lsoa"]), _decile(row["decile"])
    if code is None:
        raise _Refused(f"'{row['lsoa'][:20]}' is no code of a lower super output area.")
    if decile is None:
        raise _Refused("It has no decile.")
    return (code, row.get("name") or code, _gss(row.get("parent")), decile)


def _degrees(value: str) -> float:
    try:
        found = float(value)
    except ValueError as error:
        raise _Refused("This postcode has no position.") from error
    return found if math.isfinite(found) else 0.0


def _gss(value: str | None) -> str | None:
    return value if value and GSS.fullmatch(value) else None


def _decile(value: str | None) -> int | None:
    """None for none given.

    Raises:
        _Refused: it is not 1 to 10. A rank in the column of the decile would mislead for years.
    """
    if not value:
        return None
    if value not in {str(number) for number in range(1, 11)}:
        raise _Refused(f"'{value[:20]}' is no decile: 1 (most deprived) to 10.")
    return int(value)


# --- boundaries ------------------------------------------------------------------------------

_KEEP = text(
    "INSERT INTO area (code, kind, name, parent, boundary)"
    " VALUES (:code, :kind, :name, :parent, :boundary)"
    " ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, name = excluded.name,"
    " parent = coalesce(excluded.parent, area.parent), boundary = excluded.boundary"
    " WHERE (area.name, area.boundary, area.parent)"
    " IS DISTINCT FROM (excluded.name, excluded.boundary, coalesce(excluded.parent, area.parent))"
)


def _boundaries(connection: Any, found: Iterable[Any], report: Report, progress: Progress) -> None:
    for number, feature in enumerate(found):
        report.read += 1
        try:
            area = boundary(feature)
        except BadFeature as bad:
            report.refuse(f"features[{number}]", str(bad))
            continue
        report.stored += 1
        own = {name: getattr(area, name) for name in ("code", "kind", "name", "parent")}
        if connection.execute(_KEEP, own | {"boundary": area.geometry}).rowcount:
            report.changed += 1
            connection.execute(text("DELETE FROM area_ring WHERE area = :code"), own)
            connection.execute(
                text(
                    "INSERT INTO area_ring (area, ring, hole)"
                    " VALUES (:area, CAST(:ring AS polygon), :hole)"
                ),
                [{"area": area.code, "ring": r.points, "hole": r.hole} for r in area.rings],
            )
        progress(report.read)
