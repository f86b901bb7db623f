"""A listing's document is never older than the listing, whoever wrote it and how."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from deploy.reconciling.drift import Databases
from deploy.reconciling.listings import gathered
from services.providers import documents, gathering, publishing
from services.providers.rounds import rounds
from services.providers.tables import schema
from shared.database import UnitOfWork, create_engine
from shared.migrate import migrate
from tests.infrastructure.postgres import NewDatabase
from tests.providers.conftest import House
from tests.providers.listings import key, north, service, weekly
from tests.providers.test_match import ask

CHOIR = service(
    "Choir",
    needs=["loneliness"],
    access=["step-free"],
    at=north(500),
    contacts=[{"name": "Desk", "phones": [{"number": "01632 960000"}]}],
    schedules=[weekly("TU")],
    cost=3,
)
PATH = f"/directory/services/{CHOIR.id}"


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(house.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(house.engine, "before_cursor_execute", note)


def run(house: House, statement: str, **given: Any) -> None:
    with house.engine.begin() as connection:
        connection.execute(text(statement), given)


def publish(house: House) -> None:
    """The service alone, without the taxonomies that `House.load` brings."""
    outbox, lasts = house.directory.outbox, timedelta(days=28)
    with UnitOfWork(house.engine) as uow:
        assert CHOIR.id
        publishing.services(uow, outbox, {CHOIR.id: CHOIR}, house.now, capacity_lasts=lasts)
        uow.commit()


def until_somebody_waits(house: House) -> None:
    """For a lock, in this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + 60
    with house.engine.connect() as connection:
        while not connection.execute(waiting).scalar_one():
            connection.rollback()
            assert time.monotonic() < end, "nobody waits"
            time.sleep(0.01)


def test_a_listing_is_read_by_one_statement_however_many_there_are(house: House) -> None:
    house.load(CHOIR, *(service(f"Group {n}", at=north(n), cost=n) for n in range(12)))
    assert house.count("service_document") == 13
    with statements(house) as sent:
        page = house.get("/directory/services", full="true")
    assert len(page["contents"]) == 13
    assert len(sent) == 3  # which, how many, and what they say


def test_room_and_last_change_are_read_from_where_they_move(house: House) -> None:
    house.load(CHOIR)
    before = house.get(PATH)
    house.send("PUT", f"{PATH}/capacity", {"state": "taking", "places": 4})
    assert house.count("service_document") == 1
    after = house.get(PATH)
    assert [each["available"] for each in after["capacities"]] == [4]
    differ = {name for name in after if after[name] != before.get(name)}
    assert differ <= {"capacities", "last_modified"}


WRITTEN = {
    "service": ("UPDATE service SET fees = 'written past it'", ("fees",)),
    "organization": ("UPDATE organization SET name = 'written past it'", ("organization", "name")),
    "location": (
        "UPDATE location SET transportation = 'written past it'",
        ("service_at_locations", 0, "location", "transportation"),
    ),
    "term": (
        "UPDATE taxonomy_term SET name = 'written past it' WHERE code = 'loneliness'",
        ("attributes", 0, "taxonomy_term", "name"),
    ),
    "term of a place": (
        "UPDATE taxonomy_term SET description = 'written past it' WHERE code = 'step-free'",
        (
            "service_at_locations",
            0,
            "location",
            "attributes",
            0,
            "taxonomy_term",
            "description",
        ),
    ),
    "taxonomy": (
        "UPDATE taxonomy SET name = 'written past it' WHERE code = 'need'",
        ("attributes", 0, "taxonomy_term", "taxonomy"),
    ),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_whatever_is_written_is_read_even_past_the_handlers(house: House, written: str) -> None:
    statement, path = WRITTEN[written]
    house.load(CHOIR)
    run(house, statement)
    assert house.count("service_document") == 0
    found = house.get(PATH)
    for step in path:
        found = found[step]
    assert found == "written past it"
    assert documents.fill(house.engine) == 1
    assert house.count("service_document") == 1


def test_the_same_taxonomies_again_take_no_document_away(house: House) -> None:
    house.load(CHOIR)
    house.load()
    assert house.count("service_document") == 1


def test_a_document_lacks_what_moves_by_itself(house: House) -> None:
    house.load(CHOIR)
    with UnitOfWork(house.engine) as uow:
        (said,) = gathering.documents(uow.session, [key("Choir")]).values()
    assert not said.keys() & {"last_modified", "capacities"}
    moves = {"version", "tier", "tier_until", "tier_missing", "capacity", "assurance"}
    assert not said["kersey"].keys() & moves


def test_a_document_gone_wrong_is_told_and_mended(house: House) -> None:
    house.load(CHOIR, service("Group"))
    run(
        house,
        "UPDATE service_document SET body = replace(body, 'Choir', 'Quire')"
        " WHERE service_id = :key",
        key=key("Choir"),
    )
    drift = list(gathered(Databases({"providers": house.engine}, house.now)))
    assert [(each.id, each.mend) for each in drift] == [
        (f"service/{key('Choir')}", "`kersey reindex`")
    ]
    assert documents.renew(house.engine) == 1
    assert list(documents.differing(house.engine)) == []
    assert house.get(PATH)["name"] == "Choir"


def test_what_a_former_version_wrote_is_matched_alike_and_filled_up(house: House) -> None:
    house.load(CHOIR)
    before = ask(house, needs=["loneliness"])
    assert [each["service"]["name"] for each in before["matches"]] == ["Choir"]
    run(house, "UPDATE service_document SET offer = NULL")
    assert ask(house, needs=["loneliness"]) == before
    assert documents.fill(house.engine) == 1
    assert ask(house, needs=["loneliness"]) == before
    run(house, "UPDATE service_document SET offer = replace(offer, 'Choir', 'Quire')")
    (shown,) = ask(house, needs=["loneliness"])["matches"]
    assert shown["service"]["name"] == "Quire", "it is what is read"
    assert list(documents.differing(house.engine)) == [key("Choir")]
    assert documents.renew(house.engine) == 1


def test_a_place_comes_with_its_address_and_without_what_its_terms_mean(house: House) -> None:
    house.load(CHOIR)
    (shown,) = ask(house, needs=["loneliness"])["matches"]
    (whole,) = house.get(PATH)["service_at_locations"]
    assert shown["access"] == {"step-free": True}
    assert whole["location"]["attributes"]
    assert shown["location"] == {
        name: value for name, value in whole["location"].items() if name != "attributes"
    }


def test_the_rounds_gather_what_is_missing(house: House) -> None:
    house.load(CHOIR)
    run(house, "DELETE FROM service_document")
    every = rounds(house.directory, house.app.state.settings)
    assert every["documents"]() == 1
    assert house.count("service_document") == 1


def test_a_taxonomy_renamed_while_a_listing_is_published_is_in_its_document(house: House) -> None:
    """The publisher waits for whoever changes the taxonomy, and reads what it then says."""
    house.load()
    writer = threading.Thread(target=publish, args=(house,), daemon=True)
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE taxonomy SET name = 'Wants' WHERE code = 'need'"))
        writer.start()
        until_somebody_waits(house)
    writer.join(60)
    assert not writer.is_alive()
    assert house.count("service_document") == 1
    names = [each["taxonomy_term"]["taxonomy"] for each in house.get(PATH)["attributes"]]
    assert names == ["Wants"]


def test_the_triggers_that_the_code_declares_are_those_that_migrations_make(
    database: NewDatabase,
) -> None:
    """Tables are compared elsewhere; nothing there looks at triggers."""
    made, declared = database(), database()
    migrate("providers", made)
    engine = create_engine(declared, pool_size=1, application_name="tests")
    schema().create_all(engine)
    engine.dispose()
    assert triggers(made) == triggers(declared) != []


def triggers(url: str) -> list[Any]:
    engine = create_engine(url, pool_size=1, application_name="tests")
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT pg_get_triggerdef(pg_trigger.oid), prosrc"
                " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
                " WHERE NOT tgisinternal ORDER BY 1"
            )
        ).all()
    engine.dispose()
    return [tuple(row) for row in found]
