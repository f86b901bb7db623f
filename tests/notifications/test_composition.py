"""Settings, keys, and the whole service on a broker."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from services.notifications.app import SUBSCRIPTIONS, create_app, workers
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.registry import made as channels
from services.notifications.domain import RULES, Kind
from services.notifications.keys import Keys
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import schema
from services.notifications.words import HOPED, SAID, WORDS
from shared.database import create_engine
from shared.delivery import Delivery, Permanent
from shared.mail import SmtpPost
from shared.messaging.broker import Message
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import CATALOGUE, Envelope, Sequence
from shared.worker import WorkerGroup
from tests.notifications.conftest import HUB, requested
from tests.notifications.serving import serving

PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "public_url": "https://kersey.example.org",
    "database_url": "postgresql://u:p@db/x",
    "link_key": "k" * 32,
    "smtp_host": "mail.example.org",
}


def test_production_refuses_what_would_be_a_silent_end_or_a_public_secret():
    assert NotificationsSettings(**PRODUCTION).private_endpoints is False
    for fault in ({"smtp_host": ""}, {"link_key": "short"}, {"link_key": "demo-" + "k" * 32}):
        with pytest.raises(ValidationError) as refused:
            NotificationsSettings(**(PRODUCTION | fault))
        assert "kkkk" not in str(refused.value)


def test_private_webhooks_are_a_matter_of_the_environment():
    allowed = NotificationsSettings(**(PRODUCTION | {"allow_private_endpoints": True}))
    assert allowed.private_endpoints
    assert NotificationsSettings(**(PRODUCTION | {"environment": "test"})).private_endpoints


def test_in_production_a_webhook_to_a_private_address_is_refused(house):
    settings = NotificationsSettings(**(PRODUCTION | {"issuer": "https://id.example.org"}))
    app = create_app(settings, engine=house.engine, verifier=house.verifier)
    coordinator = house.verifier.add(
        "coordinator", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    body = {"means": "webhook", "address": "https://10.0.0.7/hook"}
    with serving(app) as url:
        answer = httpx.put(
            f"{url}/notifications/contacts/calder/{uuid4()}",
            json=body,
            headers=coordinator,
            timeout=60,
        )
    assert (answer.status_code, answer.json()["code"]) == (422, "address-private")


def test_tokens_and_codes_need_the_key_and_never_repeat():
    key, other = Keys(SecretStr("a" * 32)), Keys(SecretStr("b" * 32))
    delivery, again = uuid4(), uuid4()
    assert key.answer_token(delivery) == key.answer_token(delivery)
    tokens = {each.answer_token(which) for each in (key, other) for which in (delivery, again)}
    assert len(tokens) == 4
    assert all(len(token) == 43 for token in tokens)
    assert all(len(key.code(uuid4())) == 6 for _ in range(50))
    assert len({key.code(uuid4()) for _ in range(50)}) > 40


def test_a_key_can_be_changed_without_losing_what_was_sealed():
    old = Keys(SecretStr("a" * 32))
    sealed = old.seal("whsec_secret")
    assert Keys(SecretStr("b" * 32 + "," + "a" * 32)).open(sealed) == "whsec_secret"
    assert Keys(SecretStr("b" * 32)).open(sealed) is None


def test_every_kind_of_message_has_words_and_every_rule_an_event():
    assert set(WORDS) == set(Kind)
    assert {event.type for event in RULES} <= set(CATALOGUE)
    for rule in RULES.values():
        assert bool(rule.to) == bool(rule.party)
        assert not rule.ends or rule.ended


def test_words_are_plain():
    """Short sentences and everyday words: reading age 9 to 11."""
    for words in WORDS.values():
        filled = {
            "reference": "1A2B 3C4D",
            "code": "123456",
            "minutes": 10,
            "day": "Friday 5 March",
            "by": "Friday 5 March",
        }
        hoping = words.hoping(f"{HOPED.usual}\n\n{HOPED.urgent}")
        said = max(SAID.values(), key=len)
        for paragraph in hoping.paragraphs(**filled, said=said):
            for sentence in paragraph.replace("?", ".").replace(":", ".").split(". "):
                assert len(sentence.split()) <= 25, sentence


@pytest.mark.parametrize(
    ("channel", "contact", "reason"),
    [("pigeon", None, "no-channel"), ("email", uuid4(), "contact-inactive")],
)
def test_what_cannot_be_sent_is_a_visible_failure(house, channel, contact, reason):
    house.contact()
    house.ask()
    (payload,) = house.rows("payload")
    if contact:
        house.execute("update contact set active = false")
    send = house.worker()._send
    with pytest.raises(Permanent, match=reason):
        send(Delivery(uuid4(), channel, "x", payload, 1, doubtful=False))


def test_a_webhook_whose_secret_no_key_opens_fails_visibly(house, receiver):
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    house.execute("update contact set sealed_secret = 'rubbish'")
    house.ask()
    house.send()
    assert house.rows("state", "last_error") == [("failed", "no-secret")]


def test_from_the_broker_to_the_mail_and_back_to_the_broker(house, database):
    """The whole service: a committed event becomes a mail, and its delivery an event."""
    house.contact()
    broker_engine = _engine(database())
    broker = EmbeddedBroker(broker_engine)
    broker.declare(list(SUBSCRIPTIONS))
    running = WorkerGroup(workers(house.settings, house.engine, broker, house.wake))
    running.start()
    try:
        _publish(broker, requested())
        _until(lambda: house.rows("state", kind="request") == ["delivered"])
        _until(lambda: house.scalar("select count(*) from outbox where published_at is null") == 0)
        assert all(running.alive().values())
    finally:
        assert running.stop() == []
        broker_engine.dispose()
    assert len(house.mails()) == 1
    assert [type(each).__name__ for each in house.told()] == ["NotificationDelivered"]


def test_an_app_with_a_broker_runs_its_workers_and_is_ready(house, database):
    broker_engine = _engine(database())
    broker = EmbeddedBroker(broker_engine)
    broker.declare(list(SUBSCRIPTIONS))
    app = create_app(house.settings, engine=house.engine, broker=broker, verifier=house.verifier)
    with serving(app) as url:
        alive = app.state.workers.alive()
        assert len(alive) == 11
        assert all(alive.values())
        assert httpx.get(f"{url}/health/live", timeout=60).status_code == 200
        assert set(httpx.get(f"{url}/health/ready", timeout=60).json()["failing"]) <= {"schema"}
        assert httpx.get(f"{url}/notifications/openapi.json", timeout=60).status_code == 200
    broker_engine.dispose()


def test_a_mail_server_is_used_where_one_is_set(house):
    email = channels(NotificationsSettings(**PRODUCTION), house.engine)["email"]
    assert isinstance(email, EmailChannel)
    assert isinstance(email._post, SmtpPost)


def test_the_schema_has_every_table_once():
    names = [table.name for table in schema().sorted_tables]
    assert len(names) == len(set(names))
    assert {"contact", "delivery", "delivery_attempt", "outbox", "inbox", "lease"} <= set(names)


def _engine(url: str):
    return create_engine(url, pool_size=20, application_name="test broker")


def _publish(broker: EmbeddedBroker, event) -> None:
    envelope = Envelope(
        id=uuid4(), source="kersey/referrals", time=datetime.now(UTC),
        sequence=Sequence(1), data=event,
    )  # fmt: skip
    publisher = broker.publisher()
    published = publisher.publish([Message.of(envelope)])
    publisher.close()
    assert published.confirmed == {envelope.id}


def _until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
