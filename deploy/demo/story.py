"""The demo's referrals: played through the real use cases, so that no state is made up.

Each person's script says how far the story has come. The clock is set back while it plays, so
that lists show waits and not everything happened today.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from deploy.demo.bundle import referral_bundle
from deploy.demo.clients import CLIENTS, PROVIDER, PROVIDER_2
from deploy.demo.consortium import hub_of
from deploy.demo.people import DemoPerson, people
from services.providers.loading import Dataset
from services.referrals.desk import Desk
from services.referrals.handlers import answers, onward, sharing, triage
from services.referrals.handlers.listings import organisation_document, put_public
from services.referrals.resources import healthcare_service
from services.referrals.tables import (
    Case,
    CaseTask,
    ListedProvider,
    ListedService,
)
from services.referrals.writing.writer import ReferralWriter
from shared.auth import Principal
from shared.fhir.bundle import BundleContext, WriteEntry
from shared.messaging.events import Sequence

ANCHOR = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""The moment at which the demo's story stands, unless today is later."""

Progress = Callable[[int, int], None]

SCRIPTS: tuple[str, ...] = (
    "new",
    "accept",
    "accept contact",
    "accept yes",
    "accept yes ask",
    "accept yes ask waiting-list",
    "accept yes ask place",
    "accept yes ask place start",
    "accept yes ask place attend attend",
    "accept yes ask place attend complete close:completed",
    "accept yes ask decline",
    "accept yes ask decline ask place attend",
    "accept contact contact close:not-reached",
    "accept contact close:person-declined",
    "accept yes hold",
    "accept yes ask place no-show",
    "accept yes ask place start leave close:person-ended-early",
    "withdraw",
    "return",
    "accept yes hold close:nothing-fits",
    "accept yes ask silent",
    "accept yes ask cancel",
    "accept yes ask also place choose attend",
    "accept close:died-or-moved",
)
"""How far a referral has come, step by step; people take them in turn."""


class StoryClock:
    """A clock that the story sets."""

    def __init__(self) -> None:
        self.moment = ANCHOR

    def __call__(self) -> datetime:
        """The moment at which the story stands."""
        return self.moment

    def pass_days(self, days: float) -> None:
        """Let some working time go by, but never beyond the story's present."""
        self.moment = min(self.moment + timedelta(days=days), ANCHOR)


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
    cast = people()
    for person in cast:
        _Story(desk, writer, clock, list(services), person).play()
        if progress:
            progress(person.number, len(cast))
    clock.moment = ANCHOR
    return len(cast)


@dataclass
class _Story:
    desk: Desk
    writer: ReferralWriter
    clock: StoryClock
    services: list[ListedService]
    person: DemoPerson
    case: UUID | None = None
    request: str = ""
    task: str = ""
    asked: int = 0

    def play(self) -> None:
        script = SCRIPTS[(self.person.number - 1) % len(SCRIPTS)]
        self.clock.moment = ANCHOR - timedelta(days=70 - self.person.number)
        self._refer()
        routed = self.person.practice.covered
        for step in script.split() if routed else ():
            if step != "new":
                self.clock.pass_days(2)
                self._step(step)

    def _step(self, step: str) -> None:
        assert self.case is not None
        name, _, detail = step.partition(":")
        match name:
            case "accept" | "hold":
                triage.do(self.desk, self._worker, self.case, name)
            case "yes":
                triage.do(self.desk, self._worker, self.case, "person-accepts")
            case "contact":
                self._contact()
            case "return":
                reason = "already-supported"
                triage.do(self.desk, self._worker, self.case, "return", reason)
            case "close":
                triage.close(self.desk, self._worker, self.case, detail)
            case "ask":
                self._ask()
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
            case "withdraw":
                self._withdraw()
            case _:
                self._provider_step(name)

    def _provider_step(self, name: str) -> None:
        if name in {"place", "waiting-list", "decline"}:
            decision = "accept" if name == "place" else name
            reason = "full" if name == "decline" else None
            answers.answer(self.desk, self._provider, self.task, decision, reason)
            return
        action = {"no-show": "not-attended", "leave": "end-early"}.get(name, name)
        if name in {"start", "attend"}:
            viewer = self._provider.subject
            sharing.view_identity(self.desk, self._provider, self.task, viewer, "account")
        answers.progress(self.desk, self._provider, self.task, action)

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
        patch = [{"op": "replace", "path": "/status", "value": "revoked"}]
        entry = WriteEntry(None, "PATCH", "ServiceRequest", id=self.request, patch=patch)
        self.writer.write(self._sender, [entry], bundle=None)

    def _contact(self) -> None:
        assert self.case is not None
        triage.record_contact(
            self.desk, self._worker, self.case, reached=False, how="phone", minutes=3
        )

    def _ask(self, several_because: str | None = None) -> None:
        assert self.case is not None
        person = self.person
        service = self._service()
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
                share={"name": f"{person.given} {person.family}", "phone": person.phone},
            ),
        )
        self.task = task.id

    def _service(self) -> ListedService:
        """One of all, but for the two whose demo clients shall have something to answer."""
        number = self.person.number
        wanted = {5: PROVIDER, 29: PROVIDER_2}.get(number)
        own = [service for service in self.services if service.provider == wanted]
        return (
            own[0] if own else self.services[(number * 13 + self.asked * 29) % len(self.services)]
        )

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
