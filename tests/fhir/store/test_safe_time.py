"""A poller that asks again from what it saw last misses nothing."""

import threading
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from shared.fhir.store import Access, FhirStore, Grant
from shared.fhir.types import all_types
from tests.fhir.store.kit import NORTH, Shelf, task

north = Access.of(NORTH)
GRANTS = [Grant(NORTH, "t")]


def test_what_was_stored_after_a_running_write_began_waits_for_it(shelf: Shelf):
    before = shelf.put(task())
    with Session(shelf.engine) as slow:
        running = FhirStore(slow, all_types()).create(task(), grants=GRANTS, owner=NORTH)
        after = shelf.put(task())
        assert after.last_updated >= running.last_updated
        polled = shelf.ids("Task", "_lastUpdated=gt2000&_sort=_lastUpdated")
        assert polled == [before.id]
        with shelf.open() as store:
            since = datetime(2000, 1, 1, tzinfo=UTC)
            history = store.history("Task", None, north, since=since)
            assert [v.id for v in history.versions] == [before.id]
        # A search that does not poll sees all that is committed.
        assert shelf.ids("Task") == [before.id, after.id]
        slow.commit()
    polled = shelf.ids("Task", "_lastUpdated=gt2000&_sort=_lastUpdated")
    assert polled == [before.id, running.id, after.id]


def test_a_reader_or_an_idle_transaction_holds_nobody_up(shelf: Shelf):
    with Session(shelf.engine) as reading:
        FhirStore(reading, all_types()).find("Task", "none", north)
        stored = shelf.put(task())
        assert shelf.ids("Task", "_lastUpdated=gt2000") == [stored.id]


def test_pollers_among_writers_see_every_document_once_in_order(shelf: Shelf):
    written: list[str] = []
    lock = threading.Lock()
    stop = threading.Event()

    def write() -> None:
        for _ in range(40):
            with Session(shelf.engine) as session:
                store = FhirStore(session, all_types())
                made = [store.create(task(), grants=GRANTS, owner=NORTH).id for _ in range(3)]
                session.commit()
            with lock:
                written.extend(made)

    seen: list[str] = []

    def poll() -> None:
        last = datetime(2000, 1, 1, tzinfo=UTC)
        while True:
            final = stop.is_set()
            # ge and not gt: several documents may share the last millisecond.
            since = last.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            query = f"_lastUpdated=ge{since}&_sort=_lastUpdated&_count=500"
            for stored in shelf.search("Task", query).matches:
                last = max(last, stored.last_updated)
                if stored.id not in seen:
                    seen.append(stored.id)
            if final:
                return

    writers = [threading.Thread(target=write) for _ in range(6)]
    poller = threading.Thread(target=poll)
    for thread in [*writers, poller]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    poller.join()
    assert sorted(seen) == sorted(written)
    assert len(seen) == 720


def test_the_safe_time_is_now_when_nothing_is_written(shelf: Shelf):
    with shelf.open() as store:
        assert abs(store.safe_time() - datetime.now(UTC)) < timedelta(seconds=5)
