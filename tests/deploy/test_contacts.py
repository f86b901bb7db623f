"""What the demo and an operator tell notifications of hubs and contacts before anybody is asked."""

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.commands.consortium import app
from deploy.demo import news
from deploy.demo.clients import PROVIDER
from deploy.demo.consortium import HUBS
from deploy.demo.contacts import load_contacts
from deploy.demo.directory import dataset
from deploy.demo.story import principal_of
from services.notifications.announcements.reading import current
from services.providers.loading import load_directory
from shared.database import UnitOfWork, create_engine
from shared.messaging.outbox import Outbox
from shared.migrate import migrate

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "consortium.example.toml")


@pytest.fixture
def notifications(database):
    engine = create_engine(
        database("notifications", partial(migrate, "notifications")),
        pool_size=2,
        application_name="test",
    )
    yield engine
    engine.dispose()


def rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_every_demo_provider_can_be_reached_before_an_event_has_come(notifications):
    listings = dataset()
    load_contacts(notifications, listings)
    providers = {str(each.id) for each in listings.organizations}
    reached = rows(notifications, "select distinct party from contact where active")
    assert providers <= {party for (party,) in reached}
    placed = dict(rows(notifications, "select party, hub from party_hub"))
    assert all(placed[str(each.id)] == each.kersey.hub for each in listings.organizations)
    assert all(placed[str(hub.team)] == hub.code for hub in HUBS)


def test_what_was_changed_since_outlives_a_reload(notifications):
    listings = dataset()
    few = replace(listings, organizations=listings.organizations[:3], services=())
    load_contacts(notifications, few)
    with notifications.begin() as connection:
        connection.execute(text("update contact set address = 'changed@x.example'"))
    load_contacts(notifications, few)
    assert rows(notifications, "select distinct address from contact") == [("changed@x.example",)]


def test_whoever_signs_in_to_the_demo_first_finds_news_of_their_hub(notifications):
    listings = dataset()
    own = replace(
        listings,
        organizations=[each for each in listings.organizations if each.id == PROVIDER],
        services=(),
    )
    load_contacts(notifications, own)
    news.load(notifications, "Europe/London")
    with notifications.begin() as connection:
        connection.execute(text("update announcement set last_day = last_day + 1"))
    kept = "select id, version, last_day from announcement order by id"
    before = rows(notifications, kept)
    news.load(notifications, "Europe/London")
    assert rows(notifications, kept) == before, "what a hub changed is left alone"

    today = datetime.now(ZoneInfo("Europe/London")).date()
    with UnitOfWork(notifications) as uow:
        read = {
            client: {row[0].title for row in current(uow, principal_of(client), today)}
            for client in ("link-worker", "provider", "ehr")
        }
    assert "Come and meet the groups" in read["link-worker"] & read["provider"]
    assert read["link-worker"] != read["provider"]
    assert read["ehr"] == set()
    states = rows(notifications, "select state, count(*) from announcement group by 1 order by 1")
    assert states == [("draft", 1), ("published", 3)]


def test_an_operators_consortium_is_told_to_notifications_and_the_directory(
    notifications, database, monkeypatch
):
    file = EXAMPLE
    url = database("referrals_alone", partial(migrate, "referrals"))
    monkeypatch.setenv("KERSEY_DATABASE_URL", url)
    monkeypatch.setenv("KERSEY_PAGING_KEY", "p" * 40)
    untold = CliRunner().invoke(app, ["load", file])
    assert untold.exit_code == 0, untold.output
    assert "KERSEY_NOTIFICATIONS_DATABASE_URL is not set" in untold.output
    assert "KERSEY_PROVIDERS_DATABASE_URL is not set" in untold.output
    assert rows(notifications, "select * from hub") == []
    at = notifications.url.render_as_string(hide_password=False)
    providers = database("providers_alone", partial(migrate, "providers"))
    told = CliRunner().invoke(
        app,
        ["load", file, "--notifications-database-url", at, "--providers-database-url", providers],
    )
    assert told.exit_code == 0, told.output
    assert rows(notifications, "select code from hub") == [("bradford",)]
    assert rows(notifications, "select hub, said_by from party_hub") == [("bradford", "declared")]
    directory = create_engine(providers, pool_size=1, application_name="tests")
    declared = tomllib.loads(Path(file).read_text())["hubs"]
    assert rows(directory, "select code, name, organisation from hub") == [
        (hub["code"], hub["name"], UUID(hub["organisation"])) for hub in declared
    ]
    directory.dispose()


def test_a_provider_moves_and_a_hub_that_is_not_named_any_more_is_told(
    notifications, database, monkeypatch, tmp_path
):
    at = notifications.url.render_as_string(hide_password=False)
    providers = database("providers_moving", partial(migrate, "providers"))
    referrals = database("referrals_moving", partial(migrate, "referrals"))
    monkeypatch.setenv("KERSEY_DATABASE_URL", referrals)
    monkeypatch.setenv("KERSEY_PAGING_KEY", "p" * 40)
    monkeypatch.setenv("KERSEY_NOTIFICATIONS_DATABASE_URL", at)
    monkeypatch.setenv("KERSEY_PROVIDERS_DATABASE_URL", providers)
    directory = create_engine(providers, pool_size=2, application_name="tests")
    listings = dataset()
    few = replace(listings, organizations=listings.organizations[:1], services=())
    load_directory(directory, Outbox("kersey/providers"), few)
    key, said = few.organizations[0].id, Path(EXAMPLE).read_text("utf-8")
    file = tmp_path / "consortium.toml"
    craven = f'[[hubs]]\ncode = "craven"\nname = "Craven"\norganisation = "{uuid4()}"\n'
    moved = "".join(
        f'[[providers]]\norganisation = "{each}"\nhub = "craven"\n' for each in (key, UUID(int=1))
    )
    file.write_text(f"{said}\n{craven}\n{moved}", "utf-8")
    told = CliRunner().invoke(app, ["load", str(file)])
    assert told.exit_code == 0, told.output
    assert f"lists no provider {UUID(int=1)}" in told.output
    assert "calderdale, kirklees, leeds, wakefield" in told.output
    assert rows(directory, "select id, hub from organization") == [(key, "craven")]
    placed = dict(rows(notifications, "select party, hub from party_hub"))
    assert placed[str(key)] == "craven"
    file.write_text(f"{said}\n{moved}", "utf-8")
    refused = CliRunner().invoke(app, ["load", str(file)])
    assert "names the hub craven, which is not declared" in str(refused.exception)
    directory.dispose()
