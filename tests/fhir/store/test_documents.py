"""Documents: what is stored, in which versions, and what comes back."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shared.fhir.json import parse
from shared.fhir.outcome import FhirError
from shared.fhir.store import Access, FhirStore, Grant
from shared.fhir.types import all_types
from tests.fhir.store.kit import NORTH, SOUTH, Shelf, patient, request, task

north, south, system = Access.of(NORTH), Access.of(SOUTH), Access.system()


def rows(shelf: Shelf, table: str) -> int:
    with shelf.engine.connect() as connection:
        count: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        return count


DERIVED = ["search", "date", "string", "quantity", "link"]


@pytest.mark.every_postgres
def test_what_was_sent_comes_back_but_for_id_and_meta(shelf: Shelf):
    sent = b"""{"resourceType":"Observation","id":"theirs","meta":{"profile":["http://x/p"],
      "versionId":"7","lastUpdated":"2001-01-01T00:00:00Z","tag":[{"code":"t"}]},"status":"final",
      "code":{"text":"Gr\\u00f6\\u00dfe"},"valueQuantity":{"value":1.10},
      "effectiveDateTime":"2024-05","_status":{"extension":[{"url":"http://x/e","valueString":"a"}]},
      "issued":"2024-05-01T10:00:00.120Z","component":[{"code":{"text":"c"},"valueInteger":0}]}"""
    stored = shelf.put(parse(sent))
    with shelf.open() as store:
        body = store.read("Observation", stored.id, north).body
    assert body == stored.body
    back = parse(body.encode())
    assert back.pop("id") == stored.id != "theirs"
    meta = back.pop("meta")
    assert list(meta) == ["versionId", "lastUpdated", "profile", "tag"]
    assert meta["versionId"] == "1"
    assert meta["lastUpdated"] == stored.last_updated.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
    expected = parse(sent)
    del expected["id"], expected["meta"]
    assert back == expected
    assert list(back) == list(expected)
    assert str(back["valueQuantity"]["value"]) == "1.10"
    assert '"value":1.10' in body
    assert '"2024-05-01T10:00:00.120Z"' in body


def test_an_update_is_a_new_version_and_times_only_rise(shelf: Shelf):
    first = shelf.put(task())
    stored, seen = first, [first.last_updated]
    for n in range(2, 6):
        with shelf.open() as store:
            stored = store.update(task("accepted", id=first.id), expected_version=n - 1)
        assert stored.version == n
        assert json.loads(stored.body)["meta"]["versionId"] == str(n)
        seen.append(stored.last_updated)
    assert seen == sorted(set(seen))
    with shelf.open() as store:
        assert store.read("Task", first.id, north) == stored.__class__(
            **{f: getattr(stored, f) for f in stored.__slots__} | {"method": ""}
        )


def test_times_rise_although_the_clock_stands_still_or_goes_back(shelf: Shelf):
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    times = iter([noon, noon, noon - timedelta(hours=1), noon + timedelta(seconds=1)])
    with Session(shelf.engine) as session:
        store = FhirStore(session, all_types(), clock=lambda: next(times))
        first = store.create(task(), grants=[Grant(NORTH, "t")], owner=NORTH)
        second = store.update(task(id=first.id))
        third = store.delete("Task", first.id)
        fourth = store.update(task(id=first.id))
        session.commit()
    step = timedelta(milliseconds=1)
    moments = [s.last_updated for s in (first, second, third, fourth)]
    assert moments == [noon, noon + step, noon + 2 * step, noon + timedelta(seconds=1)]


def test_a_stale_version_is_refused_and_changes_nothing(shelf: Shelf):
    first = shelf.put(task())
    with pytest.raises(FhirError) as refused, shelf.open() as store:
        store.update(task("accepted", id=first.id), expected_version=7)
    assert refused.value.status == 412
    with pytest.raises(FhirError) as refused, shelf.open() as store:
        store.delete("Task", first.id, expected_version=7)
    assert refused.value.status == 412
    with shelf.open() as store:
        assert store.read("Task", first.id, north).version == 1


def test_of_parallel_updates_on_one_version_one_wins(shelf: Shelf):
    first = shelf.put(task())
    results: list[int] = []

    def update() -> None:
        try:
            with shelf.open() as store:
                results.append(store.update(task(id=first.id), expected_version=1).version)
        except FhirError as error:
            results.append(error.status)

    threads = [threading.Thread(target=update) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [2] + [412] * 7


def test_deleted_is_gone_unfound_and_still_has_its_history(shelf: Shelf):
    stored = shelf.put(task(authoredOn="2024-05-01"))
    with shelf.open() as store:
        deleted = store.delete("Task", stored.id)
        assert (deleted.version, deleted.deleted, deleted.body) == (2, True, "")
        assert store.delete("Task", stored.id).version == 2  # again changes nothing
    assert shelf.ids("Task") == []
    assert [rows(shelf, f"document_{name}") for name in DERIVED] == [0] * 5
    with shelf.open() as store:
        with pytest.raises(FhirError) as gone:
            store.read("Task", stored.id, north)
        assert gone.value.status == 410
        with pytest.raises(FhirError) as gone:
            store.vread("Task", stored.id, 2, north)
        assert gone.value.status == 410
        assert store.vread("Task", stored.id, 1, north).body == stored.body
        with pytest.raises(FhirError) as unknown:
            store.read("Task", stored.id, south)
        assert unknown.value.status == 404  # not even that it was here
        history = store.history("Task", stored.id, north)
        assert [(v.version, v.method) for v in history.versions] == [(2, "DELETE"), (1, "POST")]
        assert history.total == 2


def test_what_was_deleted_comes_back_to_its_readers_by_an_update(shelf: Shelf):
    stored = shelf.put(task(), SOUTH)
    with shelf.open() as store:
        store.delete("Task", stored.id)
        store.update(task("draft", id=stored.id))
    assert shelf.ids("Task", "status=draft") == [stored.id]
    assert shelf.ids("Task", "status=draft", SOUTH) == [stored.id]
    with shelf.open() as store:
        assert store.read("Task", stored.id, south).version == 3


def test_an_update_replaces_what_the_document_is_found_by(shelf: Shelf):
    person = shelf.put(patient())
    other = shelf.put(patient())
    stored = shelf.put(
        task(authoredOn="2024-05-01", **{"for": {"reference": person.reference}}, description="a")
    )
    with shelf.open() as store:
        changed = task("accepted", id=stored.id, authoredOn="2025-05-01")
        store.update(changed | {"for": {"reference": other.reference}})
    for gone in ["status=requested", "authored-on=2024", f"patient={person.id}"]:
        assert shelf.ids("Task", gone) == []
    for found in ["status=accepted", "authored-on=2025", f"patient={other.id}"]:
        assert shelf.ids("Task", found) == [stored.id]


def test_there_is_nothing_to_change_where_nothing_is(shelf: Shelf):
    with shelf.open() as store:
        for act in (
            lambda: store.update(task(id="none")),
            lambda: store.delete("Task", "none"),
            lambda: store.lock("Task", "none"),
            lambda: store.regrant("Task", "none", []),
            lambda: store.assign_person("Task", "none", None),
            lambda: store.read("Task", "none", system),
            lambda: store.vread("Task", "none", 1, system),
            lambda: store.history("Task", "none", system),
        ):
            with pytest.raises(FhirError) as refused:
                act()
            assert refused.value.status == 404


def test_the_person_stands_on_the_document_and_all_its_versions(shelf: Shelf):
    someone, another = uuid4(), uuid4()
    with shelf.open() as store:
        stored = store.create(patient(), grants=[Grant(NORTH, "t")], owner=NORTH, person=someone)
        assert stored.person == someone
        assert store.update(patient(id=stored.id)).person == someone
        store.assign_person("Patient", stored.id, another)
        assert store.delete("Patient", stored.id).person == another
    with shelf.engine.connect() as connection:
        people = connection.execute(text("SELECT person FROM document_version")).scalars()
        assert set(people) == {another}


def test_a_rolled_back_transaction_leaves_nothing(shelf: Shelf):
    class Stop(Exception):
        pass

    def stopped() -> None:
        with shelf.open() as store:
            store.create(request("Patient/1"), grants=[Grant(NORTH, "t")], owner=NORTH)
            raise Stop

    with pytest.raises(Stop):
        stopped()
    for table in ("document", "document_version", "document_reader", "document_search"):
        assert rows(shelf, table) == 0


def test_an_id_can_be_given_once(shelf: Shelf):
    stored = shelf.put(task(), id="given-by-a-bundle")
    assert stored.reference == "Task/given-by-a-bundle"
    assert shelf.put(patient(), id="given-by-a-bundle").id == stored.id  # ids are per type


def test_numbers_of_any_size_can_be_stored(shelf: Shelf):
    stored = shelf.put(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "x"},
            "valueQuantity": {"value": Decimal("1E+90")},
        }
    )
    assert shelf.ids("Observation", "value-quantity=gt1e80") == [stored.id]
