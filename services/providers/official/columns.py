"""The headings of official files, which change their year with each edition.

ONS Postcode Directory and National Statistics Postcode Lookup user guides; the English Indices of
Deprivation, File 1 and File 7. A heading is known by what stays the same in it.
"""

import re
from collections.abc import Iterable, Mapping

POSTCODES: Mapping[str, str] = {
    "postcode": r"pcds|pcd8|pcd2|pcd7|pcd|postcode",
    "latitude": r"lat|latitude",
    "longitude": r"long|lon|lng|longitude",
    "ward": r"(os)?ward|ward_?code|wd\d\dcd",
    "local_authority": r"(os)?laua|lad_?code|lad\d\dcd",
    "lsoa": r"lsoa(11|21)(cd|_code)?",
    "decile": r"imd_?decile|imd\d*_?decile",
}
"""Columns of a list of postcodes."""

DEPRIVATION: Mapping[str, str] = {
    "lsoa": r"lsoa(11|21)_?(code|cd)|lsoa_code_(2011|2021)",
    "name": r"name|lsoa_name_(2011|2021)|lsoa(11|21)nm",
    "parent": r"lad_?code|lad\d\dcd|local_authority_district_code.*",
    "decile": r"imd_?decile|index_of_multiple_deprivation_imd_decile.*",
}
"""Columns of the indices of deprivation."""

_NEEDED = {
    "postcodes": (POSTCODES, ("postcode", "latitude", "longitude")),
    "deprivation": (DEPRIVATION, ("lsoa", "decile")),
}


def _plain(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.strip().lower().lstrip("\ufeff")).strip("_")


def recognised(headings: Iterable[str]) -> tuple[str, dict[str, str]] | None:
    """What a file is, and its heading for each column that we take; None for something else.

    Where several headings fit a column, the newest edition's is taken (`lsoa21` before `lsoa11`).
    """
    plain = {_plain(heading): heading for heading in headings}
    for kind, (columns, needed) in _NEEDED.items():
        found = {}
        for name, pattern in columns.items():
            fitting = sorted(each for each in plain if re.fullmatch(pattern, each))
            if fitting:
                found[name] = plain[_first(pattern, fitting)]
        if all(name in found for name in needed):
            return kind, found
    return None


def _first(pattern: str, fitting: list[str]) -> str:
    """By the order of a pattern's alternatives, then the newest year."""
    for way in pattern.split("|"):
        if way in fitting:
            return way
    return fitting[-1]
