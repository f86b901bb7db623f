"""Texts and letters through GOV.UK Notify, spoken to over HTTP, and what it says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, Response
from notifications_python_client.notifications import NotificationsAPIClient
from pydantic import SecretStr

from deploy.demo.notify.serving import demo_stand_in, environment
from deploy.demo.notify.stand_in import StandIn, stand_in
from services.notifications.app import create_app
from services.notifications.channels.govuk_notify import Notify
from services.notifications.channels.letter import postal_address
from services.notifications.channels.registry import made
from services.notifications.channels.sms import phone_number
from services.notifications.domain import Kind
from services.notifications.handlers.cases import add
from services.notifications.tables import Contact
from shared.database import UnitOfWork
from shared.delivery import Permanent, Receipt, Temporary
from shared.messaging.events import NotificationDelivered, NotificationFailed
from tests.notifications.conftest import HUB
from tests.notifications.serving import serving
from tests.notifications.test_channels import about, letter

TOKEN = "for Notify, in this test"
NUMBER = "07700 900123"
ADDRESS = "Clay on Canal Street, 12 Canal Street, Sowerby Bridge, HX6 2AB"
URL = "https://kersey.example.org/answer/token"


@contextmanager
def notify_at(settings: Any) -> Iterator[tuple[StandIn, Any]]:
    notify = demo_stand_in()
    with serving(stand_in(notify)) as url:
        said = dict(line.split("=", 1) for line in environment(url))
        where = {"notify_url": url, "notify_key": SecretStr(said["KERSEY_NOTIFY_KEY"])}
        yield notify, settings.model_copy(update=where)


@pytest.fixture
def notify(house) -> Iterator[StandIn]:
    """Notify, found by the house's settings."""
    with notify_at(house.settings) as (stand, settings):
        house.settings = settings
        yield stand


def text(**more: Any) -> Any:
    return letter(address=NUMBER, url=URL, **more)


def test_a_text_says_what_happened_which_request_and_where_to_go_on(house, notify):
    made(house.settings, house.engine)["sms"].send(text())
    (sent,) = notify.sent
    assert sent["phone_number"] == "07700900123"
    message = sent["personalisation"]["message"]
    assert message.startswith("A new referral waits for you. ")
    assert URL in message
    assert len(message) <= 3 * 153, "three parts"


def test_a_letter_has_its_address_in_lines_and_the_whole_words(house, notify):
    made(house.settings, house.engine)["letter"].send(letter(address=ADDRESS, url=URL))
    (sent,) = notify.sent
    fields = sent["personalisation"]
    lines = [fields[f"address_line_{number}"] for number in range(1, 5)]
    assert lines == ["Clay on Canal Street", "12 Canal Street", "Sowerby Bridge", "HX6 2AB"]
    assert fields["subject"] == "A new referral waits for you"
    assert "Please answer even if you cannot help" in fields["body"]
    assert URL in fields["body"]


@pytest.mark.parametrize(("means", "address"), [("sms", NUMBER), ("letter", ADDRESS)])
def test_no_code_is_sent_by_a_text_or_a_letter(house, notify, means, address):
    key = house.contact(means=means, address=address, verified_by_hub=True)
    notice = about(letter(Kind.IDENTITY_CODE)).model_copy(update={"contact": key, "code": uuid4()})
    with UnitOfWork(house.engine) as uow:
        add(uow, uuid4(), notice, uow.session.get_one(Contact, key))
        uow.commit()
    house.send()
    assert house.rows("state", "last_error") == [("failed", "no-code-this-way")]
    assert notify.sent == []


def test_what_was_taken_before_the_line_broke_is_not_sent_again(house, notify):
    channel = made(house.settings, house.engine)["sms"]
    first = text()
    channel.send(first)
    again = replace(first, delivery=replace(first.delivery, attempt=2))
    assert channel.send(again) == Receipt("notify-had-it")
    assert len(notify.sent) == 1
    lost = text()
    second_of_lost = replace(lost, delivery=replace(lost.delivery, attempt=2))
    assert channel.send(second_of_lost) == Receipt("notify-201")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Permanent), (403, Temporary), (429, Temporary), (500, Temporary), (503, Temporary)],
)
def test_our_key_and_notifys_limits_are_no_failure_of_a_message(house, notify, status, kind):
    notify.refuses = status
    with pytest.raises(kind, match=f"notify-{status}"):
        made(house.settings, house.engine)["sms"].send(text())


def test_a_wrong_key_gets_nothing_sent_and_may_be_put_right(house, notify):
    wrong = f"standin-{notify.service}-{uuid4()}"
    settings = house.settings.model_copy(update={"notify_key": SecretStr(wrong)})
    with pytest.raises(Temporary, match="notify-403"):
        made(settings, house.engine)["sms"].send(text())
    assert notify.asked == []


def _posted(path: str, client: NotificationsAPIClient) -> Any:
    return client.post(path, {})


def test_no_redirect_is_followed_and_no_page_taken_for_an_answer(receiver):
    """A page may be Notify's own in front of it; a redirect would take our signature elsewhere."""
    app = FastAPI()

    @app.post("/{status}/v2/notifications/sms")
    def answer(status: int) -> Response:
        return Response("<html>", status, {"location": f"{receiver.url}/elsewhere"})

    with serving(app) as url:
        for status in (302, 307, 200):
            notify = Notify(demo_stand_in().key, url)
            path = f"/{status}/v2/notifications/sms"
            with pytest.raises(Temporary, match=f"notify-{status}"):
                notify.send(uuid4(), 1, partial(_posted, path))
    assert receiver.requests == []


def test_what_notify_says_of_a_failure_is_not_logged(house, notify, caplog):
    settings = house.settings.model_copy(update={"notify_sms_template": str(uuid4())})
    with pytest.raises(Permanent):
        made(settings, house.engine)["sms"].send(text())
    assert "Template not found" not in caplog.text


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("07700 900123", "07700900123"),
        ("+44 (7700) 900-123", "+447700900123"),
        ("0044 7700 900123", "00447700900123"),
        ("12", None),
        ("07700 900123 ext 4", None),
        ("٠٧٧٠٠٩٠٠١٢٣", None),
        ("", None),
    ],
)
def test_numbers(address, number):
    assert phone_number(address) == number


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (ADDRESS, 4),
        ("Clay\n12 Canal Street\nHX6 2AB", 3),
        ("Clay, Sowerby, HX62AB", 3),
        ("Clay, HX6 2AB", None),
        ("Clay, 12 Canal Street, Sowerby Bridge", None),
        ("a,b,c,d,e,f,g,HX6 2AB", None),
    ],
)
def test_postal_addresses(address, lines):
    found = postal_address(address)
    assert (len(found) if found else None) == lines


def test_where_notify_is_not_set_up_no_such_contact_can_be_set(house):
    settings = house.settings.model_copy(update={"notify_key": SecretStr("")})
    assert not {"sms", "letter"} & set(made(settings, house.engine))
    app = create_app(settings, engine=house.engine, verifier=house.verifier)
    who = house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    body = {"means": "sms", "address": NUMBER}
    with serving(app) as url:
        where = f"{url}/notifications/contacts/calder/{uuid4()}"
        answer = httpx.put(where, json=body, headers=who, timeout=60)
    assert (answer.status_code, answer.json()["element"]) == (422, "means")


@contextmanager
def receipts(house: Any) -> Iterator[str]:
    house.settings = house.settings.model_copy(update={"notify_receipt_token": SecretStr(TOKEN)})
    app = create_app(house.settings, engine=house.engine, verifier=house.verifier)
    with serving(app) as url:
        yield f"{url}/notifications/receipts/notify"


@pytest.fixture
def sent(house, notify) -> UUID:
    house.contact(means="sms", address=NUMBER)
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.ask()
    house.send()
    assert house.rows("channel", "state") == [("sms", "delivered")]
    key: UUID
    (key,) = house.rows("id")
    return key


def test_a_text_that_did_not_arrive_is_a_failure_that_is_told_once(house, notify, sent):
    with receipts(house) as url:
        for _ in range(2):
            answer = notify.tell(url, TOKEN, str(sent), "permanent-failure")
            assert (answer.status_code, answer.json()) == (202, {"taken": True})
    assert house.rows("state", "last_error", kind="request") == [
        ("bounced", "notify-permanent-failure")
    ]
    assert [type(each) for each in house.told()] == [NotificationDelivered, NotificationFailed]
    house.send_about_contacts()
    (mail,) = house.mails()
    assert mail["To"] == "hub@calder.example.org"
    house.ask()
    assert house.rows("channel")[-1] == "none", "a number that is gone is not used"


def test_a_phone_that_was_off_says_little_of_its_number(house, notify, sent):
    with receipts(house) as url:
        notify.tell(url, TOKEN, str(sent), "temporary-failure")
    assert house.rows("state", kind="request") == ["bounced"]
    house.ask()
    assert house.rows("channel")[-1] == "sms"


def test_a_text_that_arrived_stays_as_it_is(house, notify, sent):
    with receipts(house) as url:
        for _ in range(2):
            assert notify.tell(url, TOKEN, str(sent), "delivered").status_code == 202
    assert house.rows("state") == ["delivered"]
    assert len(house.told()) == 1


def test_what_was_not_known_is_known_by_its_receipt(house, notify, sent):
    house.execute("update delivery set state = 'unknown', due = now() + interval '1 hour'")
    with receipts(house) as url:
        notify.tell(url, TOKEN, str(sent), "delivered")
    assert house.rows("state", "due") == [("delivered", None)]
    assert house.send() == 0


def test_what_was_given_up_because_nobody_could_say_is_known_by_its_receipt(house, notify, sent):
    house.execute("update delivery set state = 'failed', cut_off = 4, last_error = 'cut-off'")
    with receipts(house) as url:
        notify.tell(url, TOKEN, str(sent), "delivered")
    assert house.rows("state", "last_error") == [("delivered", None)]


@pytest.mark.parametrize(
    ("state", "status"),
    [("bounced", 202), ("superseded", 202), ("failed", 202), ("queued", 503), ("sending", 503)],
)
def test_a_receipt_is_asked_for_again_only_while_a_text_is_on_its_way(
    house, notify, sent, state, status
):
    house.execute("update delivery set state = :s, last_error = 'x'", s=state)
    with receipts(house) as url:
        assert notify.tell(url, TOKEN, str(sent), "delivered").status_code == status
    assert house.rows("state") == [state]


def test_what_is_forged_unknown_or_about_another_channel_changes_nothing(house, notify, sent):
    house.contact(address="desk@clay.example.org")
    house.ask()
    house.send()
    (mail,) = house.rows("id", channel="email")
    with receipts(house) as url:
        for token in (None, "Bearer other", f"Basic {TOKEN}"):
            headers = {"authorization": token} if token else {}
            body = {"reference": str(sent), "status": "permanent-failure"}
            refused = httpx.post(url, json=body, headers=headers, timeout=60)
            assert refused.status_code == 401
        by = {"authorization": f"Bearer {TOKEN}"}
        claims: list[Any] = [
            {"reference": str(uuid4()), "status": "permanent-failure"},
            {"reference": str(mail), "status": "permanent-failure"},
            {"reference": str(sent), "status": "something-new"},
            {"reference": None, "status": "permanent-failure"},
        ]
        for claim in claims:
            assert httpx.post(url, json=claim, headers=by, timeout=60).status_code == 202
        junk: list[Any] = [{"reference": "x", "status": "delivered"}, {"reference": str(sent)}, []]
        for claim in junk:
            assert httpx.post(url, json=claim, headers=by, timeout=60).status_code == 422
    assert set(house.rows("state")) == {"delivered"}


def test_without_a_token_in_the_settings_no_receipt_is_taken(client):
    body = {"reference": str(uuid4()), "status": "delivered"}
    assert client.post("/notifications/receipts/notify", json=body).status_code == 404
