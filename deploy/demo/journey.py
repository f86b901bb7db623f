"""The whole loop, played against a running Kersey: from a GP's referral to the EHR that hears.

Every step prints the call that it made and the id that it changed, and fails if nothing changed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console

from deploy.demo.answering import Answering
from deploy.demo.bundle import referral_bundle
from deploy.demo.clients import CLIENTS
from deploy.demo.listener import Listener
from deploy.demo.people import people
from deploy.demo.sending import OwnBundle, members
from deploy.demo_tokens import access_token
from deploy.refusal import Refusal
from shared.delivery.outcome import State

TOPIC = "https://kersey.example/fhir/SubscriptionTopic/referral-task"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"


class JourneyStopped(Refusal):
    """A step did not do what it should; the message says which call and what came back.

    Parameters:
        status: of the answer, where it was one that refused.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Caller:
    """One demo client's calls, each printed.

    Parameters:
        screen: where they are printed.
        url: where Kersey answers.
        name: the demo client.
    """

    def __init__(self, screen: Console, url: str, name: str) -> None:
        self._screen = screen
        self._name = name
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {access_token(url, name)}"},
            timeout=30,
        )

    def call(self, method: str, path: str, *, changes: str = "", **arguments: Any) -> Any:
        """Make a call.

        Parameters:
            changes: the id that it changes, where that is known before.

        Raises:
            JourneyStopped: it was refused.
        """
        answer = self._http.request(method, path, **arguments)
        shown = f"   {self._name}: {method} {answer.request.url.path} -> {answer.status_code}"
        self._screen.print(shown + (f"  {changes}" if changes else ""))
        if not answer.is_success:
            message = f"{method} {path} answered {answer.status_code}: {answer.text[:800]}"
            raise JourneyStopped(message, answer.status_code)
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Journey:
    """One referral from beginning to end.

    Parameters:
        screen: where progress is printed.
        url: where Kersey answers.
        bundle: the transaction to send; Kersey's own example if none.
        request: a ServiceRequest that was sent already, such as ``ServiceRequest/7``: none is sent,
            and all others play their parts.
        answering: how the provider answers.
        listen: whether to register a Subscription that calls back on this machine.
    """

    def __init__(
        self,
        screen: Console,
        url: str,
        *,
        bundle: OwnBundle | None,
        request: str | None = None,
        answering: Callable[["Journey"], Answering],
        listen: bool = True,
    ) -> None:
        self.screen = screen
        self.url = url
        self.listen = listen
        reference = f"JOURNEY-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        self.bundle = bundle or OwnBundle.of(
            referral_bundle(people(1)[0], reference, datetime.now(UTC))
        )
        self.ehr = Caller(screen, url, "ehr")
        self.worker = Caller(screen, url, "link-worker")
        self.provider = Caller(screen, url, "provider")
        self.coordinator = Caller(screen, url, "coordinator")
        self.listener = Listener()
        self.request = request or ""
        self.triage = self.case = self.task = ""
        self._answering = answering(self)
        self._steps = 0

    def play(self) -> None:
        """Play it.

        Raises:
            JourneyStopped: a step failed or changed nothing.
        """
        with self.listener.listening(), self._subscribed():
            if self.request:
                self._look_up()
            else:
                self._refer()
            self._find_triage()
            self._triage()
            self._ask()
            self._delivered()
            self._answer()
            self._identity()
            self._activity()
            self._close()
            self._hear()
        for caller in (self.ehr, self.worker, self.provider, self.coordinator):
            caller.close()

    def step(self, words: str) -> None:
        """Begin a step of the story."""
        self._steps += 1
        self.screen.print(f"[bold]{self._steps:2}. {words}[/bold]")

    def state(self) -> str:
        """The provider's Task as the sender reads it, as status/businessStatus."""
        return _state(self.ehr.call("GET", f"/fhir/Task/{self.task}"))

    def changed(self, before: str, after: str, what: str) -> None:
        """Print a change, or stop because there was none."""
        if before == after:
            message = f"{what} did not change: it is still {after}"
            raise JourneyStopped(message)
        self.screen.print(f"   {what}: {before} -> {after}", style="green")

    # --- the steps --------------------------------------------------------------------------------

    @contextmanager
    def _subscribed(self) -> Iterator[None]:
        """Subscribe for the time of the journey: nobody listens on that port afterwards."""
        if not self.listen:
            yield
            return
        subscription = self._subscribe()
        try:
            yield
        finally:
            self.ehr.call("DELETE", f"/fhir/Subscription/{subscription}")

    def _subscribe(self) -> str:
        self.step("The EHR subscribes to what happens to its referrals")
        subscription = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "To hear what became of our referrals",
            "criteria": TOPIC,
            "channel": {
                "type": "rest-hook",
                "endpoint": self.listener.url,
                "payload": "application/fhir+json",
                "_payload": {
                    "extension": [
                        {"url": f"{BACKPORT}/backport-payload-content", "valueCode": "id-only"}
                    ]
                },
            },
        }
        made = self.ehr.call("POST", "/fhir/Subscription", json=subscription)
        if not self.listener.shaken():
            message = f"Subscription/{made['id']} sent no handshake within 15 seconds"
            raise JourneyStopped(message)
        after = _until(
            lambda: self.ehr.call("GET", f"/fhir/Subscription/{made['id']}")["status"],
            lambda status: status == "active",
        )
        self.changed("requested", after, f"Subscription/{made['id']}")
        return str(made["id"])

    def _refer(self) -> None:
        self.step("A GP refers: the EHR sends one transaction")
        kind = {"Content-Type": "application/fhir+json"}
        answer = self.ehr.call("POST", "/fhir", content=self.bundle.body, headers=kind)
        for entry in answer["entry"]:
            response = entry["response"]
            self.screen.print(f"   {response['status'][:3]} {_local(response.get('location', ''))}")
            for issue in response.get("outcome", {}).get("issue", []):
                self.screen.print(f"   note: {issue.get('diagnostics')}", style="yellow")
        self.request = self._active_request(answer)

    def _look_up(self) -> None:
        self.step("A GP has referred: the EHR sent it before")
        try:
            request = self.ehr.call("GET", f"/fhir/{self.request}")
        except JourneyStopped as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            message = (
                f"the demo's `ehr` has no {self.request}: --request takes the id that Kersey"
                " answered when that client sent the referral, such as ServiceRequest/7. GET"
                " /fhir/ServiceRequest with its token lists those there are"
            )
            raise JourneyStopped(message) from error
        patient = self.ehr.call("GET", f"/fhir/{request['subject']['reference']}")
        self.bundle = OwnBundle.of({"entry": [{"resource": patient}]})

    def _find_triage(self) -> None:
        found = self.ehr.call("GET", "/fhir/Task", params={"focus": self.request})
        triage = [each["resource"] for each in found.get("entry", []) if _is_triage(each)]
        if not triage:
            message = f"{self.request} has no triage Task: the referral went nowhere"
            raise JourneyStopped(message)
        self.triage = triage[0]["id"]
        if triage[0]["status"] in ("completed", "cancelled", "rejected"):
            message = f"{self.request} has ended already: send one under another identifier"
            raise JourneyStopped(message)
        self.changed("nothing", _state(triage[0]), f"Task/{self.triage}")

    def _active_request(self, answer: dict[str, Any]) -> str:
        for entry, sent in zip(answer["entry"], self._sent, strict=True):
            resource = sent.get("resource", {})
            kind, status = resource.get("resourceType"), resource.get("status")
            if (kind, status) == ("ServiceRequest", "active"):
                if entry["response"]["status"].startswith("200"):
                    message = (
                        "this referral was sent before; it has its case already. Change its "
                        "identifier to send it as a new one"
                    )
                    raise JourneyStopped(message)
                return _local(entry["response"]["location"])
        message = "the answer names no ServiceRequest"
        raise JourneyStopped(message)

    def _triage(self) -> None:
        before = _state(self.ehr.call("GET", f"/fhir/Task/{self.triage}"))
        if before.endswith("unrouted"):
            before = self._route(before)
        self.step("A link worker takes the referral on and reaches the person, who says yes")
        self.case = self._case_of(self.worker, unrouted=False)
        at = f"/referrals/cases/{self.case}"
        self.worker.call("POST", f"{at}/accept", changes=f"Task/{self.triage}")
        before = self._triage_changed(before)
        tries = self._tries()
        contact = {"reached": True, "how": "phone", "minutes": 12}
        self.worker.call("POST", f"{at}/contacts", json=contact, changes=f"case/{self.case}")
        self.changed(f"{tries} tries", f"{self._tries()} tries", f"case/{self.case}")
        self.worker.call("POST", f"{at}/person-accepts", changes=f"Task/{self.triage}")
        self._triage_changed(before)

    def _triage_changed(self, before: str) -> str:
        """Print how the triage Task moved on, as the sender reads it, or stop."""
        after = _state(self.ehr.call("GET", f"/fhir/Task/{self.triage}"))
        self.changed(before, after, f"Task/{self.triage}")
        return after

    def _tries(self) -> int:
        """How many tries to reach the person are written down."""
        return len(self.worker.call("GET", f"/referrals/cases/{self.case}")["attempts"])

    def _route(self, before: str) -> str:
        self.step("Nobody covers it by itself: the hub's coordinator routes it by hand")
        case = self._case_of(self.coordinator, unrouted=True)
        team = {"team": str(CLIENTS["link-worker"].organisation)}
        self.coordinator.call(
            "POST", f"/referrals/cases/{case}/route", json=team, changes=f"Task/{self.triage}"
        )
        return self._triage_changed(before)

    def _case_of(self, caller: Caller, *, unrouted: bool) -> str:
        request = self.request.partition("/")[2]
        after = None
        while True:
            query: dict[str, Any] = {"unrouted": unrouted, "count": 200}
            rows = caller.call("GET", "/referrals/cases", params=query | _after(after))
            for row in rows:
                if row["service_request"] == request:
                    return str(row["case"])
            if not rows:
                message = (
                    f"{self.request} is on no list of the demo's Bradford team or hub: its "
                    "practice belongs to another place"
                )
                raise JourneyStopped(message)
            after = rows[-1]["case"]

    def _ask(self) -> None:
        self.step("They look for something that fits, and choose together")
        query = {"need": "loneliness", "near": "BD18", "within": "8000", "free_places": "true"}
        hits = self.worker.call("GET", "/directory/search", params=query)["contents"]
        if not hits:
            message = "the directory found nothing: start with fresh demo data"
            raise JourneyStopped(message)
        self.screen.print(f"   found {len(hits)}, among them", style="green")
        for hit in hits[:3]:
            words = f"{hit['service']['name']}: {', '.join(hit['reasons'])}"
            self.screen.print(f"   - {words}")
        own = str(CLIENTS["provider"].organisation)
        chosen = next((hit for hit in hits if hit["provider"]["id"] == own), None)
        if chosen is None:
            message = "the demo provider's service has no free place: start with fresh demo data"
            raise JourneyStopped(message)
        wanted = {
            "service": chosen["service"]["id"],
            "needs": [{"code": "loneliness", "display": "Loneliness"}],
            "text": "Would like company; a friendly face at the first visit would help.",
            "when": "Sunday afternoons",
            "where": "Saltaire",
            "access_needs": ["step-free"],
            "share": self.agreed(),
        }
        asked = self.worker.call("POST", f"/referrals/cases/{self.case}/requests", json=wanted)
        self.task = asked["task"]
        self.changed("nothing", self.state(), f"Task/{self.task}")

    def agreed(self) -> dict[str, str]:
        """What the person agrees to share: name and phone, from the Patient that was sent."""
        for entry in self._sent:
            patient = entry.get("resource", {})
            if patient.get("resourceType") == "Patient":
                names = [_name(each) for each in members(patient, "name")]
                phones = [
                    str(each.get("value", ""))
                    for each in members(patient, "telecom")
                    if each.get("system") == "phone"
                ]
                agreed = {"name": names, "phone": phones}
                return {item: found[0] for item, found in agreed.items() if found and found[0]}
        return {}

    @property
    def _sent(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.bundle.content["entry"]
        return entries

    def _delivered(self) -> None:
        self.step("The provider is told: a message that names no person")
        rows = _until(
            lambda: self.worker.call(
                "GET", "/notifications/deliveries", params={"task": self.task}
            ),
            lambda found: bool(_requests(found)) and not _under_way(_requests(found)),
        )
        told = [row for row in _requests(rows) if row["state"] == State.DELIVERED]
        if not told:
            message = f"nobody was told of Task/{self.task}"
            raise JourneyStopped(message)
        for row in told:
            self.changed("queued", row["state"], f"delivery {row['id']} by {row['channel']}")
        for row in _requests(rows):
            if row not in told:
                shown = f"delivery {row['id']} by {row['channel']}"
                self.screen.print(f"   {shown}: is {row['state']}", style="yellow")

    def _answer(self) -> None:
        self.step(self._answering.words)
        before = self.state()
        self._answering.accept()
        self.changed(before, self.state(), f"Task/{self.task}")

    def _identity(self) -> None:
        self.step("After a second step the provider sees who is coming; that view is recorded")
        before = self._views()
        name = self._answering.identity()
        if not self.agreed().get("name"):
            self.screen.print("   no name was sent, so none is shared", style="yellow")
        elif not name:
            message = "the provider saw no name"
            raise JourneyStopped(message)
        self.changed(f"{before} views", f"{self._views()} views", f"case/{self.case}")

    def _views(self) -> int:
        return len(self.worker.call("GET", f"/referrals/cases/{self.case}")["identity_views"])

    def _activity(self) -> None:
        self.step("The person starts, comes, and completes")
        for action in ("start", "attend", "complete"):
            before = self.state()
            self._answering.progress(action)
            self.changed(before, self.state(), f"Task/{self.task}")

    def _close(self) -> None:
        self.step("The link worker closes the case with an outcome")
        before = _state(self.ehr.call("GET", f"/fhir/Task/{self.triage}"))
        at = f"/referrals/cases/{self.case}/close"
        self.worker.call("POST", at, json={"outcome": "completed"}, changes=f"case/{self.case}")
        self._triage_changed(before)

    def _hear(self) -> None:
        self.step("The EHR reads the outcome, and the codes for the record, once each")
        task = self.ehr.call("GET", f"/fhir/Task/{self.triage}")
        for output in task.get("output", []):
            coding = output["valueCodeableConcept"]["coding"][0]
            self.screen.print(f"   {coding['code']} {coding.get('display', '')}")
        if not task.get("output"):
            message = f"Task/{self.triage} returns no code"
            raise JourneyStopped(message)
        request = self.ehr.call("GET", f"/fhir/{self.request}")
        self.screen.print(f"   {self.request}: {request['status']}, the sender's own status")
        if self.listen:
            for focus in (f"Task/{self.triage}", f"Task/{self.task}"):
                if not self.listener.told_of(focus):
                    message = f"no notification about {focus} arrived within 15 seconds"
                    raise JourneyStopped(message)
            told = len(self.listener.received) - 1
            self.changed("0 notifications", f"{told} notifications", "what the EHR was told")


def _is_triage(entry: dict[str, Any]) -> bool:
    resource = entry["resource"]
    ours = "https://kersey.example/fhir/CodeSystem/task-business-status"
    systems = [each.get("system") for each in resource.get("businessStatus", {}).get("coding", [])]
    return ours in systems and "partOf" not in resource


def _state(task: dict[str, Any]) -> str:
    coding = task.get("businessStatus", {}).get("coding", [{}])
    return f"{task['status']}/{coding[0].get('code', '')}"


def _name(name: dict[str, Any]) -> str:
    """A HumanName in words, with single spaces."""
    given = name.get("given")
    parts = [*(given if isinstance(given, list) else []), name.get("family")]
    text = name.get("text") or " ".join(str(part) for part in parts if part)
    return " ".join(str(text).split())


def _local(location: str) -> str:
    return location.rpartition("/fhir/")[2].partition("/_history")[0]


def _after(row: str | None) -> dict[str, str]:
    return {"after": row} if row else {}


def _requests(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The messages that ask the provider; the team hears of the same Task too."""
    return [each for each in found["deliveries"] if each["kind"] == "request"]


def _under_way(rows: list[dict[str, Any]]) -> bool:
    """Whether any is yet to be sent, or is being sent: those of one request end one by one."""
    return any(row["state"] in (State.QUEUED, State.SENDING) for row in rows)


def _until(ask: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 20.0) -> Any:
    """Ask again until it holds, for a while; returns the last answer."""
    end = time.monotonic() + seconds
    answer = ask()
    while not holds(answer) and time.monotonic() < end:
        time.sleep(0.3)
        answer = ask()
    return answer
