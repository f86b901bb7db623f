"""The account after the storm: what must be there, once, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deploy.services import SERVICES
from shared.messaging.broker import DeadLetter
from tests.faults.databases import WITH_EVENTS, Databases
from tests.faults.scene import COORDINATOR
from tests.faults.sinks import Sink
from tests.faults.traffic import TAKEN_BACK, Traffic

FOLLOWING = frozenset(
    [
        "nudge",
        "second-nudge",
        "help-call",
        "not-arrived",
        "not-arrived-there",
        "ask-person",
        "tell-person",
    ]
)
"""Kinds of message that follow from how another fared, or how long it had no answer."""

SUBSCRIPTIONS = [each for service in SERVICES for each in service.compose().subscriptions]


class Told(NamedTuple):
    """A row of the delivery table."""

    id: str
    state: str
    channel: str
    address: str
    kind: str
    task: str | None
    case: str
    error: str | None
    attempts: int


@dataclass
class Account:
    """Counts, in the order in which they were taken.

    Attributes:
        lines: what was counted and how many, to be printed.
    """

    databases: Databases
    traffic: Traffic
    lines: list[tuple[str, int]] = field(default_factory=list)

    def count(self, what: str, number: int) -> None:
        """Write a count down."""
        self.lines.append((what, number))

    def same(self, what: str, wanted: Iterable[Any], found: Iterable[Any]) -> None:
        """Write down how many were found; they are those that were wanted, each once.

        Raises:
            AssertionError: naming those that are missing, too many, or strangers.
        """
        want, have = Counter(iter(wanted)), Counter(iter(found))
        self.count(what, have.total())
        missing, extra = sorted((want - have).elements()), sorted((have - want).elements())
        assert not missing, f"{what}: missing {len(missing)}: {missing[:20]}"
        assert not extra, f"{what}: too many, {len(extra)}: {extra[:20]}"

    def none(self, what: str, found: Iterable[Any]) -> None:
        """Write down that there are none of something.

        Raises:
            AssertionError: naming those there are.
        """
        self.same(what, (), found)

    # --- the accounts ---------------------------------------------------------------------------

    def referrals(self) -> None:
        """Every referral whose 201 was seen has its case and its Tasks, once."""
        traffic, rows = self.traffic, self.databases.rows
        self.same("referrals accepted", range(traffic.number), traffic.sent)
        self.same(
            "their cases",
            traffic.sent.values(),
            (row[0] for row in rows("referrals", "SELECT service_request FROM referral_case")),
        )
        tasks = rows(
            "referrals",
            """
            SELECT c.service_request, t.id, t.kind FROM case_task t
            JOIN referral_case c ON c.id = t.case
            JOIN document d ON d.type = 'Task' AND d.id = t.id AND NOT d.deleted
            """,
        )
        self.same(
            "their triage Tasks",
            traffic.sent.values(),
            (request for request, _, kind in tasks if kind == "triage"),
        )
        asked = [*range(TAKEN_BACK), *traffic.to_ask]
        self.same(
            "their Tasks for providers",
            (traffic.sent[number] for number in asked),
            (request for request, _, kind in tasks if kind == "provider"),
        )
        known = {task for _, task, _ in tasks}
        self.none("Tasks told to a link worker and not there", set(traffic.asked.values()) - known)

    def listing(self) -> None:
        """The copy of the listing is its last edition, whatever came late."""
        wanted = f"Edition {self.traffic.edition}."
        query = "SELECT listing ->> 'description' FROM listed_provider WHERE id = %s"
        found = self.databases.one("referrals", query, self.traffic.listing)
        self.count("editions of a listing", self.traffic.edition)
        assert found == wanted, f"referrals lists {found!r}, the directory {wanted!r}"

    def events(self) -> None:
        """Every event left, and every consumer that binds it acted on it."""
        published: dict[str, set[str]] = {}
        for service in WITH_EVENTS:
            rows = self.databases.rows(service, "SELECT id::text, type, published_at FROM outbox")
            for key, kind, _ in rows:
                published.setdefault(kind, set()).add(key)
            self.none(f"{service}: events still in the outbox", (k for k, _, at in rows if not at))
        self.count("events published", sum(map(len, published.values())))
        for each in SUBSCRIPTIONS:
            self.same(
                f"{each.consumer}: events acted on",
                (key for kind in each.types for key in published.get(kind, ())),
                (
                    row[0]
                    for row in self.databases.rows(
                        each.service,
                        "SELECT event_id::text FROM inbox WHERE consumer = %s",
                        each.consumer,
                    )
                ),
            )

    def deliveries(self, mails: Sink, webhooks: Sink) -> None:
        """One row per contact and channel, and at the sinks one id for each.

        What follows from how one of them fared (`FOLLOWING`) is counted at the sinks alone.

        What was answered or taken back before it was sent is superseded; what was cut off and then
        answered or taken back stays unknown. Everything else is delivered. Whoever was asked hears
        that a request was taken back; whether the request or the taking back is acted on first is
        chance, because the two go to different replicas.
        """
        traffic = self.traffic
        query = """
            SELECT d.id::text, d.state, d.channel, d.address, d.kind, d.task::text, d.case::text,
                   d.last_error, d.attempts
            FROM delivery d
        """
        every = [Told(*row) for row in self.databases.rows("notifications", query)]
        rows = [each for each in every if each.kind not in FOLLOWING]
        query = "SELECT id::text, service_request FROM referral_case"
        request_of = dict(self.databases.rows("referrals", query))
        taken_back = {traffic.sent[number] for number in range(TAKEN_BACK)}
        made = [(request_of.get(each.case), each.channel, each.address, each.kind) for each in rows]
        too_late = self._asked_before(
            [each for each in rows if request_of.get(each.case) in taken_back]
        )
        told_so = [
            (request_of.get(each.case), each.channel, each.address, "no-longer-needed")
            for each in too_late
        ]
        self.same("deliveries, one per contact and channel", [*self._told(), *told_so], made)
        self.count("of them, to say that a request was taken back", len(told_so))
        by_state: dict[str, list[Told]] = {}
        for each in rows:
            by_state.setdefault(each.state, []).append(each)
        for state, found in sorted(by_state.items()):
            self.count(f"deliveries {state}", len(found))
        self.none(
            "deliveries that ended otherwise than is declared",
            (
                (each.id, each.state, each.error)
                for each in rows
                if not self._as_declared(each, request_of[each.case] in taken_back)
            ),
        )
        sinks = (("Message-IDs", "email", mails), ("webhook ids", "webhook", webhooks))
        for name, channel, sink in sinks:
            own = [each for each in every if each.channel == channel]
            arrived = [(each.address, each.id) for each in own if each.state == "delivered"]
            # A webhook whose answer was lost is tried again, unless the Task is answered meanwhile.
            may = {"unknown"} | ({"superseded"} if channel == "webhook" else set())
            perhaps = {(each.address, each.id) for each in own if each.state in may}
            self.same(f"distinct {name} at the sink", arrived, sink.arrived.keys() - perhaps)
            twice = sink.arrived.total() - len(sink.arrived)
            self.count(f"{name} that arrived again under the same id", twice)

    def _as_declared(self, told: "Told", taken_back: bool) -> bool:
        if taken_back:
            return told.state == "delivered" or (
                told.kind == "request"
                and (told.state, told.error)
                in {("superseded", "cancelled"), ("unknown", "cancelled")}
            )
        if told.state == "delivered":
            return True
        return told.task in self.traffic.answered and (told.state, told.error) in {
            ("superseded", "answered"),
            ("unknown", "answered"),
        }

    @staticmethod
    def _asked_before(rows: list["Told"]) -> list["Told"]:
        """The requests that were sent before they were taken back; where a try is all that is
        known of one, those of them whose receivers were told."""
        told = {(e.task, e.channel, e.address) for e in rows if e.kind == "no-longer-needed"}
        return [
            each
            for each in rows
            if each.kind == "request"
            and (
                each.state in {"delivered", "unknown"}
                or (each.attempts and (each.task, each.channel, each.address) in told)
            )
        ]

    def _told(self) -> Iterator[tuple[str, str, str, str]]:
        """(request, channel, address, kind) of each delivery that there must be in any order."""
        traffic = self.traffic
        for number, request in traffic.sent.items():
            if traffic.unrouted(number):
                yield request, "email", COORDINATOR, "unrouted"
            else:
                provider = traffic.provider(number)
                yield request, "email", provider.mail, "request"
                yield request, "webhook", provider.webhook, "request"

    def dead(self, letters: Iterable[DeadLetter], poisoned: dict[str, str]) -> None:
        """The dead letters are those that the storm put there, and each says why."""
        found = [(each.consumer, each.id, each.reason) for each in letters]
        planted = [(consumer, key, "unparsable") for consumer, key in poisoned.items()]
        self.same("dead letters, all of them poison of the test's own", planted, found)
        self.count("dead letters that nobody explains", len(found) - len(planted))
