"""The demo's referrals: played through the real use cases, so that no state is made up.

Each person's script says how far the story has come. The clock is set back while it plays, so
that lists show waits and not everything happened today. It is told backwards from the day on which
it is first loaded: what waits for an answer waits for a few days, whichever day that is, and is not
closed at once because its time ran out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from deploy.demo import plans, walk_ins
from deploy.demo.bundle import referral_bundle
from deploy.demo.clients import CLIENTS
from deploy.demo.consortium import hub_of
from deploy.demo.conversation import conversation_with, record
from deploy.demo.ids import demo_id
from deploy.demo.people import DemoPerson, for_the_hub, people
from deploy.demo.scripts import FOR_THE_HUB, LATER, SAME_DAY, SCRIPTS, SERVICES, WEEKLY
from deploy.demo.story_clock import StoryClock
from services.providers.loading import Dataset
from services.referrals import capacities
from services.referrals.desk import Desk
from services.referrals.gp.standing import SHAREABLE, Route
from services.referrals.gp.wishes import Wish
from services.referrals.handlers import (
    answers,
    attending,
    onward,
    sharing,
    stopping,
    talking,
    telling_gp,
    triage,
)
from services.referrals.handlers.listings import organisation_document, put_public
from services.referrals.handlers.practices import set_wish
from services.referrals.record import STOPS, Stop
from services.referrals.resources import healthcare_service
from services.referrals.subject.operators import operator
from services.referrals.tables import (
    Case,
    CaseTask,
    ListedProvider,
    ListedService,
    Person,
)
from services.referrals.writing.writer import ReferralWriter
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.fhir.bundle import BundleContext, WriteEntry
from shared.fhir.patching.merge_patch import MergePatch
from shared.limits import defaults
from shared.messaging.events import Sequence

Progress = Callable[[int, int], None]

MARKED = {"attend": "came", "told-us": "told-us"}
"""Steps that are marks in the register, by their mark."""

ON_PAPER = "ZZK02"
"""The practice that wants its letters on paper."""


@retry(retry=retry_if_exception_type(DBAPIError), stop=stop_after_attempt(5), reraise=True)
def load_listings(desk: Desk, directory: Dataset) -> None:
    """Referrals' copy of the directory, before the directory's own events arrive.

    Where workers run, an event may bring a listing at the same moment: then it is tried again.
    """
    first = str(Sequence(0, 0))
    with desk.work() as uow:
        session = uow.session
        known = set(session.exec(select(ListedService.id)).all())
        for organization in directory.organizations:
            assert organization.id is not None
            if session.get(ListedProvider, organization.id) is None:
                session.add(
                    ListedProvider(
                        id=organization.id, name=organization.name, sequence=first, listing={}
                    )
                )
                organisation_document(desk, uow, organization.id, organization.name)
        for service in directory.services:
            if service.id in known or service.id is None or service.organization_id is None:
                continue
            session.add(
                ListedService(
                    id=service.id,
                    provider=service.organization_id,
                    name=service.name,
                    sequence=first,
                    tier=service.kersey.tier,
                    listing={},
                )
            )
            put_public(
                desk,
                uow,
                healthcare_service(service.id, service.organization_id, service.name, active=True),
            )
        uow.commit()


def play(
    desk: Desk, writer: ReferralWriter, clock: StoryClock, progress: Progress | None = None
) -> int:
    """Play every person's script, once: a database that has cases already is left alone.

    Returns:
        How many referrals were played.
    """
    with desk.work() as uow:
        if uow.session.exec(select(Case.id).limit(1)).first() is not None:
            return 0
        services = uow.session.exec(
            select(ListedService)
            .where(col(ListedService.tier) > onward.SIGNPOST_ONLY)
            .order_by(col(ListedService.name), col(ListedService.id))
        ).all()
    set_wish(desk, operator("demo"), ON_PAPER, Wish(route=Route.PRINT), everywhere=True)
    cast = people()
    scripts = cycle(SCRIPTS)
    for person in cast:
        script = next(scripts) if person.practice.covered else "new"
        _Story(desk, writer, clock, list(services), person).play(script)
        if progress:
            progress(person.number, len(cast))
    more = for_the_hub()
    for person, script in zip(more, FOR_THE_HUB, strict=True):
        _Story(desk, writer, clock, list(services), person, days_since=7).play(script)
    walk_ins.play(desk, clock, principal_of("provider"))
    clock.go_back(0)
    return len(cast) + len(more)


@dataclass
class _Story:
    desk: Desk
    writer: ReferralWriter
    clock: StoryClock
    services: list[ListedService]
    person: DemoPerson
    days_since: int | None = None
    case: UUID | None = None
    request: str = ""
    task: str = ""
    asked: int = 0
    measured: int = 0

    def play(self, script: str) -> None:
        steps = [step for step in script.split() if step != "new"]
        self.clock.go_back(self._age(script) + sum(map(self._days, steps)))
        self._refer()
        for step in steps:
            self.clock.pass_days(self._days(step))
            self._step(step)

    def _age(self, script: str) -> int:
        """For how many days nothing has happened: few, unless the case is closed."""
        if self.days_since is not None:
            return self.days_since
        return self.person.number % 45 if "close:" in script else self.person.number % 4

    def _days(self, step: str) -> int:
        """How many days after the one before a step is made."""
        if step == "silent":
            return defaults().routine.close * 2 + 3  # working days, with any holidays
        if step == "later":
            return LATER
        return 7 if step in WEEKLY else 0 if step in STOPS or step in SAME_DAY else 2

    def _step(self, step: str) -> None:
        name, _, detail = step.partition(":")
        match name:
            case "contact":
                self._contact(reached=False)
            case "reached":
                self._reach()
            case "withdraw":
                self._withdraw()
            case "restricted" | "do-not-contact" | "died":
                self._stop(name)
            case "ask" | "also" | "choose" | "cancel" | "silent":
                self._onward_step(name, detail)
            case "measure" | "goal" | "told" | "next" | "later":
                self._plan_step(name)
            case "accept" | "yes" | "hold" | "return" | "close":
                self._triage_step(name, detail)
            case _:
                self._provider_step(name)

    def _triage_step(self, name: str, detail: str) -> None:
        assert self.case is not None
        match name:
            case "yes":
                self._reach()
                triage.do(self.desk, self._worker, self.case, "person-accepts")
            case "return":
                reason = "already-supported"
                triage.do(self.desk, self._worker, self.case, "return", reason)
            case "close":
                self._close(detail)
            case "accept":
                triage.do(self.desk, self._worker, self.case, name)
                plans.give_to_somebody(self.desk, self._worker, self.case, self.person)
            case _:
                triage.do(self.desk, self._worker, self.case, name)

    def _plan_step(self, name: str) -> None:
        assert self.case is not None
        desk, by, case, person = self.desk, self._worker, self.case, self.person
        match name:
            case "measure":
                plans.measure(desk, by, case, person, again=self.measured > 0)
                self.measured += 1
            case "goal":
                plans.goal(desk, by, case, person)
            case "next":
                plans.plan_next(desk, by, case, person)
            case "told":
                plans.told_of(desk, by, case, self._service("").id)

    def _close(self, outcome: str) -> None:
        """The person agrees to what their GP is told, and the link worker closes."""
        assert self.case is not None
        worker = self._worker
        telling_gp.agree(self.desk, worker, self.case, list(SHAREABLE), "verbal")
        told = {
            "next_step": "Knows the way there now, and rings us if it changes.",
            "measures": [{"name": "ONS4 life satisfaction", "before": "4", "after": "6"}]
            if outcome == "completed"
            else [],
        }
        triage.close(self.desk, worker, self.case, outcome, for_practice=told)

    def _onward_step(self, name: str, detail: str) -> None:
        match name:
            case "ask":
                self._ask(detail)
            case "also":
                first = self.task
                self._ask(several_because="Unsure which day suits better")
                self.task = first
            case "choose":
                onward.choose(self.desk, self._worker, self.task)
            case "cancel":
                onward.take_back(self.desk, self._worker, self.task, "person-changed-mind")
            case "silent":
                answers.expire(self.desk, self.task)

    def _provider_step(self, name: str) -> None:
        if name in {"place", "waiting-list", "decline"}:
            decision = "accept" if name == "place" else name
            reason = "full" if name == "decline" else None
            answers.answer(self.desk, self._provider, self.task, decision, reason)
            return
        if name == "talk":
            self._talk()
            return
        if name in MARKED:
            self._mark(MARKED[name])
            return
        action = {"no-show": "not-attended", "leave": "end-early"}.get(name, name)
        if name == "start":
            self._look()
        answers.progress(self.desk, self._provider, self.task, action)

    def _look(self) -> None:
        viewer = self._provider.subject
        sharing.view_identity(self.desk, self._provider, self.task, viewer, "account")

    def _talk(self) -> None:
        """The team asks, the provider answers, and says what it thinks of the referral."""
        for by, text in (
            (self._worker, "Could somebody meet them at the gate the first time?"),
            (self._provider, "Yes, Meera waits at the gate from a quarter past one."),
        ):
            talking.write(self.desk, by, self.task, text, demo_id("message", self.task + text))
        talking.think(self.desk, self._provider, self.task, "yes", ["told-enough", "well-timed"])

    def _mark(self, mark: str) -> None:
        """In the register of today's meeting."""
        self._look()
        day = self.clock().astimezone(ZoneInfo(self.desk.settings.timezone)).date()
        key = demo_id("mark", f"{self.task}/{day}")
        attending.mark(self.desk, self._provider, self.task, day, mark, key)

    def _refer(self) -> None:
        person = self.person
        priority = {7: "urgent", 23: "asap"}.get(person.number, "routine")
        bundle = referral_bundle(
            person, f"DEMO-{person.number:04d}", self.clock(), priority=priority
        )
        entries = entries_of(bundle)
        results = self.writer.write(
            self._sender, entries, bundle=BundleContext("transaction", bundle)
        )
        stored = results[-1].stored
        assert stored is not None
        self.request = stored.id
        with self.desk.work() as uow:
            found = select(Case.id).where(Case.service_request == stored.id)
            self.case = uow.session.exec(found).one()

    def _withdraw(self) -> None:
        patch = MergePatch({"status": "revoked"})
        entry = WriteEntry(None, "PATCH", "ServiceRequest", id=self.request, patch=patch)
        self.writer.write(self._sender, [entry], bundle=None)

    def _contact(self, *, reached: bool) -> None:
        assert self.case is not None
        minutes = 25 if reached else 3
        triage.record_contact(
            self.desk, self._worker, self.case, reached=reached, how="phone", minutes=minutes
        )

    def _reach(self) -> None:
        """The first real conversation, in which the person tells about themself."""
        self._contact(reached=True)
        told = conversation_with(self.person)
        with self.desk.work() as uow:
            by = self._worker.subject
            record(uow.session, self._person(uow).id, told, by=by, at=self.clock())
            uow.session.flush()
            uow.commit()

    def _stop(self, stop: Stop) -> None:
        assert self.case is not None
        by = "the practice"
        stopping.say(self.desk, self._worker, self.case, stop, stands=True, told_by=by)

    def _person(self, uow: UnitOfWork) -> Person:
        of_case = select(Person).join(Case, col(Case.person) == Person.id)
        return uow.session.exec(of_case.where(Case.id == self.case).with_for_update()).one()

    def _ask(self, whom: str = "", several_because: str | None = None) -> None:
        assert self.case is not None
        person = self.person
        service = self._service(whom)
        self.asked += 1
        task = onward.ask(
            self.desk,
            self._worker,
            self.case,
            onward.Ask(
                service=service.id,
                needs=[{"code": person.need}],
                text="Would like to come along; a friendly face at the first visit would help.",
                when="Daytime, not Fridays",
                where=person.town,
                access_needs=list(person.access_needs),
                several_because=several_because,
                full_because=self._although_full(service),
                share=self._agreed(),
            ),
        )
        self.task = task.id

    def _although_full(self, service: ListedService) -> str | None:
        """Why a full service is asked: of some the directory has said so by now."""
        with self.desk.work() as uow:
            full = capacities.turns_away(capacities.of(uow.session, service.id), datetime.now(UTC))
        return "They came here before, and would wait for a place." if full else None

    def _agreed(self) -> dict[str, str]:
        """Name and phone, but no phone that is not safe (care 12)."""
        person = self.person
        name = {"name": f"{person.given} {person.family}"}
        unsafe = any(
            each.channel == "phone" and each.safe == "no"
            for each in conversation_with(person).contacts
        )
        return name if unsafe else name | {"phone": person.phone}

    def _service(self, whom: str) -> ListedService:
        """The one that the script names, by itself or by its demo client, or else one of all."""
        if whom in SERVICES:
            return next(each for each in self.services if each.name == SERVICES[whom])
        if whom:
            owner = CLIENTS[whom].organisation
            return next(each for each in self.services if each.provider == owner)
        number = self.person.number * 13 + self.asked * 29
        return self.services[number % len(self.services)]

    @property
    def _sender(self) -> Principal:
        name = "ehr" if self.person.practice.group == "airedale" else "ehr-2"
        return principal_of(name)

    @property
    def _worker(self) -> Principal:
        team = str(hub_of(self.person.practice.hub).team)
        return principal_of("link-worker", organisation=team)

    @property
    def _provider(self) -> Principal:
        with self.desk.work() as uow:
            owner = uow.session.exec(select(CaseTask.owner).where(CaseTask.id == self.task)).one()
        return principal_of("provider", organisation=str(owner))


def principal_of(name: str, organisation: str | None = None) -> Principal:
    """A demo client as the use cases see it."""
    client = CLIENTS[name]
    return Principal(
        subject=client.client_id,
        client_id=client.client_id,
        organisation=organisation or str(client.organisation),
        roles=frozenset(client.roles),
        scopes=frozenset(client.scopes),
    )


def entries_of(bundle: Mapping[str, Any]) -> list[WriteEntry]:
    """The writes of a transaction Bundle of creates."""
    return [
        WriteEntry(
            index=n,
            method="POST",
            type=entry["request"]["url"],
            resource=entry["resource"],
            if_none_exist=entry["request"].get("ifNoneExist"),
            full_url=entry["fullUrl"],
            path=f"Bundle.entry[{n}].resource",
        )
        for n, entry in enumerate(bundle["entry"])
    ]
