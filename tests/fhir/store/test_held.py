"""A transaction reads a document once, when it locks it, and knows what it wrote since."""

from typing import Any
from uuid import uuid4

from sqlalchemy import event
from sqlmodel import Session

from shared.fhir.store import Access, FhirStore
from shared.fhir.types import all_types
from tests.fhir.store.kit import Shelf, task


def a_store(session: Session) -> FhirStore:
    return FhirStore(session, all_types())


def change(shelf: Shelf, resource: dict[str, Any]) -> None:
    with shelf.open() as store:
        store.update(resource)


def test_what_is_locked_is_not_asked_for_again_by_whichever_store(shelf: Shelf):
    key = shelf.put(task()).id
    asked: list[str] = []
    event.listen(shelf.engine, "before_cursor_execute", lambda c, k, text, *_: asked.append(text))
    with Session(shelf.engine) as session:
        first, second = a_store(session), a_store(session)
        assert first.lock("Task", key).version == 1
        assert second.update(task("accepted", id=key)).version == 2
        assert first.lock_all([("Task", key)])["Task", key].version == 2
        assert first.update(task("completed", id=key), expected_version=2).version == 3
        assert second.delete("Task", key).version == 4
        assert first.lock("Task", key).deleted
        session.commit()
    assert sum("FOR UPDATE" in each for each in asked) == 1


def test_with_the_next_transaction_it_is_read_anew(shelf: Shelf):
    key = shelf.put(task()).id
    with Session(shelf.engine) as session:
        store = a_store(session)
        store.lock("Task", key)
        session.commit()
        change(shelf, task("accepted", id=key))
        assert store.lock("Task", key).version == 2
        session.rollback()
        change(shelf, task("completed", id=key))
        assert store.lock("Task", key).version == 3


def test_whom_it_concerns_and_that_it_is_erased_is_read_anew(shelf: Shelf):
    stored, person, other = shelf.put(task()), uuid4(), uuid4()
    with shelf.open() as store:
        assert store.lock("Task", stored.id).person is None
        store.assign_person("Task", stored.id, person)
        assert store.lock("Task", stored.id).person == person
        store.move_documents([stored.pk], other)
        assert store.lock("Task", stored.id).person == other
        store.erase([stored.pk], other)
        assert store.lock("Task", stored.id).deleted


def test_a_lock_that_was_undone_holds_nothing(shelf: Shelf):
    key = shelf.put(task()).id
    with Session(shelf.engine) as session:
        store = a_store(session)
        with store.as_it_will_be([], [], [], Access.system(), lambda _: None):
            store.lock("Task", key)
        change(shelf, task("accepted", id=key))
        assert store.lock("Task", key).version == 2
