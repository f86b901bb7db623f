"""A case on paper: the handlers' own steps on rows in memory, so that every sequence can be tried.

Nothing of the rules is written a second time. What the handlers decide, couple and announce is what
runs here; only the database under `CaseFile` is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.referrals.casefile import CaseFile, state_of
from services.referrals.causes import Step
from services.referrals.domain import (
    CANCEL_REASONS,
    CLOSINGS,
    DECLINE_REASONS,
    HAND_OVER_REASONS,
    RETURN_REASONS,
    UNROUTED,
    Actor,
    Kind,
    Refused,
    State,
    Transition,
)
from services.referrals.handlers import answers, onward, triage, walk_ins, withdrawal
from services.referrals.handlers.onward import Ask
from services.referrals.handlers.routing import Route
from services.referrals.tables import CaseTask, LinkWorkerService, ListedService
from shared.messaging.events import CaseEvent
from shared.working_days import WorkingDays

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
CASE, TEAM, OTHER_TEAM, PROVIDER = (uuid4() for _ in range(4))
TRIAGE_ID = str(uuid4())
ONWARD: Any = SimpleNamespace(patient=str(uuid4()))
SERVICES = {str(key): key for key in (uuid4() for _ in range(5))}
"""What may be asked; no service is asked twice in a case on paper. Its Task has the same id."""


_DESK = SimpleNamespace(
    settings=SimpleNamespace(timezone="Europe/London"),
    working_days=WorkingDays(ZoneInfo("Europe/London")),
)


class _Nothing(list[Any]):
    """No rows."""

    def all(self) -> list[Any]:
        return self


class _Session:
    """Knows every service and team that it is asked for, and keeps nothing."""

    def get(self, table: type[Any], key: Any) -> Any:
        if table is ListedService:
            return ListedService(id=key, provider=PROVIDER, name="", listed=True, listing={})
        if table is LinkWorkerService:
            return LinkWorkerService(organisation=key, name="", hub="place")
        return None

    def exec(self, _: object) -> Any:
        """No hub has limits of its own, and no worry is open."""
        return _Nothing()

    def add(self, row: object) -> None:
        pass


@dataclass(frozen=True)
class Situation:
    """Where a case stands: the states of its Tasks; two alike are one."""

    triage: State
    providers: tuple[State, ...] = ()

    @classmethod
    def of(cls, triage: State, providers: Iterable[State]) -> "Situation":
        return cls(triage, tuple(sorted(providers, key=str)))

    def __str__(self) -> str:
        return " + ".join(map(str, [self.triage, *self.providers]))

    def forgetting(self) -> "Situation":
        """Without the Tasks that ended, but for one that was completed: the others change nothing.

        That they change nothing is what the search without forgetting is for.
        """
        ended = {state for state in self.providers if state.status == "completed"}
        return Situation.of(self.triage, [*self.open, *ended])

    @property
    def open(self) -> tuple[State, ...]:
        return tuple(state for state in self.providers if not state.ended)


class PaperFile(CaseFile):
    """An open case whose rows are made from a situation."""

    def __init__(self, situation: Situation) -> None:
        held = None if situation.triage == UNROUTED else TEAM
        self.desk: Any = _DESK
        self.uow: Any = SimpleNamespace(session=_Session())
        self.case: Any = SimpleNamespace(
            id=CASE, service_request=str(CASE), hub="place", team=held, person=None,
            priority="routine", outcome=None,
        )  # fmt: skip
        self.by = None
        self.now = NOW
        self.steps: list[Step] = []
        self._changed: dict[str, CaseTask] = {}
        self._events: list[CaseEvent] = []
        rows = [_row(TRIAGE_ID, Kind.TRIAGE, situation.triage, None)]
        rows += [
            _row(key, Kind.PROVIDER, state, SERVICES[key])
            for state, key in zip(situation.providers, SERVICES, strict=False)
        ]
        self.tasks = {row.id: row for row in rows}
        self.onward = {row.id: ONWARD for row in rows[1:]}
        self.agreements = {}
        self.visits = {}

    @property
    def situation(self) -> Situation:
        """Where it stands now."""
        return Situation.of(state_of(self.triage), map(state_of, self.provider_tasks()))

    @property
    def events(self) -> list[CaseEvent]:
        """What was announced, in order."""
        return self._events

    def step(
        self, task: CaseTask, action: str, actor: Actor, reason: str | None = None
    ) -> Transition:
        made = super().step(task, action, actor, reason)
        self.steps.append((Kind(task.kind), action))
        return made

    def add_task(self, task: CaseTask) -> None:
        self.tasks[task.id] = task

    def agreement(self, task: str) -> None:
        """None is kept on paper: what is shared moves no Task."""

    def began(self, task: str) -> None:
        """Nor any day."""

    def rewrite(self, body: Any) -> None:
        """No documents either."""

    def add_document(self, body: Any) -> None:
        """See `rewrite`."""

    def return_code(self, code: str) -> None:
        """A code that goes back to the GP moves no Task."""

    def audit(self, action: str, record: str, version: int | None = None) -> None:
        """No trail."""

    def change_audience(self) -> None:
        """No readers."""


def _row(key: str, kind: Kind, state: State, service: UUID | None) -> Any:
    """A Task's row, without the table's machinery: hundreds of thousands are made."""
    return SimpleNamespace(
        id=key, kind=kind, service_request=str(CASE), owner=PROVIDER, service=service,
        status=state.status, business=state.business, reason=None, note=None, answered=None,
    )  # fmt: skip


Act = Callable[[PaperFile, Actor], object]


@dataclass(frozen=True)
class Move:
    """Something that somebody may try.

    Attributes:
        name: what it is, for messages; a provider's Task is named by its state.
        actor: who tries.
        act: the handler's step.
    """

    name: str
    actor: Actor
    act: Act

    def make(self, situation: Situation) -> PaperFile | None:
        """The case afterwards; None where it was refused."""
        file = PaperFile(situation)
        try:
            self.act(file, self.actor)
        except Refused:
            return None
        return file


def moves(situation: Situation) -> Iterator[Move]:
    """All that anybody may try in a situation, whether it is allowed or not."""
    people = [actor for actor in Actor if actor not in (Actor.CLOCK, Actor.PERSON)]
    for actor in people:
        for name, act in _CASE.items():
            yield Move(name, actor, act)
        if len(situation.providers) < len(SERVICES):
            yield Move("ask", actor, partial(_ask, several=None))
            yield Move("ask several", actor, partial(_ask, several="Either would do."))
    yield Move("revoke", Actor.SENDER, lambda file, _: withdrawal.withdraw(file))
    for state in dict.fromkeys(situation.providers):
        for actor in people:
            for way in _WAYS:
                yield Move("tell", actor, partial(_tell, way=way))
            for name, on_task in _TASK.items():
                yield Move(f"{name} {state}", actor, partial(_on_task, state, on_task))
        yield Move(f"expire {state}", Actor.CLOCK, partial(_on_task, state, _expire))
        yield Move(f"cancel {state}", Actor.PERSON, partial(_on_task, state, _TASK["cancel"]))


def _ask(file: PaperFile, actor: Actor, *, several: str | None) -> object:
    service = list(SERVICES.values())[len(file.provider_tasks())]
    return onward.ask_provider(file, actor, Ask(service, [], several_because=several))


_WAYS = (
    Route("place", PROVIDER, TEAM, None, None),
    Route("place", PROVIDER, None, None, "not-covered"),
)
"""To a team, and to a hub that has none for it."""


def _tell(file: PaperFile, actor: Actor, *, way: Route) -> None:
    walk_ins.tell(file, actor, way)


def _expire(file: PaperFile, task: CaseTask, actor: Actor) -> None:
    answers.let_expire(file, task)


def _on_task(
    state: State, act: Callable[[PaperFile, CaseTask, Actor], object], file: PaperFile, actor: Actor
) -> object:
    """The act on the first Task in a state: those in the same state are alike."""
    task = next(each for each in file.provider_tasks() if state_of(each) == state)
    return act(file, task, actor)


def _close(file: PaperFile, actor: Actor, *, outcome: str) -> None:
    triage.end(file, actor, outcome=outcome)


_CASE: dict[str, Act] = {
    "route": lambda file, actor: triage.pass_to(file, actor, TEAM),
    "hand-over": lambda file, actor: triage.pass_on(file, actor, OTHER_TEAM, HAND_OVER_REASONS[0]),
    "accept": triage.take_on,
    "return": lambda file, actor: triage.send_back(file, actor, RETURN_REASONS[0]),
    "person-accepts": triage.note_acceptance,
    "hold": triage.hold,
    **{f"close {outcome}": partial(_close, outcome=outcome) for outcome in CLOSINGS},
}

_TASK: dict[str, Callable[[PaperFile, CaseTask, Actor], object]] = {
    "cancel": lambda file, task, actor: onward.cancel(file, task, actor, CANCEL_REASONS[0]),
    "choose": onward.select_offer,
    **{
        decision: partial(
            lambda file, task, actor, decision: answers.give_answer(
                file, task, actor, decision, reason=DECLINE_REASONS[0], note=None
            ),
            decision=decision,
        )
        for decision in answers.DECISIONS
    },
    **{
        action: partial(
            lambda file, task, actor, action: answers.record_progress(
                file, task, actor, action, day=None, note=None
            ),
            action=action,
        )
        for action in answers.PROGRESS
    },
}
