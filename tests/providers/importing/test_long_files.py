"""A feed of 200 MB is read in little memory; a record that has no end is left."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.providers.importing.reading.charsets import charset_of
from services.providers.importing.reading.json_files import LONGEST, records_of
from services.providers.importing.reading.records import SourceBroken

MEGABYTES = 200
ROOM = 60
"""Megabytes that reading may take beside what the program takes before."""

PROGRAM = """
import json, resource, sys, tempfile
from services.providers.importing.reading.charsets import charset_of
from services.providers.importing.reading.json_files import records_of

before, between, after, charset = (each.replace("~", "\\n") for each in sys.argv[1:5])
said = {"id": "1", "name": "Caf\u00e9", "status": "active", "description": "x" * 20000}
record = json.dumps(said, ensure_ascii=False)
many = int(sys.argv[5]) * 1_000_000 // len(record)
with tempfile.TemporaryFile() as file:
    file.write(before.encode(charset))
    for number in range(many):
        file.write(((between if number else "") + record).encode(charset))
    file.write(after.encode(charset))
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = sum(1 for _ in records_of(file, charset_of(file)))
    end = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert found == many, (found, many)
print((end - start) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "between", "after", "charset"),
    [
        ("[", ",", "]", "utf-8"),
        ('{"total_items": 1, "contents": [', ", ", "]}", "windows-1252"),
        ("", "~", "~", "utf-8"),
    ],
    ids=["a list", "a page in another character set", "a record a line"],
)
def test_200_megabytes_take_little_memory(before: str, between: str, after: str, charset: str):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, before, between, after, charset, str(MEGABYTES)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < ROOM


@pytest.mark.parametrize("begun", [b'[{"id": "', b'{"services": [{"id": "1", "contacts": ["'])
def test_a_record_without_end_is_not_read_to_its_end(tmp_path: Path, begun: bytes):
    endless = tmp_path / "endless.json"
    with endless.open("wb") as file:
        file.write(begun + b"x" * (LONGEST * 3))
    with endless.open("rb") as file:
        charset = charset_of(file)
        with pytest.raises(SourceBroken, match="A record is too long"):
            list(records_of(file, charset))
        assert file.tell() < LONGEST * 2


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path):
    endless = tmp_path / "endless.ndjson"
    with endless.open("wb") as file:
        file.write(b'{"id": "1", "name": "a"}\n{"id": "2", "name": "b"}\n' + b"x" * (LONGEST * 2))
    with endless.open("rb") as file, pytest.raises(SourceBroken, match="Line 3 is too long"):
        list(records_of(file, charset_of(file)))
