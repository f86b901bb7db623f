"""A client ends at the issuer, and what goes on for it without a token ends with it.

The whole way: an operator's command, identity's outbox and relay, the broker, referrals.
"""

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from deploy.demo.clients import CLIENTS
from tests.notifications.conftest import HttpSink
from tests.referrals.house import Json, a_bundle
from tests.referrals.subscribing import TOPIC, receiver, subscription
from tests.subject.living import Living, eventually, refer

EHR = CLIENTS["ehr"].client_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with receiver() as made:
        yield made


def subscribed(kersey: Living, sink: HttpSink, who: str) -> str:
    made = kersey.call(who, "POST", "/fhir/Subscription", json=subscription(sink.url))
    key = str(made["id"])
    eventually(lambda: status(kersey, key, who) == "active", "its handshake was taken")
    return key


def status(kersey: Living, key: str, who: str) -> str:
    read: Json = kersey.call(who, "GET", f"/fhir/Subscription/{key}")
    return str(read["status"])


def of_identity(kersey: Living) -> dict[str, str]:
    """What its own commands are set by."""
    url = kersey.house.engines["identity"].url.set(drivername="postgresql")
    return {
        "KERSEY_DATABASE_URL": url.render_as_string(hide_password=False),
        "KERSEY_KEY_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }


def operate(kersey: Living, *words: str, **environment: str) -> str:
    done = kersey.kersey(*words, **environment)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_whoever_is_deactivated_hears_nothing_more(kersey: Living, sink: HttpSink) -> None:
    ended, goes_on = subscribed(kersey, sink, "ehr"), subscribed(kersey, sink, "ehr-2")

    operate(kersey, "clients", "deactivate", EHR, **of_identity(kersey))

    # Its token is good for the services until it expires, so that its client still sees why.
    eventually(lambda: status(kersey, ended, "ehr") == "error", "it is stopped")
    told = kersey.call("ehr", "GET", f"/fhir/Subscription/{ended}")
    assert "the client that registered this is deactivated" in told["error"]
    assert status(kersey, goes_on, "ehr-2") == "active"
    sink.requests.clear()
    refer(kersey, a_bundle())
    counted = "select number from subscription_state where id = :key"
    eventually(lambda: kersey.rows("referrals", counted, key=ended) != [(0,)], "it is counted")
    assert sink.requests == []


def test_an_operator_sees_and_stops_what_a_client_of_another_issuer_is_told(
    small: Living, sink: HttpSink
) -> None:
    key, other = subscribed(small, sink, "ehr"), subscribed(small, sink, "ehr-2")
    shown = operate(small, "subscriptions", "list")
    assert {line.split("\t")[0] for line in shown.splitlines()} >= {key, other}
    _, of_one = operate(small, "subscriptions", "list", EHR).splitlines()
    assert of_one.split("\t")[:2] == [key, EHR]
    assert of_one.split("\t")[3:] == ["active", "", TOPIC, "0"]

    nameless = small.kersey("subscriptions", "stop", EHR)
    assert nameless.exit_code != 0, "who did it stands in the trail"
    said = operate(small, "subscriptions", "stop", EHR, "--by", "the administrator")
    assert said == f"{EHR}: 1 Subscriptions turned off\n"
    told = small.call("ehr", "GET", f"/fhir/Subscription/{key}")
    assert told["status"] == "off"
    assert "Kersey's operator turned this off" in told["error"]
    assert status(small, other, "ehr-2") == "active"
    trail = "select action from audit_entry where record = :record and action like 'subscription%'"
    assert small.rows("referrals", trail, record=f"Subscription/{key}") == [
        ("subscription-stopped",)
    ]
    again = operate(small, "subscriptions", "stop", EHR, "--by", "the administrator")
    assert again == f"{EHR}: 0 Subscriptions turned off\n"
    sink.requests.clear()
    refer(small, a_bundle())
    assert "off" in operate(small, "subscriptions", "list", EHR)
    assert sink.requests == []

    small.call("ehr", "DELETE", f"/fhir/Subscription/{key}")
    assert key not in operate(small, "subscriptions", "list")


def test_what_nobody_was_told_of_a_clients_end_is_drift(kersey: Living, sink: HttpSink) -> None:
    key = subscribed(kersey, sink, "ehr")
    kersey.rows("identity", "update oauth_client set active = false where client_id = :c", c=EHR)
    if kersey.rabbit is None:
        said = kersey.kersey("reconcile", "--grace", "0")
        assert said.exit_code == 1, (said.output, said.exception)
        assert f"referrals.clients: the end of a client is not known\t{EHR}\t" in said.output
    operate(kersey, "republish", "identity", "--to", "referrals.clients")
    eventually(lambda: status(kersey, key, "ehr") == "error", "it is stopped")
    if kersey.rabbit is None:  # the ends of other clients are sent again with it

        def agrees() -> bool:
            return "referrals.clients" not in kersey.kersey("reconcile", "--grace", "0").output

        eventually(agrees, "nothing of identity is left to be acted on")
