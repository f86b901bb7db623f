"""A feed of 200 MB is read in little memory; a record that has no end is left."""

import io
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.providers.importing.reading import json_files
from services.providers.importing.reading.charsets import charset_of
from services.providers.importing.reading.json_files import LONGEST, records_of
from services.providers.importing.reading.no_numbers import WithNull, has_some
from services.providers.importing.reading.records import Record, SourceBroken

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
        ('{"total_items": 1, "contents": [', ", ", "]}", "windows-1252"),
        ("", "~", "~", "utf-8"),
    ],
    ids=["a page in another character set", "a record a line"],
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


READING = """
import resource, sys
from services.providers.importing.material import AddressMaterial
from services.providers.importing.reading.fetching import Fetcher
from shared.strangers import GuardedHttp

fetcher = Fetcher(GuardedHttp(allow_private=True), seconds=120, most_bytes=300_000_000)
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pages = AddressMaterial(fetcher, sys.argv[1]).pages(0, None)
found = sum(len(page.records) for page in pages)
end = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found, (end - start) // 1024)
"""


class Endless(BaseHTTPRequestHandler):
    """A list of 200 MB, as it is sent by who makes it while sending."""

    RECORD = b'{"id": "1", "name": "Choir", "status": "active", "description": "%s"}' % (
        b"x" * 20_000
    )
    MANY = MEGABYTES * 1_000_000 // len(RECORD)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[")
        for number in range(self.MANY):
            self.wfile.write(b"," * bool(number) + self.RECORD)
        self.wfile.write(b"]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.slow
def test_200_megabytes_at_an_address_take_little_memory_too():
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [sys.executable, "-c", READING, f"http://127.0.0.1:{server.server_port}/all.json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    found, took = map(int, done.stdout.split())
    assert found == Endless.MANY
    assert took < ROOM


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


TEXT = b'["NaN, \\"NaN", [NaN, -Infinity,Infinity ], {"NaN": NaN}, "\\\\", NaN, "a: NaN"]'
WITH_NULL = b'["NaN, \\"NaN", [null, null,null ], {"NaN": null}, "\\\\", null, "a: NaN"]'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 13, 1000])
def test_what_is_no_number_is_null_and_texts_stay(size: int):
    file, made = io.BytesIO(TEXT), b""
    assert has_some(file)
    reading = WithNull(file)
    while piece := reading.read(size):
        made += piece
    assert made == WITH_NULL


def test_a_long_document_may_lack_numbers_as_a_short_one_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As Python's own `json` writes them, and those who count with its tables."""
    one = {"id": "1", "name": "NaN", "minimum_age": float("nan"), "fees": "x" * 1000}
    listed = [one | {"id": str(number)} for number in range(300)]
    for length in (10_000_000, 100_000):
        monkeypatch.setattr(json_files, "LONGEST", length)
        for charset in ("utf-8", "utf-8-sig"):
            path = tmp_path / "listed.json"
            path.write_text(json.dumps(listed), charset)
            with path.open("rb") as file:
                found = list(records_of(file, charset_of(file)))
            assert len(found) == 300
            assert {each.said["name"] for each in found if isinstance(each, Record)} == {"NaN"}


def test_a_long_document_may_be_wrapped_as_a_short_one_may(monkeypatch: pytest.MonkeyPatch):
    services = [{"id": str(n), "name": "x" * 1000, "status": "active"} for n in range(300)]
    content = json.dumps({"data": {"services": services}}).encode()
    for length in (10_000_000, 100_000):
        monkeypatch.setattr(json_files, "LONGEST", length)
        found = list(records_of(io.BytesIO(content), "utf-8"))
        assert [each.said["id"] for each in found if isinstance(each, Record)] == [
            each["id"] for each in services
        ]
