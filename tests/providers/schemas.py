"""The schemas of Open Referral UK, HSDS 3.0 and HSDS 3.1's draft, to hold answers against."""

import json
import os
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

HSDS = Path(__file__).parents[3] / "shared" / "data" / "hsds"
UK, PLAIN, DRAFT = "oruk-uk-3.0-schema", "hsds-3.0-schema", "hsds-3.1-draft"

FORMATS = FormatChecker()
"""Those that the library knows by itself, and the two that it would need others for."""


@FORMATS.checks("date-time", raises=ValueError)
def _instant(value: object) -> bool:
    """RFC 3339, 5.6: with a zone."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", raises=ValueError)
def _uri(value: object) -> bool:
    """RFC 3986: a scheme, and nothing that must be written as `%`."""
    if not isinstance(value, str):
        return True
    sign = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}"
    return bool(urlsplit(value).scheme and re.fullmatch(f"({sign})*", value))


@cache
def validator(name: str, edition: str = UK) -> Draft202012Validator:
    """Validates one kind of entity. What the draft does not define is HSDS 3.0's."""
    if not HSDS.is_dir():
        why = f"the schemas are not at {os.path.relpath(HSDS)}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    folders = (PLAIN, DRAFT) if edition == DRAFT else (edition,)
    loaded = {
        path.name: DRAFT202012.create_resource(json.loads(path.read_text("utf-8")))
        for folder in folders
        for path in (HSDS / folder).glob("*.json")
    }
    return Draft202012Validator(
        loaded[f"{name}.json"].contents,
        registry=Registry().with_resources(loaded.items()),
        format_checker=FORMATS,
    )


def fits(kind: str, entity: Any, edition: str = UK) -> None:
    """Assert that an entity is valid, and that nothing in it is null."""
    faults = [
        f"{fault.json_path}: {fault.message}"
        for fault in validator(kind, edition).iter_errors(entity)
    ]
    assert not faults, faults[:5]
    assert not has_null(entity)


def has_null(value: Any) -> bool:
    """Whether anything in a document is null."""
    if isinstance(value, dict):
        return any(has_null(each) for each in value.values())
    if isinstance(value, list):
        return any(has_null(each) for each in value)
    return value is None
