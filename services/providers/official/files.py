"""Official files as they are published: CSV, also gzipped or in a ZIP, and GeoJSON."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

LARGEST_GEOJSON = 400_000_000
"""Bytes; boundaries are read whole. The full-detail wards of Great Britain have 250 MB."""


class NotOfficial(Exception):
    """A file that cannot be taken; the message tells a person why and what to do."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file's bytes, unpacked. Of a ZIP, its largest CSV: the rest are guides and code lists.

    Raises:
        NotOfficial: it cannot be read, or holds no CSV.
    """
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                inside = [each for each in archive.infolist() if each.filename.endswith(".csv")]
                if not inside:
                    raise NotOfficial(f"{path.name} holds no CSV file.")
                largest = max(inside, key=lambda each: each.file_size)
                with archive.open(largest) as stream:
                    yield io.BufferedReader(stream)  # type: ignore[type-var]
        elif path.suffix.lower() == ".gz":
            with gzip.open(path) as stream:
                yield stream  # type: ignore[misc]
        else:
            with path.open("rb") as stream:
                yield stream
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise NotOfficial(f"{path.name} cannot be read: {error}") from error


def is_geojson(path: Path) -> bool:
    """Whether a file says of itself that it holds boundaries."""
    return path.suffix.lower() in (".geojson", ".json")


def features(path: Path) -> list[dict[str, Any]]:
    """The features of a GeoJSON file (RFC 7946, 3.3).

    Raises:
        NotOfficial: it is too large, no JSON, or no FeatureCollection.
    """
    try:
        if path.stat().st_size > LARGEST_GEOJSON:
            raise NotOfficial(
                f"{path.name} is larger than {LARGEST_GEOJSON // 1_000_000} MB: take the"
                " generalised boundaries (BGC or BSC) of the same edition."
            )
        held = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise NotOfficial(f"{path.name} cannot be read as GeoJSON: {error}") from error
    found = held.get("features") if isinstance(held, dict) else None
    if not isinstance(found, list) or held.get("type") != "FeatureCollection":
        raise NotOfficial(f"{path.name} is no GeoJSON FeatureCollection.")
    return found


@contextmanager
def table(path: Path) -> Iterator["csv.DictReader[str]"]:
    """The rows of a CSV file by heading.

    Raises:
        NotOfficial: it cannot be read, or is no UTF-8 text.
    """
    with opened(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        try:
            yield csv.DictReader(text)
        except (UnicodeDecodeError, csv.Error) as error:
            raise NotOfficial(f"{path.name} cannot be read as CSV: {error}") from error
        finally:
            text.detach()
