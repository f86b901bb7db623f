"""The whole directory as JSON, NDJSON, the tabular data package, and a file for each day."""

import csv
import gzip
import io
import threading
import tracemalloc
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.providers.exporting import documents, package, routes
from services.providers.exporting.columns import TABLES
from services.providers.exporting.snapshots import Snapshots
from shared.database import Lease
from tests.providers.conftest import House
from tests.providers.conftest import settings as settings_of
from tests.providers.listings import service
from tests.providers.schemas import PLAIN, fits


def read_package(content: bytes) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    """The descriptor, and the rows of each table."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        described = orjson.loads(opened.read("datapackage.json"))
        tables = {
            each["name"]: list(csv.DictReader(io.StringIO(opened.read(each["path"]).decode())))
            for each in described["resources"]
        }
    return described, tables


def test_json_and_ndjson_hold_every_service_as_its_own_page_shows_it(demo: House) -> None:
    whole = demo.client.get("/directory/export")
    assert whole.headers["content-type"] == "application/json"
    assert whole.headers["access-control-allow-origin"] == "*"
    assert 'filename="directory-2026-11-23.json"' in whole.headers["content-disposition"]
    services = whole.json()
    lines = demo.client.get("/directory/export", params={"format": "ndjson"})
    assert [orjson.loads(line) for line in lines.content.splitlines()] == services
    total = demo.get("/directory/services")["total_items"]
    assert len({each["id"] for each in services}) == len(services) == total
    for each in services[::20]:
        assert each == demo.get(f"/directory/services/{each['id']}")
        fits("service", each)


def test_an_empty_directory_is_an_empty_array(house: House) -> None:
    assert house.client.get("/directory/export").json() == []
    assert house.client.get("/directory/export", params={"format": "ndjson"}).content == b""


def test_the_package_holds_what_the_pages_show(demo: House) -> None:
    answer = demo.client.get("/directory/export", params={"format": "csv"})
    assert answer.headers["content-type"] == "application/zip"
    described, tables = read_package(answer.content)
    assert described["profile"] == "tabular-data-package"
    assert set(tables) == set(TABLES)

    services = {each["id"]: each for each in tables["services"]}
    assert len(services) == demo.get("/directory/services")["total_items"]
    assert len(tables["organizations"]) == demo.get("/directory/organizations")["total_items"]
    page = demo.get("/directory/services", full="true", per_page=500)["contents"]
    for each in page[::25]:
        assert services[each["id"]]["name"] == each["name"]
        for name in ("schedules", "cost_options", "contacts", "service_areas", "languages"):
            rows = [row for row in tables[name] if row["service_id"] == each["id"]]
            listed = [
                *each.get(name, ()),
                *(
                    below
                    for at in each.get("service_at_locations", ())
                    for below in at.get(name, ())
                ),
            ]
            assert {row["id"] for row in rows} == {one["id"] for one in listed}
    assert tables["service_capacity"]
    assert all(row["available"].isdigit() for row in tables["service_capacity"])


def test_the_package_hangs_together_as_its_descriptor_says(demo: House) -> None:
    described, tables = read_package(
        demo.client.get("/directory/export", params={"format": "csv"}).content
    )
    ids = {name: {row["id"] for row in rows} for name, rows in tables.items()}
    led = 0
    for each in described["resources"]:
        rows = tables[each["name"]]
        assert len(ids[each["name"]]) == len(rows)
        for row in rows:
            assert list(row) == [field["name"] for field in each["schema"]["fields"]]
        for foreign in each["schema"]["foreignKeys"]:
            owner = foreign["reference"]["resource"] or each["name"]
            found = {row[foreign["fields"]] for row in rows} - {""}
            assert found <= ids[owner], (each["name"], foreign)
            led += len(found)
    assert led > 1000
    entities = {"service": "services", "location": "locations", "contact": "contacts"}
    for link in tables["attributes"]:
        assert link["link_id"] in ids[entities.get(link["link_entity"], "organizations")]


def test_every_column_is_one_of_hsds() -> None:
    for name, columns in TABLES.items():
        found = known_columns(name)
        assert set(columns) <= found, (name, set(columns) - found)


def known_columns(table: str) -> set[str]:
    """The columns of a table, by the schema whose file it is."""
    from tests.providers.schemas import DRAFT, HSDS, validator

    validator("service")  # skips where the schemas are not there
    for edition in (PLAIN, DRAFT):
        for path in (HSDS / edition).glob("*.json"):
            schema = orjson.loads(path.read_bytes())
            if schema.get("path") == f"{table}.csv":
                return set(schema["properties"])
    pytest.fail(f"{table}.csv is no table of HSDS")


def test_what_is_in_memory_does_not_grow_with_the_directory(house: House) -> None:
    def most(count: int) -> int:
        house.load(*(service(f"Group {n}", description="words " * 400) for n in range(count)))
        tracemalloc.start()
        for _ in documents.document(house.engine, house.now, lined=True):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    few = most(250)
    many = most(750)
    assert many < few * 1.5


def test_an_export_holds_no_connection_while_its_reader_takes_its_time(house: House) -> None:
    house.load(*(service(f"Group {n}") for n in range(250)))
    pieces = documents.document(house.engine, house.now, lined=True)
    next(pieces)

    assert house.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    house.load(service("One more"))
    assert sum(piece.count(b"\n") for piece in pieces) >= 50


def test_of_two_packages_at_once_one_waits(demo: House, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        go_on.wait(20)

    monkeypatch.setattr(package, "write", slow)
    first = threading.Thread(
        target=demo.client.get, args=("/directory/export",), kwargs={"params": {"format": "csv"}}
    )
    first.start()
    try:
        assert begun.wait(20)
        second = demo.client.get("/directory/export", params={"format": "csv"})
    finally:
        go_on.set()
        first.join()
    assert second.status_code == 503
    assert second.headers["retry-after"] == "60"
    assert routes._packing.acquire(blocking=False)
    routes._packing.release()


def test_a_format_that_is_none_is_refused(demo: House) -> None:
    assert demo.get("/directory/export", 400, format="xlsx")["element"] == "format"


# --- a file for each day ---------------------------------------------------------------------


def snapshots(house: House, folder: Path, days: int = 2) -> Snapshots:
    given = settings_of("postgresql://").model_copy(
        update={"snapshot_dir": folder, "snapshot_days": days}
    )
    return Snapshots(house.engine, given, lambda: house.now)


def test_each_night_leaves_one_file_and_the_old_ones_go(house: House, tmp_path: Path) -> None:
    house.load(service("Choir"))
    keeper = snapshots(house, tmp_path)
    house.now = datetime.fromisoformat("2026-11-24T01:59:00+00:00")
    assert keeper.keep() is None

    written = []
    for _ in range(3):
        house.now += timedelta(minutes=1)
        written.append(keeper.keep())
        assert keeper.keep() is None
        house.now += timedelta(days=1, minutes=-1)

    names = [path.name for path in written if path]
    assert names == [f"directory-2026-11-{day}.ndjson.gz" for day in (24, 25, 26)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]


def test_a_nights_file_holds_what_the_export_of_that_moment_does(
    demo: House, tmp_path: Path
) -> None:
    written = snapshots(demo, tmp_path).keep()

    assert written is not None
    with gzip.open(written) as file:
        services = [orjson.loads(line) for line in file]
    assert services == demo.client.get("/directory/export").json()
    for each in services[::20]:
        fits("service", each)


def test_of_several_processes_one_writes(house: House, tmp_path: Path) -> None:
    house.load(service("Choir"))
    other = Lease(house.engine, Snapshots.name, seconds=60)
    assert other.acquire()

    assert snapshots(house, tmp_path).keep() is None
    other.release()
    assert snapshots(house, tmp_path).keep() is not None


def test_a_file_that_was_broken_off_is_not_taken_for_one(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.load(service("Choir"))

    def breaking(*_: object, **__: object) -> Any:
        yield b"{}\n"
        message = "no space left"
        raise OSError(message)

    monkeypatch.setattr("services.providers.exporting.snapshots.document", breaking)
    with pytest.raises(OSError, match="no space left"):
        snapshots(house, tmp_path).keep()
    assert not list(tmp_path.glob("*.gz"))
    monkeypatch.undo()
    assert snapshots(house, tmp_path).keep() is not None
