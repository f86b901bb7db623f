"""What counts as an outage, and what becomes of everything else."""

import socket
import threading

import psycopg
import pytest
import structlog
from prometheus_client import REGISTRY
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from shared.messaging.broker import BrokerAway, Permanent, is_outage, patiently
from shared.messaging.consuming import TRIES, Consuming, Dead, Outage
from shared.messaging.events import Envelope
from tests.messaging.samples import envelope


def database_error(kind: type[psycopg.Error]) -> DBAPIError:
    return DBAPIError("select", {}, kind("no"), connection_invalidated=False)


@pytest.mark.parametrize(
    "error",
    [
        BrokerAway("no"),
        ConnectionRefusedError(),
        TimeoutError(),
        socket.gaierror(),
        PoolTimeout(),
        OperationalError("select", {}, psycopg.OperationalError("server closed the connection")),
        InterfaceError("select", {}, psycopg.InterfaceError("the connection is closed")),
        DBAPIError("select", {}, psycopg.Error("gone"), connection_invalidated=True),
        database_error(errors.AdminShutdown),
        database_error(errors.CannotConnectNow),
        database_error(errors.SerializationFailure),
        database_error(errors.DeadlockDetected),
        database_error(errors.LockNotAvailable),
        database_error(errors.TooManyConnections),
        database_error(errors.DiskFull),
        database_error(errors.IoError),
        database_error(errors.ReadOnlySqlTransaction),
        database_error(errors.UndefinedTable),
        database_error(errors.UndefinedColumn),
        database_error(errors.InsufficientPrivilege),
    ],
    ids=repr,
)
def test_these_say_that_something_is_away(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        FileNotFoundError(),
        Permanent("unknown-provider"),
        IntegrityError("insert", {}, errors.UniqueViolation("twice")),
        database_error(errors.NotNullViolation),
        database_error(errors.InvalidTextRepresentation),
        DBAPIError("select", {}, psycopg.Error("?"), connection_invalidated=False),
    ],
    ids=repr,
)
def test_these_say_that_the_message_or_its_handler_is_at_fault(error: Exception) -> None:
    assert not is_outage(error)


def handled(outcome: str) -> float:
    labels = {"consumer": "tests.first", "outcome": outcome}
    return REGISTRY.get_sample_value("kersey_events_consumed_total", labels) or 0.0


class Failing:
    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self, _: Envelope) -> None:
        self.calls += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure

    def work(self) -> None:
        self(envelope())


def take(handler: Failing) -> Dead | None:
    pauses: list[float] = []
    try:
        return Consuming("tests.first", handler).take(envelope().to_json(), pauses.append)
    finally:
        assert all(0 < pause < 1 for pause in pauses)
        assert len(pauses) == handler.calls - 1


def test_a_handled_message_is_counted() -> None:
    before = handled("handled")
    assert take(Failing()) is None
    assert handled("handled") == before + 1


def test_an_error_that_passes_is_forgotten() -> None:
    assert take(Failing(KeyError("x"), ConnectionResetError())) is None


def test_an_error_that_stays_ends_in_a_dead_letter() -> None:
    before = handled("dead")
    handler = Failing(*[KeyError("x")] * 9)
    with capture_logs() as logs:
        assert take(handler) == Dead("unexpected", "KeyError")
    assert handler.calls == TRIES
    assert handled("dead") == before + 1
    assert {entry["event"] for entry in logs} == {"consumer.failed", "consumer.dead_letter"}


def test_each_error_of_a_handler_is_counted_by_kind() -> None:
    labels = {"consumer": "tests.first", "type": envelope().type, "error": "ConnectionResetError"}
    before = REGISTRY.get_sample_value("kersey_handler_errors_total", labels) or 0.0
    assert take(Failing(ConnectionResetError("planted-value"))) is None
    assert REGISTRY.get_sample_value("kersey_handler_errors_total", labels) == before + 1


def test_a_permanent_error_is_final() -> None:
    handler = Failing(Permanent("unknown-provider"))
    assert take(handler) == Dead("unknown-provider", "the handler's decision")
    assert handler.calls == 1


def test_an_outage_is_no_decision_about_the_message() -> None:
    before = handled("outage")
    with pytest.raises(Outage):
        take(Failing(*[ConnectionResetError()] * TRIES))
    assert handled("outage") == before + 1


def test_an_outage_is_waited_out_by_calling_the_handler_again() -> None:
    handler = Failing(*[ConnectionResetError()] * 4)
    Consuming("tests.first", handler).wait_out(envelope().to_json(), threading.Event())
    assert handler.calls == 5


def test_waiting_ends_when_the_message_proves_bad_or_everything_stops() -> None:
    bad = Failing(ConnectionResetError(), KeyError("x"))
    Consuming("tests.first", bad).wait_out(envelope().to_json(), threading.Event())
    assert bad.calls == 2
    stop = threading.Event()
    stop.set()
    stopped = Failing(*[ConnectionResetError()] * 9)
    Consuming("tests.first", stopped).wait_out(envelope().to_json(), stop)
    assert stopped.calls == 1


def test_patience_is_for_outages_only_and_says_what_it_waits_for() -> None:
    with pytest.raises(KeyError):
        patiently(
            threading.Event(), Consuming("tests.first", Failing()), Failing(KeyError("x")).work
        )
    away = Failing(BrokerAway("the queue is gone"), ConnectionRefusedError("no"))
    with capture_logs() as logs:
        patiently(threading.Event(), Consuming("tests.first", away), away.work)
    assert [entry["event"] for entry in logs] == ["messaging.waits"] * 2
    assert logs[0]["fault"] == "the queue is gone"
    assert isinstance(logs[1]["exc_info"], ConnectionRefusedError)


def test_while_it_waits_a_worker_says_for_what_and_quotes_nothing() -> None:
    said: list[str | None] = []
    unreadable = OperationalError("select", {}, errors.InsufficientPrivilege("of Ann's row"))
    failures = [BrokerAway("the queue is gone"), unreadable, ConnectionRefusedError("Ann"), None]

    def work() -> None:
        said.append(worker.fault)
        if failure := failures.pop(0):
            raise failure

    worker = Consuming("tests.first", Failing())
    patiently(threading.Event(), worker, work)
    assert said == [
        "it does not consume yet",
        "the queue is gone",
        "the database: the rights are missing: run `kersey databases create` (42501)",
        "what it needs is away (ConnectionRefusedError)",
    ]
    assert worker.fault is None


def test_a_handlers_log_lines_carry_the_event_and_its_trace() -> None:
    seen: dict[str, object] = {}

    def look(_: Envelope) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    traced = envelope()
    body = traced.to_json().replace('"sequence"', f'"traceparent":"{trace}","sequence"')
    assert Consuming("tests.first", look).take(body, lambda _: None) is None
    assert seen == {
        "consumer": "tests.first",
        "event_id": str(traced.id),
        "event_type": traced.type,
        "trace_id": "a" * 32,
        "trace_flags": "01",
    }


def test_each_of_several_handled_together_has_a_line_of_its_own_trace() -> None:
    class Together:
        def __call__(self, _: Envelope) -> None: ...
        def together(self, *_: object) -> None: ...

    traces = ["a" * 32, "b" * 32]
    bodies = [
        envelope().to_json().replace('"sequence"', f'"traceparent":"{parent}","sequence"')
        for parent in (f"00-{trace}-{'c' * 16}-01" for trace in traces)
    ]
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        assert Consuming("tests.first", Together()).take_together(bodies)
    assert [(each["event"], each["trace_id"]) for each in lines] == [
        ("consumer.handled", trace) for trace in traces
    ]
