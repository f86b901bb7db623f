"""What of a Patient tells one person from another beside a number: family name and birth date."""

from collections.abc import Mapping
from datetime import date
from typing import Any

LONGEST_NAME = 255
"""Characters of a family name by which people are linked; the index holds no more than that."""


def family_of(patient: Mapping[str, Any]) -> str:
    """The first family name, folded; empty for none, or for one that links nobody."""
    names = patient.get("name")
    for name in names if isinstance(names, list) else []:
        if isinstance(name.get("family"), str):
            family = str(name["family"]).casefold().strip()
            return family if len(family) <= LONGEST_NAME else ""
    return ""


def birth_date_of(patient: Mapping[str, Any]) -> date | None:
    """The whole birth date; a partial one is not certain enough to link on."""
    try:
        return date.fromisoformat(str(patient.get("birthDate", "")))
    except ValueError:
        return None


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two Patients say both, and the same."""
    family, born = family_of(one), birth_date_of(one)
    return bool(family and born) and (family, born) == (family_of(other), birth_date_of(other))
