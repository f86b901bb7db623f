"""What leaves the house by itself, events, mails, webhooks, notifications and logs, names nobody.

Every word of the Bundle is a marker, and so is what the person agreed to share; none of them may be
in anything that Kersey sends or writes down on its own account.
"""

import io
import logging
import sys
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from deploy.demo.clients import PROVIDER
from services.notifications.settings import NotificationsSettings
from shared.database import create_engine
from shared.logging import configure
from shared.messaging.events import parse
from shared.migrate import migrate
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.printing import print_past_python
from tests.notifications.conftest import House as PostRoom
from tests.notifications.conftest import Tokens
from tests.referrals.house import TEAM, TEAM_2, House, Json, wish
from tests.referrals.prying import Marked, marked_bundle, pry
from tests.referrals.subscribing import deliver, dispatch, receiver, subscription
from tests.referrals.test_privacy import EVERYTHING, asked, found

pytestmark = pytest.mark.timeout(600)
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()


def agreed(marked: Marked) -> Json:
    """What the person agreed to share, in words that came with the Bundle."""
    return {"name": marked.at("name[0].family"), "phone": marked.at("Patient.telecom[0].value")}


def everything_happens(house: House, marked: Marked) -> tuple[str, str]:
    """A yes and a no, an agreement withdrawn, a hand-over, a revocation: all that is told of."""
    case, task, _ = asked(house, marked, agreed(marked))
    house.answer(task, "accept", note=marked.at("name[0].family"))
    identity = house.provider.post(f"/referrals/requests/{task}/identity")
    assert identity["name"] in marked.markers
    house.worker.post(f"/referrals/requests/{task}/withdraw-agreement")
    house.progress(task, "start", note=marked.at("name[0].family"))
    house.progress(task, "complete")
    at = f"/referrals/cases/{case}"
    second = house.worker.post(f"{at}/requests", wish_of(marked))["task"]
    house.answer(second, "decline", reason="other", note=marked.at("name[0].family"))
    third = house.worker.post(f"{at}/requests", wish_of(marked))["task"]
    house.worker.post(f"{at}/hand-over", {"team": str(TEAM_2), "reason": "cover"})
    house.answer(third, "accept")
    house.progress(third, "start")
    request = house.scalar("select service_request from referral_case")
    revoke = {"op": "replace", "path": "/status", "value": "revoked"}
    house.ehr.patch(f"/fhir/ServiceRequest/{request}", revoke)
    return case, task


def wish_of(marked: Marked) -> Json:
    """The body of a request to a provider with what may be shared."""
    return wish(share=agreed(marked))


@pytest.fixture
def post_room(database: NewDatabase, tmp_path: Path) -> Iterator[PostRoom]:
    """The notifications service with a database of its own, mails put into a folder."""
    url = database("notifications", partial(migrate, "notifications"))
    engine = create_engine(url, pool_size=5, application_name="tests")
    settings = NotificationsSettings(
        environment="test",
        public_url="https://kersey.example.org",
        database_url=SecretStr("postgresql://unused"),
        link_key=SecretStr("k" * 40),
        maildir=tmp_path / "mail",
        mail_from="kersey@hub.example.org",
        referrals_url="http://127.0.0.1:9",
        token_url="http://127.0.0.1:9/token",
        client_id="notifications",
        client_secret=SecretStr("secret"),
    )
    yield PostRoom(engine, settings, tmp_path / "mail", Tokens())
    engine.dispose()


def test_no_mail_and_no_webhook_names_anybody(house: House, post_room: PostRoom):
    marked = marked_bundle()
    everything_happens(house, marked)
    with receiver() as sink:
        for party, role in ((PROVIDER, "requests"), (TEAM, "team"), (TEAM_2, "team")):
            post_room.contact(party=str(party), role=role, address=f"{role}@{party}.example.org")
        post_room.webhook(sink.url, SECRET, party=str(PROVIDER))
        for (envelope,) in house.rows("select envelope from outbox order by position"):
            post_room.consume(parse(envelope))
            while post_room.send():
                pass
        webhooks = [f"{each.path} {each.headers} {each.body.decode()}" for each in sink.requests]
    mails = post_room.mails()
    texts = [
        f"{mail.items()} {part.get_content()}"
        for mail in mails
        for part in mail.walk()
        if part.get_content_maintype() == "text"
    ]
    kinds = set(post_room.rows("kind"))
    assert {"request", "sharing-ended", "declined", "handed-over", "withdrawal-asked"} <= kinds
    assert len(texts) == 2 * len(mails) > 8, "each mail has a plain and an HTML part"
    assert len(webhooks) > 3
    assert found(marked, [*texts, *webhooks]) == {}
    kept = post_room.scalar("select string_agg(payload, ' ') from delivery")
    assert found(marked, [kept]) == {}


def test_no_event_names_anybody(house: House):
    marked = marked_bundle()
    everything_happens(house, marked)
    texts = [row[0] for row in house.rows("select envelope from outbox")]
    assert len(texts) > 14
    assert found(marked, texts) == {}


@pytest.mark.parametrize("content", ["id-only", "empty"])
def test_no_notification_of_a_subscription_names_anybody(house: House, content: str):
    marked = marked_bundle()
    with receiver() as sink:
        for name in ("ehr", "provider", "link-worker", "ehr-2"):
            who = house.by(name, scopes=EVERYTHING)
            address = f"{sink.url}/{name}"
            who.post("/fhir/Subscription", subscription(address, content=content))
        deliver(house)
        everything_happens(house, marked)
        dispatch(house)
        while deliver(house):
            pass
        sent = [f"{each.headers} {each.body.decode()}" for each in sink.requests]
        to = [each.path for each in sink.requests]
    assert to.count("/ehr-2") == 1, "its handshake and nothing more"
    assert to.count("/provider") > 5
    assert found(marked, sent) == {}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as in production, and whatever else goes to standard error."""
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    configure("DEBUG")
    yield text
    root.handlers[:] = handlers
    root.setLevel(level)
    print_past_python()


def test_no_log_names_anybody(house: House, written: io.StringIO):
    marked = marked_bundle()
    case, task = everything_happens(house, marked)
    for _ in pry(house, house.by("provider", scopes=EVERYTHING), case, task):
        pass
    family = marked.at("name[0].family")
    for path in (f"Patient?family={family}", f"Patient/{family}", f"{family}", f"Task?{family}=1"):
        house.ehr.send("GET", f"/fhir/{path}")
    marked.bundle["entry"][-1]["resource"]["status"] = "actve"
    assert house.ehr.send("POST", "/fhir", json=marked.bundle).status_code == 422
    structlog.get_logger("tests").info("the.end")
    assert "the.end" in written.getvalue()
    assert found(marked, [written.getvalue()]) == {}
