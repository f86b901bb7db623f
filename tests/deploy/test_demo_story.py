"""The demo's referrals and people: what stands there once the demo is loaded, on any day."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, text

from deploy.demo.clients import CLIENTS
from deploy.demo.directory import dataset
from deploy.demo.people import for_the_hub, people
from deploy.demo.story_clock import present
from deploy.demo_data import load_referrals
from services.referrals.clock import Clock
from services.referrals.desk import Desk
from services.referrals.domain import Kind, states
from services.referrals.served import SERVED
from services.referrals.settings import ReferralsSettings
from shared.database import create_engine
from shared.messaging.outbox import Outbox
from shared.migrate import migrate
from shared.worker import Wake
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import settings_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TODAY = datetime.now(UTC)
NEXT_YEAR = (TODAY + timedelta(days=365)).replace(hour=0, minute=5)
"""A year ahead, and before the hour at which the story ends."""


@dataclass
class Loaded:
    """The demo's referrals, loaded on a day."""

    engine: Engine
    settings: ReferralsSettings
    now: datetime

    def load(self, now: datetime) -> None:
        load_referrals(self.engine, self.settings, dataset(), now)

    def let_the_clock_look(self) -> int:
        """Run the clock an hour after the loading; how many requests it closed."""
        later = self.now + timedelta(hours=1)
        outbox = Outbox("kersey/referrals", Wake())
        desk = Desk(self.engine, outbox, SERVED, self.settings, lambda: later)
        return Clock(desk).close_unanswered()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def scalar(self, statement: str) -> Any:
        ((value,),) = self.rows(statement)
        return value


@contextmanager
def loaded_at(now: datetime, module_database: NewDatabase) -> Iterator[Loaded]:
    url = module_database("referrals_alone", partial(migrate, "referrals"))
    engine = create_engine(url, pool_size=2, application_name="test")
    try:
        demo = Loaded(engine, settings_for(url), now)
        demo.load(now)
        yield demo
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def demo(module_database: NewDatabase) -> Iterator[Loaded]:
    """Loaded today."""
    with loaded_at(TODAY, module_database) as demo:
        yield demo


@pytest.fixture(scope="module")
def next_year(module_database: NewDatabase) -> Iterator[Loaded]:
    """Loaded a year from now."""
    with loaded_at(NEXT_YEAR, module_database) as demo:
        yield demo


@pytest.fixture(params=["demo", "next_year"])
def on_a_day(request: pytest.FixtureRequest) -> Loaded:
    """On the one day and on the other."""
    demo: Loaded = request.getfixturevalue(request.param)
    return demo


def test_referrals_are_in_every_state_and_stay_so_when_the_clock_looks(on_a_day: Loaded):
    assert on_a_day.let_the_clock_look() == 0
    found = on_a_day.rows("select distinct kind, status || '/' || business from case_task")
    every = {(str(kind), str(state)) for kind in Kind for state in states(kind)}
    assert set(found) == every


def test_the_story_ends_on_the_day_of_its_loading_and_knows_no_later_one(on_a_day: Loaded):
    latest = on_a_day.scalar("select max(updated) from case_task")
    assert latest == present(on_a_day.now)
    assert on_a_day.now - timedelta(days=1) <= latest <= on_a_day.now
    assert on_a_day.scalar("select max(created) from referral_case") <= latest
    # Whoever waits for an answer or a place was asked a few days ago.
    waiting = on_a_day.scalar(
        "select min(created) from case_task where kind = 'provider'"
        " and business in ('awaiting-answer', 'waiting-list')"
    )
    assert on_a_day.now - waiting < timedelta(days=8)


@pytest.mark.parametrize("client", ["provider", "provider-2"])
def test_both_demo_providers_have_something_to_answer(demo: Loaded, client: str):
    asked = demo.rows("select owner from case_task where business = 'awaiting-answer'")
    assert (CLIENTS[client].organisation,) in asked


def test_what_is_there_is_left_alone_at_a_later_start(demo: Loaded):
    everything = (
        "select (select count(*) from document_version), (select count(*) from outbox),"
        " (select count(*) from equality_characteristic), (select count(*) from access_need),"
        " (select count(*) from safe_contact), (select count(*) from wider_consent),"
        " (select max(updated) from person), (select max(updated) from case_task)"
    )
    before = demo.rows(everything)
    demo.load(TODAY + timedelta(days=40))
    assert demo.rows(everything) == before


# --- what the people told ---------------------------------------------------------------------


def test_characteristics_are_the_persons_own_words_beside_the_gps(demo: Loaded):
    told = demo.rows(
        "select characteristic, value, count(*) from equality_characteristic"
        " where source = 'self-stated' group by 1, 2"
    )
    spoken_with = demo.scalar(
        "select count(distinct c.person) from referral_case c"
        " join contact_attempt a on a.case = c.id where a.reached"
    )
    answers: dict[str, Counter[str]] = {}
    for characteristic, value, count in told:
        answers.setdefault(characteristic, Counter())[value] = count
    assert set(answers) == {
        "caring",
        "disability",
        "ethnic-category",
        "gender-identity",
        "religion",
        "sexual-orientation",
    }
    for characteristic, values in answers.items():
        assert values["prefers-not-to-say"] >= 1, characteristic
        assert len(values) >= 3, characteristic
        never_asked = spoken_with - values.total()
        assert never_asked >= 1, characteristic
        assert values.total() > spoken_with / 2, characteristic
    gps = demo.scalar("select count(*) from equality_characteristic where source = 'gp-record'")
    everybody = [*people(), *for_the_hub()]
    said = sum(person.ethnic_category is not None for person in everybody)
    assert gps == len(everybody) + said


def test_what_a_person_told_is_dated_by_the_conversation(demo: Loaded):
    for table in ("access_need", "safe_contact", "wider_consent"):
        assert demo.scalar(f"select count(*) from {table}") > 0
    undated = demo.scalar(
        "select count(*) from equality_characteristic e join referral_case c using (person)"
        " where e.source = 'self-stated' and not exists (select from contact_attempt a"
        " where a.case = c.id and a.reached and a.made = e.recorded)"
    )
    assert undated == 0


def test_each_access_need_is_somebodys(demo: Loaded):
    found = {code for (code,) in demo.rows("select distinct code from access_need")}
    interpreters = {"interpreter-urdu", "interpreter-punjabi", "interpreter-polish"}
    assert found >= interpreters | {"bsl", "easy-read", "large-print", "step-free"}


def test_some_channels_are_unsafe_and_of_most_nobody_knows(demo: Loaded):
    found = Counter(dict(demo.rows("select safe, count(*) from safe_contact group by 1")))
    assert set(found) == {"yes", "no", "unknown"}
    assert found["unknown"] > found.total() / 2
    # A phone that is not safe is not shared with a provider either.
    shared = demo.scalar(
        "select count(*) from agreement join safe_contact using (person)"
        " where channel = 'phone' and safe = 'no' and items ? 'phone'"
    )
    assert shared == 0


def test_wider_consents_are_given_refused_and_not_asked(demo: Loaded):
    found = demo.rows("select purpose, given, count(*) from wider_consent group by 1, 2")
    assert {(purpose, given) for purpose, given, _ in found} == {
        (purpose, given) for purpose in ("research", "stories") for given in (True, False)
    }
    assert sum(count for *_, count in found) < 2 * len(people())


def test_one_person_is_restricted_one_died_one_is_not_to_be_contacted(demo: Loaded):
    flags = demo.rows(
        "select count(*) filter (where restricted), count(*) filter (where died),"
        " count(*) filter (where do_not_contact) from person"
    )
    assert flags == [(1, 1, 1)]


def test_other_services_are_told_whose_messages_stop(demo: Loaded):
    told = demo.rows(
        "select distinct type, subject from outbox where type similar to"
        " 'kersey.person.(died|restricted|do-not-contact).v1'"
    )
    stopped = demo.rows(
        "select c.id::text from referral_case c join person p on p.id = c.person"
        " where p.died or p.restricted or p.do_not_contact"
    )
    assert {subject for _, subject in told} == {f"case/{case}" for (case,) in stopped}
    assert len({kind for kind, _ in told}) == 3


def test_practices_are_told_of_every_route_and_state(demo: Loaded):
    told = demo.rows("select kind, route, state, count(*) from gp_message group by 1, 2, 3")
    assert {kind for kind, *_ in told} == {"first-outcome", "closure"}
    assert {route for _, route, *_ in told} == {"fhir", "print"}
    assert {"waiting", "held", "stopped"} <= {state for _, _, state, _ in told}
