"""One transaction, committed by name."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.database import ReadOnly, UnitOfWork, create_engine, psycopg_url
from tests.infrastructure.postgres import NewDatabase


@pytest.fixture
def engine(database: NewDatabase) -> Iterator[Engine]:
    made = create_engine(database(), pool_size=3, application_name="kersey-tests")
    with made.begin() as connection:
        connection.execute(text("create table loom (id int primary key, cloth text)"))
    yield made
    made.dispose()


def weave(uow: UnitOfWork, key: int, cloth: str = "worsted") -> None:
    uow.session.connection().execute(
        text("insert into loom values (:id, :cloth)"), {"id": key, "cloth": cloth}
    )


def weave_twice(uow: UnitOfWork) -> None:
    weave(uow, 1)
    weave(uow, 1)


def woven(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("select id from loom order by id")).scalars())


def test_what_is_committed_stays(engine: Engine):
    with UnitOfWork(engine) as uow:
        weave(uow, 1)
        uow.commit()
    assert woven(engine) == [1]


def test_what_is_not_committed_did_not_happen(engine: Engine):
    with UnitOfWork(engine) as uow:
        weave(uow, 1)
    assert woven(engine) == []


def test_an_error_undoes_everything_and_goes_on(engine: Engine):
    with pytest.raises(IntegrityError), UnitOfWork(engine) as uow:
        weave_twice(uow)
    assert woven(engine) == []


def test_callbacks_run_once_and_only_after_the_commit(engine: Engine):
    seen: list[list[int]] = []

    def look() -> None:
        seen.append(woven(engine))

    with UnitOfWork(engine) as uow:
        uow.on_commit(look)
        uow.on_commit(look)
        weave(uow, 1)
        assert seen == []
        uow.commit()
        assert seen == [[1]]
        weave(uow, 2)
        uow.commit()
    assert seen == [[1]]


def test_callbacks_of_what_did_not_happen_never_run(engine: Engine):
    called: list[int] = []
    with UnitOfWork(engine) as uow:
        uow.on_commit(lambda: called.append(1))
        weave(uow, 1)
    with UnitOfWork(engine) as uow:
        weave(uow, 1)
        uow.commit()
    with UnitOfWork(engine) as uow:
        uow.on_commit(lambda: called.append(2))
        with pytest.raises(IntegrityError):
            weave(uow, 1)
    assert called == []


def test_connections_go_back_to_the_pool(engine: Engine):
    for key in range(10):  # more than the pool holds
        with UnitOfWork(engine) as uow:
            weave(uow, key)
            if key % 2:
                uow.commit()
    assert woven(engine) == [1, 3, 5, 7, 9]


def test_an_errors_text_holds_no_parameters(engine: Engine):
    with UnitOfWork(engine) as uow:
        weave(uow, 1)
        uow.commit()
    with pytest.raises(DBAPIError) as failed, UnitOfWork(engine) as uow:
        weave(uow, 1, "planted-cloth")
    assert "planted-cloth" not in str(failed.value)


def test_sessions_speak_utc_and_say_who_they_are(engine: Engine):
    with engine.connect() as connection:
        assert connection.execute(text("show timezone")).scalar_one() == "UTC"
        name = connection.execute(text("select current_setting('application_name')"))
        assert name.scalar_one() == "kersey-tests"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_operator_may_write_the_address_as_usual(scheme: str):
    url = psycopg_url(f"{scheme}://role:pw@db:5433/kersey")
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port) == ("role", "pw", "db", 5433)


def test_connections_that_the_server_ended_meanwhile_are_replaced_unseen(engine: Engine):
    with engine.connect() as connection:
        ended = connection.execute(text("select pg_backend_pid()")).scalar_one()
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
    ) as other:
        other.execute("select pg_terminate_backend(%s, 60000)", (ended,))
    with engine.connect() as connection:
        assert connection.execute(text("select pg_backend_pid()")).scalar_one() != ended


def test_what_a_read_had_prepared_stays_prepared(engine: Engine):
    def prepared(work: type[UnitOfWork], asked: str) -> int:
        for _ in range(10):
            with work(engine) as uow:
                uow.session.connection().exec_driver_sql(asked)
        with engine.connect() as connection:
            known = "select count(*) from pg_prepared_statements where statement = %(asked)s"
            return int(connection.exec_driver_sql(known, {"asked": asked}).scalar_one())

    assert prepared(ReadOnly, "select id from loom") == 1
    assert prepared(UnitOfWork, "select cloth from loom") == 0


def test_a_read_that_fails_is_taken_back(engine: Engine):
    def reads_and_fails() -> None:
        with ReadOnly(engine) as uow:
            weave(uow, 1)
            raise LookupError

    with pytest.raises(LookupError):
        reads_and_fails()
    assert woven(engine) == []
