"""Outbox and inbox: what commits together, and what is done once."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, Row, func, insert, select, update

from shared.database import UnitOfWork
from shared.messaging.events import Envelope, Sequence, parse
from shared.messaging.outbox import ConsumingOnce, Outbox, consume_once, inbox, outbox, prune
from shared.tracing import traced
from shared.worker import Wake
from tests.messaging.samples import NOON, accepted, envelope


def rows(engine: Engine) -> list[Row[tuple[object, ...]]]:
    with engine.connect() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.position)))


def test_an_event_commits_with_the_state_or_not_at_all(engine: Engine) -> None:
    events = Outbox("kersey/tests")
    with UnitOfWork(engine) as uow:
        events.add(uow, accepted(), version=1)
    assert rows(engine) == []
    with UnitOfWork(engine) as uow:
        event_id = events.add(uow, accepted(), version=1)
        uow.commit()
    assert [row.id for row in rows(engine)] == [event_id]


def test_a_row_holds_the_envelope_as_it_will_travel(engine: Engine) -> None:
    event = accepted()
    with UnitOfWork(engine) as uow:
        event_id = Outbox("kersey/tests", clock=lambda: NOON).add(uow, event, version=7, n=1)
        uow.commit()
    (row,) = rows(engine)
    assert parse(row.envelope) == Envelope(
        id=event_id, source="kersey/tests", time=NOON, sequence=Sequence(7, 1), data=event
    )
    assert (row.type, row.subject) == (event.type, event.subject)
    assert (row.published_at, row.attempts, row.recipient) == (None, 0, None)


def test_state_can_be_told_again_to_one_consumer(engine: Engine) -> None:
    with UnitOfWork(engine) as uow:
        Outbox("kersey/tests").add(
            uow, accepted(), version=1, replay=True, recipient="tests.second"
        )
        uow.commit()
    (row,) = rows(engine)
    assert row.recipient == "tests.second"
    assert parse(row.envelope).replay is True


def test_the_relay_is_woken_after_the_commit_and_not_before(engine: Engine) -> None:
    wake = Wake()
    with UnitOfWork(engine) as uow:
        Outbox("kersey/tests", wake).add(uow, accepted(), version=1)
        assert wake.wait(0) is False
        uow.commit()
    assert wake.wait(0) is True


def test_several_rows_can_be_written_in_the_callers_own_statement(engine: Engine) -> None:
    wake = Wake()
    events = Outbox("kersey/tests", wake)
    written = [events.row(accepted(), version=1, n=n) for n in range(3)]
    with UnitOfWork(engine) as uow:
        uow.session.execute(insert(outbox), written)
        events.announce(uow)
        uow.commit()
    assert [row.id for row in rows(engine)] == [row["id"] for row in written]
    assert wake.wait(0) is True


def test_the_trace_of_the_request_travels_and_none_where_there_is_none() -> None:
    events = Outbox("kersey/tests")
    with traced(f"00-{'a' * 32}-{'b' * 16}-01"):
        row = events.row(accepted(), version=1)
    assert (parse(row["envelope"]).traceparent or "").startswith(f"00-{'a' * 32}-")
    assert parse(events.row(accepted(), version=1)["envelope"]).traceparent is None


def test_an_event_is_consumed_once_by_each_consumer(engine: Engine) -> None:
    event_id = uuid4()

    def consume(consumer: str, *, commit: bool = True) -> bool:
        with UnitOfWork(engine) as uow:
            taken = consume_once(uow, consumer, event_id)
            if commit:
                uow.commit()
            return taken

    assert consume("tests.first", commit=False) is True
    assert consume("tests.first") is True, "what did not commit did not happen"
    assert consume("tests.first") is False
    assert consume("tests.second") is True


def test_of_two_who_take_an_event_at_once_the_second_waits_for_the_first(engine: Engine) -> None:
    event_id, taken = uuid4(), []

    def second() -> None:
        with UnitOfWork(engine) as uow:
            taken.append(consume_once(uow, "tests.first", event_id))
            uow.commit()

    with UnitOfWork(engine) as uow:
        assert consume_once(uow, "tests.first", event_id)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert taken == [], "it waits"
        uow.commit()
    thread.join(10)
    assert taken == [False]


def test_a_handler_that_fails_leaves_the_event_unconsumed(engine: Engine) -> None:
    acted: list[UUID] = []

    def act(uow: UnitOfWork, got: Envelope) -> None:
        acted.append(got.id)
        if len(acted) == 1:
            raise RuntimeError

    handle = ConsumingOnce(engine, "tests.first", act)
    got = envelope()
    with pytest.raises(RuntimeError):
        handle(got)
    handle(got)
    handle(got)
    assert acted == [got.id, got.id]


def test_what_is_old_and_done_is_pruned_in_batches_and_nothing_else(engine: Engine) -> None:
    events = Outbox("kersey/tests")
    with UnitOfWork(engine) as uow:
        ids = [events.add(uow, accepted(), version=1) for _ in range(7)]
        for event_id in ids:
            consume_once(uow, "tests.first", event_id)
        uow.commit()
    old = func.now() - timedelta(days=15)
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.id.in_(ids[:5])).values(published_at=old))
        connection.execute(
            update(outbox).where(outbox.c.id == ids[5]).values(published_at=func.now())
        )
        connection.execute(update(inbox).where(inbox.c.event_id.in_(ids[:3])).values(received=old))
    days = timedelta(days=14)
    assert prune(engine, published=days, consumed=days, batch=2) == 8
    assert [row.id for row in rows(engine)] == ids[5:], "an unpublished event is never pruned"
    with engine.connect() as connection:
        left = connection.execute(select(inbox.c.event_id)).scalars()
        assert set(left) == set(ids[3:])
