"""What others keep of cases: whose each is, what stops messages, which hold a place, who was told.

A copy is read before its owner wherever what is on its way could look like drift otherwise.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from deploy.reconciling.drift import Databases, Drift
from services.notifications.domain import of_person
from services.notifications.republishing import LAST
from services.notifications.tables import Answered, CaseOrder, Stopped
from services.providers.rows import table
from services.referrals.domain import AWAITING_ANSWER, Kind
from services.referrals.record import STOPS, stops_of
from services.referrals.republishing import APART
from services.referrals.tables import Case, CaseTask, Person
from shared.delivery import State
from shared.messaging.events import Sequence as Place

HOLDS_A_PLACE = frozenset({"selected", "started", "attended"})


def held_by(databases: Databases) -> Iterator[Drift]:
    """Which team and hub notifications takes for a case's."""
    to = "notifications.cases"
    with Session(databases["notifications"]) as session:
        orders = {row.case: row for row in session.execute(select(CaseOrder)).scalars()}
    with Session(databases["referrals"]) as session:
        told = select(Case).where(~col(Case.id).in_(APART))
        known = {row.id: row for row in session.execute(told).scalars()}
    for key, case in known.items():
        copy = orders.pop(key, None)
        if case.erased or case.updated >= databases.before:
            continue
        mend = f"`kersey republish referrals --to {to}`"
        if copy is None:
            yield Drift(f"{to}: a case is missing", str(key), mend)
        elif copy.placed and Place.parse(copy.placed).version > case.version:
            mend += " with `--restored`, if referrals is right"
            yield Drift(f"{to}: a case is newer than referrals'", str(key), mend)
        elif (copy.team, copy.hub) != (str(case.team) if case.team else copy.team, case.hub):
            yield Drift(f"{to}: a case is another team's or hub's", str(key), mend)
    for key, copy in orders.items():
        if copy.placed:  # an erasure leaves a row that was never placed here
            mend = "referrals has lost it: ask its sender to send the referral again"
            yield Drift(f"{to}: a case that referrals does not know", str(key), mend)


def stopped(databases: Databases) -> Iterator[Drift]:
    """What notifications takes to stand of persons: died, restricted, do not contact (care 13)."""
    to = "notifications.cases"
    with Session(databases["referrals"]) as session:
        of_a_case = select(col(Case.person)).where(
            col(Case.erased).is_(None), col(Case.updated) < databases.before
        )
        persons = select(Person).where(col(Person.id).in_(of_a_case))
        rows = session.execute(persons).scalars().all()
    with Session(databases["notifications"]) as session:
        noted = set(session.execute(select(col(Stopped.about))).scalars())
    for person in rows:
        standing = stops_of(person)
        if any((of_person(person.id, stop) in noted) != (stop in standing) for stop in STOPS):
            mend = f"`kersey republish referrals --to {to}`"
            yield Drift(f"{to}: what stops messages to a person", str(person.id), mend)


def places(databases: Databases) -> Iterator[Drift]:
    """Which requests the directory counts as holding a place."""
    to = "providers.places"
    source, service = table("place_taken"), table("service")
    with Session(databases["providers"]) as session:
        run = session.connection().execute
        held = set(run(select(source.c.task_id).where(source.c.taken, ~source.c.ended)).scalars())
        listed = set(run(select(service.c.id)).scalars())
    with Session(databases["referrals"]) as session:
        wanted = select(CaseTask).where(
            col(CaseTask.kind) == Kind.PROVIDER, ~col(CaseTask.case).in_(APART)
        )
        tasks = {UUID(row.id): row for row in session.execute(wanted).scalars()}
    for key, task in tasks.items():
        holds = task.business in HOLDS_A_PLACE and task.service in listed
        if task.updated < databases.before and holds != (key in held):
            mend = f"`kersey republish referrals --to {to}`"
            yield Drift(f"{to}: a place is counted wrongly", str(key), mend)
    for key in sorted(held - tasks.keys()):
        mend = "referrals has lost the request: have its provider say how many places there are"
        yield Drift(f"{to}: a place held for nobody", str(key), mend)


def endings(databases: Databases) -> Iterator[Drift]:
    """How the message ended by which each provider was last asked, as the worklist shows it."""
    to = "referrals.arrivals"
    with databases["notifications"].connect() as connection:
        last = {str(row.task): row for row in connection.execute(LAST).all()}
    waits = col(CaseTask.business) == AWAITING_ANSWER.business
    with Session(databases["referrals"]) as session:
        states = select(col(CaseTask.id), col(CaseTask.delivery_state)).where(
            col(CaseTask.kind) == Kind.PROVIDER, waits | col(CaseTask.delivery_state).is_not(None)
        )
        heard = {row.id: row.delivery_state for row in session.execute(states)}
    for task, row in last.items():
        told = "delivered" if row.state == State.DELIVERED.value else "failed"
        if row.ended < databases.before and heard.get(task, told) != told:
            mend = f"`kersey republish notifications --to {to}`"
            yield Drift(f"{to}: how the last message ended", task, mend)


def lost_answers(databases: Databases) -> Iterator[Drift]:
    """Requests that a provider has answered, as notifications knows, and that wait in referrals."""
    waits = select(col(CaseTask.id)).where(
        col(CaseTask.kind) == Kind.PROVIDER, col(CaseTask.business) == AWAITING_ANSWER.business
    )
    with Session(databases["notifications"]) as session:
        answered = set(session.execute(select(col(Answered.task))).scalars())
    with Session(databases["referrals"]) as session:
        waiting = {UUID(key) for key in session.execute(waits).scalars()}
    for key in sorted(waiting & answered):
        mend = "referrals has lost the answer: ask the provider for it again"
        yield Drift("referrals: an answer was lost", str(key), mend)
