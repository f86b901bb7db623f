"""Five hundred referrals on their way: a GP's system sends, link workers ask, providers answer."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID, uuid4

from deploy.demo.bundle import referral_bundle
from deploy.demo.consortium import PRACTICES
from deploy.demo.people import people
from tests.faults.callers import Caller
from tests.faults.scene import Asked, Scene

WRITTEN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NOT_STARTED_HERE = "183301007"
"""A code that starts nothing here: the hub places such a referral by hand (care 1)."""

DAYS_AHEAD = 4
"""A first visit is so far ahead that its person is reminded of it on a later day than today."""

TAKEN_BACK = 6
"""So many of the first referrals wait for the moment in which their events change places."""


class Traffic:
    """Referrals by number, 0 to `number` - 1.

    The first few wait until `ask_and_take_back` is called for them. Of the others every tenth is
    one that nobody covers, so that the hub is told; each of the rest is asked of a provider, whose
    system answers as soon as it is told: of six it accepts two and declines one. For one of the two
    it says when the first visit is, and that person has said that mails to them are safe. It goes
    as far as it is let (`let`), and `sent` and `asked` tell how far it has come.

    Parameters:
        url: where Kersey answers.
        scene: whom to ask.
        number: how many.
        told: Tasks of which a provider's system was told.
    """

    def __init__(self, url: str, scene: Scene, number: int, told: "SimpleQueue[str]") -> None:
        self.number = number
        self.sent: dict[int, str] = {}
        self.asked: dict[int, str] = {}
        self.edition = 0
        self.announced: list[UUID] = []
        self.answered: set[str] = set()
        self._scene = scene
        self._told = told
        self._editing = threading.Lock()
        self._people = people(number)
        self._let = 0
        self._moved = threading.Condition()
        self._stop = threading.Event()
        self._failed: list[BaseException] = []
        self._ehr = Caller(url, "ehr")
        self._worker = Caller(url, "link-worker")
        self._coordinator = Caller(url, "coordinator")
        self._providers = {each.client: Caller(url, each.client) for each in scene.asked}

    # --- seen from the test ---------------------------------------------------------------------

    def unrouted(self, number: int) -> bool:
        """Whether nobody covers it."""
        return number >= TAKEN_BACK and number % 10 == 9

    def accepted(self, number: int) -> bool:
        """Whether the provider says yes."""
        return number >= TAKEN_BACK and not self.unrouted(number) and number % 3 == 0

    def visited(self, number: int) -> bool:
        """Whether a first visit is agreed, and the person hears of it by mail."""
        return self.accepted(number) and number % 6 == 0

    def declined(self, number: int) -> bool:
        """Whether the provider says no."""
        return number >= TAKEN_BACK and not self.unrouted(number) and number % 6 == 1

    @staticmethod
    def mail_of_person(number: int) -> str:
        """Where a person whose first visit is agreed is written to."""
        return f"person-{number}@people.example.org"

    def provider(self, number: int) -> Asked:
        """Who is asked."""
        return self._scene.asked[number % len(self._scene.asked)]

    @property
    def providers(self) -> Sequence[Asked]:
        """Everybody who is asked."""
        return self._scene.asked

    @property
    def to_ask(self) -> list[int]:
        """The numbers that are asked of a provider in the ordinary course."""
        return [each for each in range(TAKEN_BACK, self.number) if not self.unrouted(each)]

    @property
    def listing(self) -> UUID:
        """The organisation whose listing is edited."""
        assert self._scene.listing.id
        return self._scene.listing.id

    @property
    def repeats(self) -> int:
        """How often a call was made again."""
        return sum(each.repeats for each in self._callers)

    def let(self, number: int) -> None:
        """Let it go on until so many are sent."""
        with self._moved:
            self._let = max(self._let, min(number, self.number))
            self._moved.notify_all()

    def wait_for_sent(self, number: int) -> None:
        """Wait until so many were seen to be accepted.

        Raises:
            AssertionError: the traffic itself failed.
        """
        with self._moved:
            self._moved.wait_for(lambda: len(self.sent) >= min(number, self.number) or self._failed)
        self.check()

    def check(self) -> None:
        """Raise what went wrong in any of its threads."""
        if self._failed:
            raise AssertionError("the traffic stopped") from self._failed[0]

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Run for the block; at its end it has all gone through, unless the block failed."""
        threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"traffic {work.__name__}")
            for work in (self._send, self._work, self._answer, self._edit)
        ]
        for each in threads:
            each.start()
        try:
            yield
            self.let(self.number)
            for each in threads[:3]:
                each.join()
            self.check()
        finally:
            self._stop.set()
            self.let(self.number)
            for each in threads:
                each.join()
            for caller in self._callers:
                caller.close()

    def ask_and_take_back(self) -> list[str]:
        """Ask for the first few and take each request back; returns their cases."""
        of = {request: number for number, request in self.sent.items() if number < TAKEN_BACK}
        rows = [row for row in self._list("new") if row["service_request"] in of]
        assert len(rows) == TAKEN_BACK, "the first referrals are on the worklist"
        for row in rows:
            number = of[row["service_request"]]
            task = self._ask(row, number)
            at = f"/referrals/requests/{task}/cancel"
            self._worker.call("POST", at, json={"reason": "asked-by-mistake"})
        return [row["case"] for row in rows]

    def edit(self) -> None:
        """Change a listing; its hub's coordinator does, whose word needs nobody's approval."""
        listing = self._scene.listing
        at = f"/directory/organizations/{listing.id}"
        with self._editing:
            self.edition += 1
            body = listing.model_copy(update={"description": f"Edition {self.edition}."})
            said = body.model_dump(mode="json", exclude_unset=True)
            self._coordinator.call("PUT", at, json=said)

    def announce(self) -> None:
        """Tell the hub's providers something; it goes with their message of the day."""
        today = datetime.now(UTC).date()
        key = uuid4()
        body = {
            "title": "The hall is open again",
            "text": "The lift works.",
            "first_day": str(today - timedelta(days=1)),
            "last_day": str(today + timedelta(days=30)),
            "audience": "providers",
        }
        self._coordinator.call("PUT", f"/notifications/announcements/{key}", json=body)
        self._coordinator.call("POST", f"/notifications/announcements/{key}/publish")
        self.announced.append(key)

    # --- threads --------------------------------------------------------------------------------

    @property
    def _callers(self) -> Sequence[Caller]:
        return (self._ehr, self._worker, self._coordinator, *self._providers.values())

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by check
            with self._moved:
                self._failed.append(error)
                self._moved.notify_all()

    def _send(self) -> None:
        with ThreadPoolExecutor(4, thread_name_prefix="ehr") as pool:
            sending: set[Future[None]] = set()
            for number in range(self.number):
                self._wait_until_let(number)
                if self._stop.is_set() or self._failed:
                    break
                sending.add(pool.submit(self._send_one, number))
                while len(sending) >= 4:
                    done, sending = wait(sending, return_when="FIRST_COMPLETED")
                    for each in done:
                        each.result()
            for each in sending:
                each.result()

    def _wait_until_let(self, number: int) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._let > number or self._failed)

    def _send_one(self, number: int) -> None:
        """The same Bundle under the same identifier, until its 201 or 200 is seen."""
        person = replace(self._people[number], practice=PRACTICES[number % 2])
        code = {"code": NOT_STARTED_HERE} if self.unrouted(number) else {}
        bundle = referral_bundle(person, f"storm-{number}", WRITTEN, **code)
        answer = self._ehr.call("POST", "/fhir", json=bundle)
        location = answer["entry"][-1]["response"]["location"]
        request = location.rpartition("ServiceRequest/")[2].partition("/")[0]
        with self._moved:
            self.sent[number] = request
            self._moved.notify_all()

    def _work(self) -> None:
        """Work the link workers' list off, as long as there are referrals to ask for."""
        with ThreadPoolExecutor(3, thread_name_prefix="link-worker") as pool:
            while len(self.asked) < len(self.to_ask):
                if self._stop.is_set() or self._failed:
                    return
                numbers = {request: number for number, request in dict(self.sent).items()}
                rows = [
                    row
                    for state in ("new", "triage-accepted")
                    for row in self._list(state)
                    if (number := numbers.get(row["service_request"], -1)) >= TAKEN_BACK
                    and number not in self.asked
                ]
                of = [numbers[row["service_request"]] for row in rows]
                for _ in pool.map(self._serve, rows, of):
                    continue
                self._stop.wait(0.5)

    def _serve(self, row: dict[str, Any], number: int) -> None:
        if self.visited(number):
            at = f"/referrals/cases/{row['case']}/person/contacts/email"
            safe = {"value": self.mail_of_person(number), "safe": "yes"}
            self._worker.call("PUT", at, json=safe)
        self.asked[number] = self._ask(row, number)

    def _ask(self, row: dict[str, Any], number: int) -> str:
        at = f"/referrals/cases/{row['case']}"
        if row["state"] == "new":
            self._worker.call("POST", f"{at}/accept")
        wanted = {
            "service": str(self.provider(number).service),
            "needs": [{"code": "loneliness"}],
            "text": "Would like company.",
            "full_because": "Its places run out while this goes on.",
        }
        made = self._worker.call("POST", f"{at}/requests", json=wanted)
        if made is None:
            tasks = self._worker.call("GET", at)["tasks"]
            return str(next(each["id"] for each in tasks if each["kind"] == "provider"))
        return str(made["task"])

    def _list(self, state: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._worker.call(
            "GET", "/referrals/cases", params={"state": state, "count": 200}
        )
        return found

    def _answer(self) -> None:
        """Say yes or no to those who are to have an answer, when the webhook tells of them."""
        wanted = {each for each in self.to_ask if self.accepted(each) or self.declined(each)}
        heard: set[str] = set()
        while len(self.answered) < len(wanted) and not (self._stop.is_set() or self._failed):
            with contextlib.suppress(Empty):
                heard.add(self._told.get(timeout=0.1))
            for number in wanted & self.asked.keys():
                task = self.asked[number]
                if task in heard - self.answered:
                    self._answer_one(number, task)
                    self.answered.add(task)

    def _answer_one(self, number: int, task: str) -> None:
        provider = self._providers[self.provider(number).client]
        at = f"/referrals/requests/{task}"
        if self.declined(number):
            provider.call("POST", f"{at}/answer", json={"decision": "decline", "reason": "full"})
            return
        provider.call("POST", f"{at}/answer", json={"decision": "accept"})
        if self.visited(number):
            starts = datetime.now(UTC) + timedelta(days=DAYS_AHEAD)
            provider.call("PUT", f"{at}/first-visit", json={"starts": starts.isoformat()})

    def _edit(self) -> None:
        """Change the listing as often as four referrals are sent, and now and then announce."""
        while not self._stop.wait(0.1):
            if len(self.sent) >= 4 * self.edition:
                self.edit()
            if len(self.sent) >= 20 * len(self.announced):
                self.announce()
