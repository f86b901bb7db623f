"""Everything that is stored says how long it is kept and what an erasure does with it (care 9)."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql

from deploy.services import SERVICES
from deploy.subjects import must_confirm
from services.identity import retention as identity
from services.notifications import holdings as notifications
from services.portal import retention as portal
from services.providers import retention as providers
from services.referrals.subject import holdings as referrals
from shared.holdings import Holding
from shared.retention import RecordClass, markdown, missing

ROOT = Path(__file__).parents[2]
NAMES = [each.name for each in SERVICES]

HOLDINGS: dict[str, tuple[Holding, ...]] = {
    "identity": (),
    "providers": (),
    "referrals": referrals.HOLDINGS,
    "notifications": notifications.HOLDINGS,
    "portal": (),
}
NOBODY = {
    "identity": identity.NOBODY,
    "providers": providers.NOBODY,
    "referrals": referrals.NOBODY,
    "notifications": notifications.NOBODY,
    "portal": portal.NOBODY,
}
EVERY = [(service, each) for service in NAMES for each in HOLDINGS[service]]


def records(service: str) -> tuple[RecordClass, ...]:
    (found,) = [each for each in SERVICES if each.name == service]
    return found.compose().retention.records


def tables(service: str) -> dict[str, Table]:
    schema: MetaData | list[MetaData] = import_module(f"services.{service}.tables").schema()
    parts = schema if isinstance(schema, list) else [schema]
    return {table.name: table for part in parts for table in part.sorted_tables}


@pytest.mark.parametrize("service", NAMES)
def test_every_table_says_how_long_it_is_kept(service: str):
    named = [name for each in records(service) for name in each.tables]
    assert missing(records(service), tables(service)) == set()
    assert sorted(named) == sorted(set(named)), "no table has two lengths"
    assert set(named) <= set(tables(service)), "no table that there is not"


@pytest.mark.parametrize("service", NAMES)
def test_every_length_has_somebody_who_ends_it(service: str):
    (found,) = [each for each in SERVICES if each.name == service]
    retention = found.compose().retention

    class Nowhere:
        """An engine that nobody connects."""

    ends = retention.expiries(_settings(), Nowhere())
    assert set(ends) == {each.name for each in retention.records if each.length}


def _settings() -> Any:
    from deploy.every_database import referrals_settings
    from deploy.settings import OperatorSettings

    return referrals_settings(OperatorSettings())


@pytest.mark.parametrize("service", NAMES)
def test_every_table_says_whom_it_concerns(service: str):
    about = {each.table.name for each in HOLDINGS[service]}
    if service == "referrals":
        about |= set(referrals.DOCUMENTS)
    nobody = set(NOBODY[service])
    assert about & nobody == set()
    assert about | nobody == set(tables(service))


@pytest.mark.parametrize(
    ("service", "holding"), EVERY, ids=[f"{name}-{each.table.name}" for name, each in EVERY]
)
def test_no_column_that_may_hold_words_outlives_an_erasure_undecided(
    service: str, holding: Holding
):
    assert holding.undecided() == []
    assert holding.emptied is None or holding.stays, "what stays has a reason"
    for column in (*holding.found_by, *(holding.emptied or {}), *holding.codes):
        assert column in holding.table.c


@pytest.mark.parametrize("service", NAMES)
def test_every_column_that_is_a_key_of_a_person_is_followed(service: str):
    followed = {(each.table.name, column) for each in HOLDINGS[service] for column in each.found_by}
    for name, table in tables(service).items():
        if name in referrals.DOCUMENTS or name in NOBODY[service]:
            continue
        for column in table.c:
            leads = {key.target_fullname for key in column.foreign_keys} & {"person.id"}
            if leads and column.name != "merged_into":
                assert (name, column.name) in followed, f"{name}.{column.name}"


def test_the_operators_guide_has_the_declared_table():
    declared = {service: records(service) for service in NAMES}
    assert markdown(declared) in (ROOT / "docs" / "guides" / "operator.md").read_text("utf-8")


def test_whoever_holds_something_beside_referrals_must_confirm():
    assert set(must_confirm()) == {name for name in NAMES if HOLDINGS[name]} - {"referrals"}


def test_a_condition_without_traces_finds_nobody():
    for holding in referrals.HOLDINGS:
        condition = holding.concerns({}).compile(dialect=postgresql.dialect())
        assert str(condition) == "false"
