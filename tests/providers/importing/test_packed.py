"""What comes packed is unpacked, never beyond what it might be; and what cannot be read says what
to send instead."""

import gzip
import io
import zlib
from typing import Any

import httpx
import orjson
import pytest

from services.providers.importing.reading import packed
from services.providers.importing.reading.records import SourceBroken
from tests.providers.conftest import House
from tests.providers.importing.conftest import Importer
from tests.providers.importing.feeds import page, published, service
from tests.providers.listings import HUB

TWO = [service("Choir"), service("Chess")]
BODY = orjson.dumps(TWO)


@pytest.fixture
def ready(importer: Importer) -> House:
    return importer.house


@pytest.fixture
def small(ready: House):
    """Files and documents have few bytes."""
    before = ready.app.state.settings
    ready.app.state.settings = before.model_copy(update={"import_bytes": 20_000})
    yield
    ready.app.state.settings = before


def sent(house: House, body: bytes, **headers: str) -> httpx.Response:
    token = house.token(HUB.organisation, ("coordinator",), "directory.write")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = "/directory/import?source=x"
    return house.client.post(
        path, content=body, headers=named | {"Authorization": f"Bearer {token}"}
    )


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content_Type": "application/gzip"}, {"Content_Encoding": "gzip"}],
    ids=["its bytes", "its kind", "its coding"],
)
def test_a_body_that_is_packed_is_unpacked(ready: House, headers: dict[str, str]):
    answer = sent(ready, gzip.compress(BODY), **headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"]["services"] == 2


def test_a_packed_body_may_name_an_address(ready: House):
    with published(lambda path, query: page(TWO) if path == "/services" else None) as (url, _):
        answer = sent(ready, gzip.compress(orjson.dumps({"url": f"{url}/services"})))
    assert answer.json()["counts"]["services"] == 2


@pytest.mark.parametrize("times", [1, 2])
def test_a_body_that_becomes_too_large_is_413_and_nothing_is_taken(
    ready: House, small: None, times: int
):
    bomb = b"[" + b" " * 10_000_000
    for _ in range(times):
        bomb = gzip.compress(bomb)
    assert len(bomb) < 20_000
    answer = sent(ready, bomb)
    assert (answer.status_code, answer.json()["element"]) == (413, "body")
    assert "20,000 bytes at most, also once it is unpacked" in answer.json()["detail"]
    assert ready.count("import_run") == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(BODY)[:-20], "breaks off before its end"),
        (gzip.compress(BODY)[:-8] + b"x" * 8, "is damaged"),
        (b"BZh91AY&SY", "packed by bzip2"),
        (b"PK\x05\x06" + b"\x00" * 18, "no JSON file"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"<?xml version='1.0'?><services/>", "HTML or XML"),
        (b"x" * 257 + b"ustar\x00", "tar archive"),
        (b"Service,Where\nChoir,Halifax\n", "not JSON"),
        (b"id,name,service_id\n1,Desk,2\n", "neither of services"),
    ],
)
def test_what_cannot_be_unpacked_or_read_says_what_to_send(ready: House, body: bytes, words: str):
    answer = sent(ready, body)
    assert (answer.status_code, answer.json()["element"]) == (422, "body")
    assert words in answer.json()["detail"]
    assert ready.count("service") == 0


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content_Type": "multipart/form-data; boundary=x"}, "--data-binary"),
        ({"Content_Encoding": "br"}, "packed by gzip"),
    ],
)
def test_a_form_and_another_packing_are_415(ready: House, headers: dict[str, str], words: str):
    answer = sent(ready, BODY, **headers)
    assert (answer.status_code, answer.json()["element"]) == (415, "body")
    assert words in answer.json()["detail"]
    assert ready.count("import_run") == 0


def test_a_table_that_is_sent_is_told_by_its_name_or_its_columns(ready: House):
    owners = b"id,name,description\n7,Hebble Arts,Invented.\n"
    answer = sent(ready, owners)
    assert answer.json()["counts"] == {"organizations": 1, "taken": 1}
    rows = b"id;organization_id;name;status\n1;7;Choir;active\n2;8;Chess;active\n"
    answer = sent(ready, gzip.compress(rows))
    assert answer.json()["counts"] == {"services": 2, "taken": 1, "refused": 1}
    places = b"id,name,latitude,longitude\n1,Hall,53.7,-1.8\n"
    answer = sent(ready, places, Content_Disposition='attachment; filename="locations.csv"')
    assert answer.json()["detail"] == "There is neither services.csv nor organizations.csv in it."


def test_a_line_of_a_table_that_cannot_be_read_is_told_by_its_file(importer: Importer):
    rows = b"id,name\n7,Hebble Arts\n8,Two,too,many\n"
    with published(lambda path, query: (200, {}, rows)) as (url, _):
        report = importer.address(f"{url}/organisations/organizations.csv?v=2")
    (_, odd) = sorted(report.findings, key=lambda each: each["outcome"], reverse=True)
    assert odd["words"].startswith("organizations.csv line 3: This row has more cells")


# --- at an address ---------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
def test_a_document_that_becomes_too_large_is_not_read(importer: Importer, times: int):
    bomb = b"[" + b" " * 50_000_000
    for _ in range(times):
        bomb = gzip.compress(bomb)
    with published(lambda path, query: (200, {"Content-Encoding": "gzip"}, bomb)) as (url, _):
        report = importer.address(url)
    assert report.state == "broken"
    assert report.why == f"{url} gives more than 5,000,000 bytes."


@pytest.mark.parametrize("head", [zlib.MAX_WBITS, -zlib.MAX_WBITS], ids=["with head", "bare"])
def test_deflate_is_undone_in_both_of_its_ways(importer: Importer, head: int):
    pack = zlib.compressobj(wbits=head)
    body = pack.compress(BODY) + pack.flush()
    answers = published(lambda path, query: (200, {"Content-Encoding": "Deflate"}, body))
    with answers as (url, _):
        report = importer.address(f"{url}/all.json")
    assert report.counts["services"] == 2, report.why


def test_a_feeds_pages_may_each_be_packed(importer: Importer):
    def answer(path: str, query: dict[str, str]) -> Any:
        if path != "/services":
            return None
        number = int(query["page"]) if "page" in query else 1
        found = page(TWO[number - 1 : number], number, 2)
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(orjson.dumps(found))

    with published(answer) as (url, _):
        report = importer.address(url)
    assert report.counts["services"] == 2


def test_a_file_that_is_packed_is_a_file(importer: Importer):
    assert importer.file(gzip.compress(BODY)).counts["services"] == 2
    assert importer.names() == ["Chess", "Choir"]


def test_unpacking_never_writes_more_than_it_may():
    with pytest.raises(packed.TooLarge):
        packed.unpacked(io.BytesIO(gzip.compress(b"x" * 1001)), 1000)
    with packed.unpacked(io.BytesIO(gzip.compress(b"x" * 1000)), 1000) as found:
        assert found.read() == b"x" * 1000
    with pytest.raises(SourceBroken):
        packed.unpacked(io.BytesIO(packed.MARK), 1000)
