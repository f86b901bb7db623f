"""A whole Kersey in one process, with people who use it, and everywhere that it writes to."""

import mailbox
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, inspect, text
from typer.testing import CliRunner, Result

from deploy.cli import app as kersey
from deploy.data_folder import DataFolder
from deploy.demo.clients import PROVIDER
from deploy.demo.consortium import declaration
from deploy.demo.contacts import load_contacts
from deploy.demo.directory import dataset
from deploy.demo.link import CODE, LINK, _text
from deploy.demo_data import demo_clients
from deploy.demo_tokens import access_token
from deploy.embedded import House, all_in_one
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.operator_broker import subscriptions
from deploy.postgres_cluster import free_port
from deploy.services import BROKER_DATABASE
from services.identity.clients import load_clients
from services.referrals.app import desk_of
from services.referrals.handlers.consortium import load_consortium
from shared.messaging.events import ProviderPublished, ServicePublished
from shared.messaging.rabbit import RabbitBroker
from shared.worker import Wake
from tests.infrastructure.serving import serving
from tests.referrals.house import SERVICE, Json, hear

PATIENCE = 90.0
"""Seconds for what happens in the background, on a machine that runs other tests beside it."""


@dataclass
class Living:
    """A running Kersey."""

    url: str
    folder: Path
    house: House
    rabbit: RabbitBroker | None

    def __post_init__(self) -> None:
        self._http: dict[str, httpx.Client] = {}
        self._read: set[str] = set()

    def call(self, who: str, method: str, path: str, **arguments: Any) -> Any:
        """Call as one of the demo's clients; a token that expired meanwhile is got anew."""
        answer = self._as(who).request(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._http.pop(who).close()
            answer = self._as(who).request(method, path, **arguments)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def _as(self, who: str) -> httpx.Client:
        if who not in self._http:
            headers = {"Authorization": f"Bearer {access_token(self.url, who)}"}
            self._http[who] = httpx.Client(base_url=self.url, headers=headers, timeout=60)
        return self._http[who]

    def browse(self, session: str, method: str, path: str, body: Json | None = None) -> Any:
        """Call as whoever opened an answer link."""
        answer = httpx.request(
            method,
            f"{self.url}/notifications{path}",
            json=body,
            headers={"Kersey-Answer-Session": session},
            timeout=60,
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def mailed(self, pattern: re.Pattern[str]) -> str:
        """What a mail that is new since the last one holds."""
        found: list[str] = []

        def there() -> bool:
            box = mailbox.Maildir(self.folder / "mail", create=True)
            for key in box.keys():  # noqa: SIM118 - no dict
                match = pattern.search(_text(box[key])) if key not in self._read else None
                if match:
                    self._read.add(key)
                    found.append(match[0])
            return bool(found)

        eventually(there, f"a mail with {pattern.pattern}")
        return found[0]

    def pass_over_mails(self) -> None:
        """Take for read what was sent until now, once all mails that are due are sent."""
        unsent = "select 1 from delivery where channel = 'email' and ended is null and due <= now()"
        eventually(lambda: not self.rows("notifications", unsent), "what is due is sent")
        self._read |= set(mailbox.Maildir(self.folder / "mail", create=True).keys())

    def rows(self, service: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What is in a service's database."""
        with self.house.engines[service].begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def kersey(self, *words: str, said: str = "", **environment: str) -> Result:
        """Run a command of an operator on the same machine; `said` is its standard input."""
        own = {"KERSEY_DATA_DIR": str(self.folder), "KERSEY_PUBLIC_URL": self.url}
        return CliRunner().invoke(kersey, words, input=said, env=own | environment)

    # --- everywhere that it writes to -------------------------------------------------------------

    def everywhere(self) -> Iterator[tuple[str, str]]:
        """All that is stored, as (place, text): tables, statistics, queues, dead letters, files."""
        for service, engine in self.house.engines.items():
            yield from tables_of(service, engine)
        url = running_url(DataFolder(self.folder, "looking"), BROKER_DATABASE)
        with opened(url, 1, "looking") as engine:
            yield from tables_of("embedded broker", engine)
        yield from self._queues()
        for file in self.folder.rglob("*"):
            if file.is_file() and "postgres" not in file.relative_to(self.folder).parts[:1]:
                yield str(file), file.read_text("utf-8", "replace")
        for file in self.folder.glob("postgres*/**/*.log"):
            yield str(file), file.read_text("utf-8", "replace")

    def _queues(self) -> Iterator[tuple[str, str]]:
        if self.rabbit is None:
            return
        topology = self.rabbit.topology
        names = [topology.unbound]
        for each in subscriptions():
            names += [topology.queue(each.consumer), topology.dead_queue(each.consumer)]
        for name in names:
            with self.rabbit.connect() as link:
                for got in link.hold(link.channel(), name):
                    yield name, got.body.decode()

    def found(self, markers: Iterable[str]) -> set[tuple[str, str]]:
        """Which markers are stored anywhere, and where."""
        wanted = list(markers)
        return {
            (mark, place)
            for place, stored in self.everywhere()
            for mark in wanted
            if mark in stored
        }

    def close(self) -> None:
        for client in self._http.values():
            client.close()


def tables_of(service: str, engine: Engine) -> Iterator[tuple[str, str]]:
    """Every row of every table of a database as text, and what PostgreSQL remembers of values."""
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            rows = connection.execute(text(f'select t::text from "{name}" t')).scalars()
            yield f"{service}: {name}", "\n".join(rows)
        remembered = connection.execute(text("select s::text from pg_stats s")).scalars()
        yield f"{service}: pg_stats", "\n".join(remembered)


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fail saying what did not."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.1)


@contextmanager
def living(path: Path, rabbit: RabbitBroker | None = None) -> Iterator[Living]:
    """A running Kersey with the demo's clients, hubs and contacts, and one listed service.

    Args:
        path: its data folder.
        rabbit: the broker; the embedded one if none.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        DataFolder(path, url) as folder,
        all_in_one(folder, url, broker=rabbit, environment="test") as house,
    ):
        load_clients(house.engines["identity"], demo_clients())
        listings = replace(dataset(), organizations=(), services=())
        load_contacts(house.engines["notifications"], listings)
        desk = desk_of(house.referrals_settings, house.engines["referrals"], Wake())
        load_consortium(desk, declaration())
        hear(desk, ProviderPublished(provider=PROVIDER, listing={"name": "Saltaire Slow Stitch"}))
        listing = {"name": "Sunday stitching", "kersey": {"tier": 2}}
        hear(desk, ServicePublished(service=SERVICE, provider=PROVIDER, listing=listing))
        with serving(house.app, port):
            living = Living(url, folder.path, house, rabbit)
            try:
                yield living
            finally:
                living.close()


# --- a story that leaves words everywhere ---------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a story made."""

    case: str
    patient: str
    task: str
    person: UUID


def refer(kersey: Living, bundle: Json) -> tuple[str, str]:
    """Send a referral; its case and Patient."""
    answer = kersey.call("ehr", "POST", "/fhir", json=bundle)
    located = [each["response"]["location"].split("/fhir/")[1] for each in answer["entry"]]
    ids = {each.split("/")[0]: each.split("/")[1] for each in located}
    ((case,),) = kersey.rows(
        "referrals",
        "select id from referral_case where service_request = :r",
        r=ids["ServiceRequest"],
    )
    return str(case), ids["Patient"]


def whole_story(kersey: Living, bundle: Json, words: list[str], service: UUID = SERVICE) -> Told:
    """From the referral over the link in the mail and the code to the end of the case."""
    case, patient = refer(kersey, bundle)
    at = f"/referrals/cases/{case}"
    kersey.call("link-worker", "POST", f"{at}/accept")
    kersey.call("link-worker", "POST", f"{at}/contacts", json={"reached": True, "how": "phone"})
    wish = {
        "service": str(service),
        "needs": [{"code": "loneliness", "display": words[0]}],
        "text": words[1],
        "when": words[2],
        "where": words[3],
        "access_needs": [words[4]],
        "share": {"name": words[5], "phone": words[6]},
    }
    task = kersey.call("link-worker", "POST", f"{at}/requests", json=wish)["task"]
    token = kersey.mailed(LINK).rpartition("/")[2]
    opened = kersey.browse("", "POST", "/answer-links/exchange", {"token": token})
    session = opened["session"]
    kersey.browse(session, "POST", "/answer", {"decision": "accept"})
    kersey.browse(session, "POST", "/answer/code")
    code = kersey.mailed(CODE)
    who = kersey.browse(session, "POST", "/answer/identity", {"code": code})
    assert who["name"] == words[5]
    for action in ("start", "complete"):
        progress = {"action": action, "date": "2026-11-02", "note": words[7]}
        kersey.browse(session, "POST", "/answer/progress", progress)
    wrote = {"text": words[7], "key": str(uuid4())}
    kersey.call("link-worker", "POST", f"/referrals/requests/{task}/messages", json=wrote)
    agreed = {"items": ["needs", "activities", "measures", "next-step"]}
    kersey.call("link-worker", "PUT", f"{at}/gp-sharing", json=agreed)
    told = {"outcome": "completed", "for_practice": {"next_step": words[7]}}
    kersey.call("link-worker", "POST", f"{at}/close", json=told)
    unwritten = "select 1 from gp_message where not written"
    eventually(lambda: kersey.rows("referrals", unwritten) == [], "the practice is told")
    ((person,),) = kersey.rows(
        "referrals", "select person from referral_case where id = :c", c=case
    )
    return Told(case, patient, task, person)
