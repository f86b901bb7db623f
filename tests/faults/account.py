"""The account after the storm: what must be there, once, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deploy.services import SERVICES
from shared.messaging.broker import DeadLetter
from tests.faults.databases import WITH_EVENTS, Databases
from tests.faults.scene import COORDINATOR, TEAM
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
        "ring-referrer",
    ]
)
"""Kinds of message that follow from how another fared, or how long it had no answer."""

SUBSCRIPTIONS = [each for service in SERVICES for each in service.compose().subscriptions]


OF_A_VISIT = ("person-meeting", "person-reminder")
"""What a person hears of a first visit, beside that there is a place."""

MESSAGES = (
    "delivery",
    "person_delivery",
    "digest_delivery",
    "announcement_delivery",
    "listing_delivery",
    "contact_delivery",
)
"""Where notifications keeps what it sends."""

_MUTED = ("superseded", "muted", None)
_BY_THEMSELVES = """
SELECT d.channel, d.address, d.id::text, d.state FROM delivery d
LEFT JOIN digest_delivery g ON g.id = d.digest AND g.state = 'delivered' WHERE g.id IS NULL
UNION ALL SELECT channel, address, id::text, state FROM digest_delivery
UNION ALL SELECT channel, task::text, id::text, state FROM person_delivery
"""


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


def _asked_instead(state: str, reason: str | None, cut_off: int, linked: bool) -> bool:
    """Whether nothing was sent because no safe way is known. What a worker was killed with may have
    gone if its link was made, which is before anything is sent."""
    may_have_gone = bool(cut_off) and linked
    return (state, reason) == ("unknown" if may_have_gone else "superseded", "ask-first")


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

    def deliveries(self) -> None:
        """One row per contact and channel.

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

    def at_the_sinks(self, mails: Sink, webhooks: Sink) -> None:
        """What is said to be delivered arrived, under one id each, and nothing else did.

        What a message of the day held has its id; the mail to a person has no address in its row.
        """
        persons = {
            self.traffic.asked[each]: self.traffic.mail_of_person(each)
            for each in self.traffic.to_ask
            if self.traffic.visited(each)
        }
        rows = [
            (channel, persons.get(address, address), key, state)
            for channel, address, key, state in self.databases.rows("notifications", _BY_THEMSELVES)
        ]
        sinks = (("Message-IDs", "email", mails), ("webhook ids", "webhook", webhooks))
        for name, means, sink in sinks:
            own = [
                (address, key, state) for channel, address, key, state in rows if channel == means
            ]
            arrived = [(address, key) for address, key, state in own if state == "delivered"]
            # A webhook whose answer was lost is tried again, unless the Task is answered meanwhile.
            may = {"unknown", "failed"} | ({"superseded"} if means == "webhook" else set())
            perhaps = {(address, key) for address, key, state in own if state in may}
            self.same(f"distinct {name} at the sink", arrived, sink.arrived.keys() - perhaps)
            twice = sink.arrived.total() - len(sink.arrived)
            self.count(f"{name} that arrived again under the same id", twice)

    def persons(self) -> None:
        """Whoever has a place is told of it, of the first visit, and reminded the day before; where
        no way to them is known to be safe, or the mail was cut off twice, the team hears."""
        traffic = self.traffic
        accepted = {traffic.asked[each]: each for each in traffic.to_ask if traffic.accepted(each)}
        visited = {task for task, number in accepted.items() if traffic.visited(number)}
        query = """
            SELECT kind, task::text, state, last_error, cut_off,
                   EXISTS (SELECT FROM person_link l WHERE l.delivery = d.id)
            FROM person_delivery d
        """
        rows = self.databases.rows("notifications", query)
        self.count("first visits agreed", len(visited))
        self.same(
            "messages to persons",
            [
                *(("person-agreed", task) for task in accepted),
                *((kind, task) for task in visited for kind in OF_A_VISIT),
            ],
            ((kind, task) for kind, task, *_ in rows),
        )
        told = [row for row in rows if row[1] in visited]
        self.count("of them delivered", sum(row[2] == "delivered" for row in told))
        failed = [row for row in rows if row[2:4] == ("failed", "cut-off")]
        unheard = {row[1] for row in failed}
        self.none(
            "messages to persons that ended otherwise than is declared",
            [
                row
                for row in rows
                if row not in failed
                and not (row[2] == "delivered" if row in told else _asked_instead(*row[2:]))
            ],
        )
        query = "SELECT task::text FROM delivery WHERE kind = %s"
        for what, kind, wanted in (
            (
                "persons whom the team is to ask first",
                "ask-person",
                accepted.keys() - visited - unheard,
            ),
            (
                "mails to persons cut off twice, told to the team",
                "tell-person",
                (r[1] for r in failed),
            ),
        ):
            found = self.databases.rows("notifications", query, kind)
            self.same(what, wanted, (row[0] for row in found))

    def messages_of_the_day(self) -> None:
        """Who wants it so hears once a day: the team what was declined, a provider what its hub
        announces; who wants no news has none."""
        query = """
            SELECT a.announcement::text, a.address, a.state, a.last_error, d.state
            FROM announcement_delivery a LEFT JOIN digest_delivery d ON d.id = a.digest
        """
        rows = self.databases.rows("notifications", query)
        announced = [str(each) for each in self.traffic.announced]
        providers = self.traffic.providers
        self.same(
            "announcements to providers, each",
            ((each, provider.mail) for each in announced for provider in providers),
            (row[:2] for row in rows),
        )
        daily = {each.mail for each in providers if each.hears_daily}
        self.none(
            "announcements that ended otherwise than is declared",
            (
                row
                for row in rows
                if row[2:] != (("delivered", None, "delivered") if row[1] in daily else _MUTED)
                and row[2:] != ("failed", "cut-off", "failed")
            ),
        )
        query = "SELECT count(*) FROM delivery WHERE kind = 'declined' AND digest IS NULL"
        alone = self.databases.one("notifications", query)
        assert alone == 0, f"{alone} were to wait for the message of the day"
        query = "SELECT address, state FROM digest_delivery"
        digests = self.databases.rows("notifications", query)
        self.count("messages of the day", len(digests))
        got = {address for address, state in digests if state == "delivered"}
        assert got == daily | {TEAM}, f"messages of the day came to {got}"

    def equation(self) -> None:
        """Accepted = delivered + visibly failed + superseded + unknown, over every message of every
        kind; what waits for its day, such as a nudge, is told apart."""
        states: Counter[str] = Counter()
        for table in MESSAGES:
            query = f"""
                SELECT CASE WHEN state = 'queued' AND due > now() AND attempts = 0
                       THEN 'not due yet' ELSE state END, count(*)
                FROM {table} GROUP BY 1
            """
            states.update(dict(self.databases.rows("notifications", query)))
        self.count("messages that notifications accepted", states.total())
        for state, number in sorted(states.items()):
            self.count(f"... {state}", number)
        ends = {"delivered", "failed", "superseded", "unknown", "not due yet"}
        assert not states.keys() - ends, f"messages that have not ended: {states}"

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
            if traffic.declined(number):
                yield request, "email", TEAM, "declined"

    def dead(self, letters: Iterable[DeadLetter], poisoned: dict[str, str]) -> None:
        """The dead letters are those that the storm put there, and each says why."""
        found = [(each.consumer, each.id, each.reason) for each in letters]
        planted = [(consumer, key, "unparsable") for consumer, key in poisoned.items()]
        self.same("dead letters, all of them poison of the test's own", planted, found)
        self.count("dead letters that nobody explains", len(found) - len(planted))
