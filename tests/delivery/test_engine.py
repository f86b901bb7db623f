"""Every delivery ends in sight: delivered, failed and told, superseded, or unknown."""

import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from shared.database import UnitOfWork
from shared.delivery import (
    InDoubt,
    Permanent,
    Receipt,
    Schedule,
    State,
    Superseded,
    Temporary,
    minutes,
)
from shared.worker import WorkerGroup


def ok(delivery):
    return Receipt("250")


def test_a_due_delivery_is_sent_once_and_recorded(house):
    key = house.add(address="a@example.org", payload='{"kind": "request"}')
    assert house.worker(ok).deliver_due() == 1
    assert house.worker(ok).deliver_due() == 0
    (sent,) = house.sent
    assert (sent.id, sent.address, sent.payload, sent.attempt, sent.doubtful) == (
        key, "a@example.org", '{"kind": "request"}', 1, False,
    )  # fmt: skip
    assert house.state(key) is State.DELIVERED
    assert house.attempts(key) == [(1, "delivered", "250")]
    assert house.delivered == [key]
    assert house.row(key).due is None


def test_nothing_is_sent_before_it_is_due(house):
    house.add()
    house.pass_time(minutes=-10)
    assert house.worker(ok).deliver_due() == 0


def test_the_same_key_makes_one_delivery(house):
    key = house.add()
    house.add(key=key)
    assert house.worker(ok).deliver_due() == 1


def test_no_transaction_is_open_while_sending(house):
    seen = []

    def look(delivery):
        with house.engine.connect() as connection:
            asked = text(
                "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
                " and datname = current_database()"
            )
            seen.append(connection.execute(asked).scalar_one())
        return Receipt("250")

    house.add()
    house.worker(look).deliver_due()
    assert seen == [0]


def test_a_temporary_failure_waits_as_the_schedule_says_and_then_succeeds(house):
    key = house.add()
    answers = [Temporary("smtp-421"), Temporary("timeout"), Receipt("250")]
    worker = house.worker(lambda delivery: answers.pop(0))
    assert worker.deliver_due() == 1
    assert house.state(key) is State.QUEUED
    assert house.row(key).last_error == "smtp-421"
    assert house.minutes_until_due(key) == pytest.approx(1, abs=0.1)
    house.pass_time(minutes=1)
    assert worker.deliver_due() == 1
    assert house.minutes_until_due(key) == pytest.approx(5, abs=0.1)
    house.pass_time(minutes=5)
    assert worker.deliver_due() == 1
    assert house.attempts(key) == [
        (1, "failed", "smtp-421"), (2, "failed", "timeout"), (3, "delivered", "250"),
    ]  # fmt: skip
    assert house.row(key).last_error is None
    assert house.failed == []


def test_a_receiver_that_asks_for_time_gets_it(house):
    key = house.add()
    house.worker(lambda delivery: Temporary("http-429", timedelta(minutes=30))).deliver_due()
    assert house.minutes_until_due(key) == pytest.approx(30, abs=0.1)


def test_a_permanent_failure_is_not_tried_again_and_is_told(house):
    key = house.add()
    house.worker(lambda delivery: Permanent("http-410")).deliver_due()
    assert house.state(key) is State.FAILED
    assert house.failed == [(key, "http-410")]
    assert house.row(key).due is None


def test_what_is_not_ended_is_counted_with_its_age_and_what_ended_is_counted_once(house):
    labels = {"channel": "test", "state": "failed"}
    before = REGISTRY.get_sample_value("kersey_deliveries_ended_total", labels) or 0.0
    house.add()
    house.worker(lambda delivery: Permanent("http-410")).deliver_due()
    for order_key, asleep in (("waits", False), ("waits", False), ("call", True)):
        house.add(order_key, asleep=asleep)
    with house.engine.begin() as connection:
        connection.execute(
            text(
                "update delivery set created = now() - interval '90 s', due = due - interval '90 s'"
            )
        )
    (open_,) = house.tables.open(house.engine)
    assert (open_.channel, open_.state, open_.count) == ("test", "queued", 2)
    assert 90 <= open_.oldest < 120
    assert REGISTRY.get_sample_value("kersey_deliveries_ended_total", labels) == before + 1


def test_what_was_put_by_for_a_later_day_has_not_waited_until_then(house):
    """Else a reminder that was planned weeks ago calls somebody out when it is tried."""
    key = house.add(due=datetime.now(UTC) + timedelta(days=14))
    assert house.tables.open(house.engine) == []
    house.pass_time(days=14)
    with house.engine.begin() as connection:
        connection.execute(text("update delivery set created = created - interval '14 days'"))
    (planned,) = house.tables.open(house.engine)
    assert planned.oldest < 120
    house.worker(lambda delivery: Temporary("http-500")).deliver_due()
    (tried,) = house.tables.open(house.engine)
    assert tried.oldest < 120
    with house.engine.begin() as connection:
        connection.execute(
            text("update delivery_attempt set started = started - interval '2 hours'")
        )
    (waits,) = house.tables.open(house.engine)
    assert 7200 <= waits.oldest < 7320
    assert house.state(key) is State.QUEUED


def test_an_exhausted_schedule_is_a_failure_that_is_told_once(house):
    key = house.add()
    worker = house.worker(lambda delivery: Temporary("http-500"))
    for _ in range(5):
        worker.deliver_due()
        house.pass_time(minutes=60)
    assert house.state(key) is State.FAILED
    assert len(house.sent) == 3
    assert house.failed == [(key, "http-500")]


def test_a_failure_that_cannot_be_told_is_not_recorded(house):
    key = house.add()

    def cannot_tell(uow, delivery, reason):
        raise RuntimeError

    worker = house.worker(lambda delivery: Permanent("http-410"), on_failed=cannot_tell)
    with pytest.raises(RuntimeError):
        worker.deliver_due()
    assert house.state(key) is State.SENDING
    house.pass_time(hours=1)
    house.worker(lambda delivery: Permanent("http-410")).deliver_due()
    house.worker(lambda delivery: Permanent("http-410")).deliver_due()
    assert house.failed == [(key, "http-410")]


def test_a_bug_in_a_channel_counts_as_a_temporary_failure(house):
    key = house.add()
    house.worker(lambda delivery: KeyError("jane@example.org")).deliver_due()
    assert house.row(key).last_error == "internal-error"
    assert house.state(key) is State.QUEUED


def test_one_order_key_goes_one_after_the_other_and_others_pass(house):
    first, second, other = house.add("case-1"), house.add("case-1"), house.add("case-2")
    worker = house.worker(
        lambda delivery: Temporary("http-500") if delivery.id == first else Receipt("204")
    )
    worker.deliver_due()
    assert [each.id for each in house.sent] == [first, other]
    house.pass_time(minutes=1)
    house.worker(ok).deliver_due()
    assert [each.id for each in house.sent] == [first, other, first, second]


def test_a_final_failure_lets_the_next_of_its_order_go(house):
    first, second = house.add("case-1"), house.add("case-1")
    house.worker(
        lambda delivery: Permanent("http-410") if delivery.id == first else Receipt("204")
    ).deliver_due()
    assert house.state(second) is State.DELIVERED


def test_replicas_side_by_side_send_each_once_and_in_order(house):
    keys = [house.add(f"case-{number % 10}") for number in range(60)]
    order: dict[str, list[object]] = {}
    lock = threading.Lock()

    def slowly(delivery):
        time.sleep(0.005)
        with lock:
            order.setdefault(house.row(delivery.id).order_key, []).append(delivery.id)
        return Receipt("250")

    replicas = WorkerGroup([house.worker(slowly, name=f"replica-{n}", threads=2) for n in range(3)])
    replicas.start()
    deadline = time.monotonic() + 60
    while len(house.delivered) < len(keys) and time.monotonic() < deadline:
        house.wake.set()
        time.sleep(0.02)
    assert replicas.stop() == []
    assert sorted(house.delivered) == sorted(keys)
    assert all(house.state(key) is State.DELIVERED for key in keys)
    for number in range(10):
        assert order[f"case-{number}"] == keys[number::10]


def claimed_and_lost(house, **changes):
    """A worker that is killed after its channel sent and before it recorded."""

    class Killed(BaseException):
        pass

    def die(delivery):
        raise Killed

    with pytest.raises(Killed):
        house.worker(die, **changes).deliver_due()


def test_a_kill_between_send_and_record_is_unknown_and_sent_once_more_under_the_same_id(house):
    key = house.add()
    claimed_and_lost(house)
    worker = house.worker(ok)
    assert worker.deliver_due() == 0, "the lost worker's lease still runs"
    house.pass_time(minutes=3)
    assert worker.deliver_due() == 1
    assert house.state(key) is State.DELIVERED
    assert house.attempts(key) == [(1, "unknown", "cut-off"), (2, "delivered", "250")]
    last = house.sent[-1]
    assert (last.id, last.doubtful) == (key, True)


def test_what_is_cut_off_again_and_again_ends_as_a_failure_that_is_told(house):
    key = house.add()
    for _ in range(2):
        claimed_and_lost(house)
        house.pass_time(minutes=3)
    house.worker(ok).deliver_due()
    assert house.state(key) is State.FAILED
    assert house.failed == [(key, "cut-off")]
    assert house.attempts(key) == [(1, "unknown", "cut-off"), (2, "unknown", "cut-off")]


def test_many_lost_leases_are_settled_at_once(house):
    keys = [house.add(f"case-{number}") for number in range(10)]
    lost = house.worker(ok)
    assert len(lost._ledger.claim(10)) == 10
    house.pass_time(minutes=3)
    assert house.worker(ok).deliver_due() == 10
    assert all(house.state(key) is State.DELIVERED for key in keys)


def taken_over(house, delivery):
    """Another replica finds the lease run out, while it claims something else."""
    house.pass_time(minutes=3)
    other = house.add("other")
    claimed = house.worker(ok)._ledger.claim(2)
    assert [each.id for each in claimed] == [other]
    assert house.state(delivery.id) is State.UNKNOWN


def test_a_late_success_counts_while_nobody_has_sent_again(house):
    key = house.add()
    slow = house.worker(ok)
    (delivery,) = slow._ledger.claim(1)
    taken_over(house, delivery)
    slow._ledger.record(delivery, Receipt("250"))
    assert house.state(key) is State.DELIVERED
    assert house.worker(ok).deliver_due() == 0


def test_a_stale_worker_cannot_record_over_the_one_that_took_over(house):
    key = house.add()
    slow = house.worker(ok)
    (delivery,) = slow._ledger.claim(1)
    house.pass_time(minutes=3)
    (again,) = house.worker(ok)._ledger.claim(1)
    slow._ledger.record(delivery, Permanent("http-410"))
    assert house.state(key) is State.SENDING
    assert house.failed == []
    assert again.attempt == 2


def test_a_broken_line_after_handing_over_is_in_doubt_and_resent_once(house):
    key = house.add()
    worker = house.worker(lambda delivery: InDoubt("smtp-cut-off"))
    worker.deliver_due()
    assert house.state(key) is State.UNKNOWN
    assert house.minutes_until_due(key) == pytest.approx(1, abs=0.1)
    house.pass_time(minutes=1)
    worker.deliver_due()
    assert house.state(key) is State.FAILED
    assert house.failed == [(key, "smtp-cut-off")]


def test_doubt_remains_when_the_resend_fails_for_the_moment(house):
    key = house.add()
    answers = [InDoubt("smtp-cut-off"), Temporary("smtp-421"), Receipt("250")]
    worker = house.worker(lambda delivery: answers.pop(0))
    worker.deliver_due()
    house.pass_time(minutes=1)
    worker.deliver_due()
    assert house.state(key) is State.UNKNOWN
    house.pass_time(minutes=5)
    worker.deliver_due()
    assert house.state(key) is State.DELIVERED


def test_a_channel_may_find_that_nobody_wants_it_any_more(house):
    key = house.add()
    house.worker(lambda delivery: Superseded("expired")).deliver_due()
    assert house.state(key) is State.SUPERSEDED
    assert house.failed == []
    assert house.attempts(key) == [(1, "superseded", "expired")]


def supersede(house, key, reason="cancelled"):
    with UnitOfWork(house.engine) as uow:
        stopped = house.tables.supersede(uow.session, house.tables.delivery.c.id == key, reason)
        uow.commit()
    return stopped


def test_what_was_not_sent_yet_is_superseded(house):
    key = house.add()
    assert supersede(house, key) == [key]
    assert supersede(house, key) == []
    assert house.state(key) is State.SUPERSEDED
    assert house.worker(ok).deliver_due() == 0


def test_what_waits_for_another_attempt_is_superseded(house):
    key = house.add()
    house.worker(lambda delivery: Temporary("http-500")).deliver_due()
    assert supersede(house, key) == [key]


@pytest.mark.parametrize(
    ("result", "ends_as"),
    [
        (Receipt("250"), State.DELIVERED),
        (Temporary("http-500"), State.SUPERSEDED),
        (Permanent("http-410"), State.SUPERSEDED),
        (InDoubt("smtp-cut-off"), State.UNKNOWN),
    ],
)
def test_what_is_being_sent_ends_by_itself_without_another_attempt(house, result, ends_as):
    key = house.add()

    def meanwhile(delivery):
        assert supersede(house, key) == []
        return result

    worker = house.worker(meanwhile)
    worker.deliver_due()
    assert house.state(key) is ends_as
    assert house.row(key).due is None
    assert worker.deliver_due() == 0
    assert house.failed == []


def test_what_was_cut_off_and_is_no_longer_wanted_stays_unknown(house):
    key = house.add()
    claimed_and_lost(house)
    supersede(house, key)
    house.pass_time(minutes=3)
    assert house.worker(ok).deliver_due() == 0
    assert house.state(key) is State.UNKNOWN
    assert house.row(key).due is None
    assert house.row(key).ended is not None


def test_a_doubtful_one_that_the_channel_finds_unwanted_stays_unknown(house):
    key = house.add()
    claimed_and_lost(house)
    house.pass_time(minutes=3)
    house.worker(lambda delivery: Superseded("closed")).deliver_due()
    assert house.state(key) is State.UNKNOWN


def test_one_of_which_its_sender_knows_that_it_never_left_is_superseded(house):
    key = house.add()
    claimed_and_lost(house)
    house.pass_time(minutes=3)
    house.worker(lambda delivery: Superseded("closed", never_left=True)).deliver_due()
    assert house.state(key) is State.SUPERSEDED
    assert house.attempts(key)[0] == (1, "unknown", "cut-off")


def test_a_failed_delivery_can_be_given_a_fresh_schedule(house):
    key = house.add()
    house.worker(lambda delivery: Permanent("http-410")).deliver_due()
    with UnitOfWork(house.engine) as uow:
        assert house.tables.retry(uow.session, house.tables.delivery.c.id == key) == [key]
        assert house.tables.retry(uow.session, house.tables.delivery.c.id == key) == []
        uow.commit()
    house.worker(ok).deliver_due()
    assert house.state(key) is State.DELIVERED
    assert [number for number, _, _ in house.attempts(key)] == [1, 2]


def test_what_waits_for_a_person_is_left_to_the_person(house):
    key = house.add(asleep=True)
    assert house.worker(ok).deliver_due() == 0
    assert house.state(key) is State.QUEUED


def test_the_loop_sends_what_is_added_while_it_runs_and_stops(house):
    workers = WorkerGroup([house.worker(ok)])
    workers.start()
    key = house.add()
    house.wake.set()
    deadline = time.monotonic() + 60
    while not house.delivered and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers.stop() == []
    assert house.delivered == [key]


def test_a_database_that_is_away_when_recording_does_not_lose_the_receipt(house):
    key = house.add()
    broken: list[bool] = []

    def break_once(connection, cursor, statement, *rest):
        if "UPDATE delivery_attempt" in statement and not broken:
            broken.append(True)
            raise OperationalError(statement, {}, Exception("server closed the connection"))

    event.listen(house.engine, "before_cursor_execute", break_once)
    house.worker(ok).deliver_due()
    assert broken
    assert house.state(key) is State.DELIVERED
    assert len(house.sent) == 1


def test_waits_are_spread_and_end():
    schedule = Schedule(delays=minutes(1, 10), jitter=0.5, longest=timedelta(hours=1))
    assert schedule.wait(1, chance=lambda: 0.0) == timedelta(minutes=1)
    assert schedule.wait(2, chance=lambda: 1.0) == timedelta(minutes=15)
    assert schedule.wait(3) is None
    assert schedule.wait(1, timedelta(days=9), chance=lambda: 0.0) == timedelta(hours=1)
    assert schedule.wait(1, timedelta(seconds=-5), chance=lambda: 0.0) == timedelta(minutes=1)


KILLED_AFTER_SENDING = """
import os, signal, sys
from sqlalchemy import MetaData
from shared.database import create_engine
from shared.delivery import DeliveryTables, DeliveryWorker, Schedule, minutes
from shared.worker import Wake

url, sink = sys.argv[1:]
metadata = MetaData()

def send(delivery):
    with open(sink, "a") as taken:
        taken.write(f"{delivery.id}\\n")
        taken.flush()
        os.fsync(taken.fileno())
    os.kill(os.getpid(), signal.SIGKILL)

DeliveryWorker(
    name="doomed", engine=create_engine(url, pool_size=2, application_name="doomed"),
    tables=DeliveryTables(metadata), send=send, wake=Wake(),
    schedule=lambda channel: Schedule(minutes(1)), lease_seconds=1,
).deliver_due()
"""


def test_a_process_that_is_killed_after_sending_has_its_delivery_resent_once(house, tmp_path):
    key = house.add()
    taken = tmp_path / "taken"
    url = house.engine.url.render_as_string(hide_password=False)
    doomed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_SENDING, url, str(taken)], timeout=60, check=False
    )
    assert doomed.returncode == -signal.SIGKILL
    assert house.state(key) is State.SENDING
    time.sleep(1.1)
    house.worker(ok).deliver_due()
    assert taken.read_text().split() == [str(key)]
    assert [each.id for each in house.sent] == [key]
    assert house.sent[0].doubtful
    assert house.attempts(key) == [(1, "unknown", "cut-off"), (2, "delivered", "250")]


def test_when_nothing_more_is_due_a_worker_rests_and_again_when_it_stops(house):
    rests = []
    key = house.add()
    worker = house.worker(ok, rest=lambda: rests.append(house.state(key)))
    group = WorkerGroup([worker])
    group.start()
    deadline = time.monotonic() + 60
    while not rests or rests[-1] is not State.DELIVERED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert group.stop() == []
    assert State.SENDING not in rests
