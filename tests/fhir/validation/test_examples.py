"""Published resources are taken as they are: HL7's R4 examples and a third party's referral."""

from pathlib import Path

import pytest

from shared.fhir.json import dumps, parse
from shared.fhir.model import validate

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "fhir-examples"
FILES = sorted(FOLDER.glob("*/*.json"))


@pytest.mark.skipif(not FILES, reason=f"no example resources in {FOLDER}")
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_published_example_is_valid(file):
    resource = parse(file.read_bytes())
    assert validate(resource, expected_type=resource["resourceType"]) == ()


@pytest.mark.skipif(not FILES, reason=f"no example resources in {FOLDER}")
def test_reading_and_writing_an_example_changes_nothing():
    for file in FILES:
        resource = parse(file.read_bytes())
        assert parse(dumps(resource)) == resource
