"""One trace from a link worker's request to what a provider's system and a record system hear."""

from functools import partial

from pydantic import SecretStr
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from deploy.demo.clients import PROVIDER
from services.notifications import app as notifications
from services.notifications.channels.webhook import new_secret
from services.notifications.settings import NotificationsSettings
from services.referrals.app import workers
from shared.database import create_engine
from shared.messaging.embedded import EmbeddedBroker
from shared.migrate import migrate
from shared.worker import WorkerGroup
from tests.infrastructure.postgres import NewDatabase
from tests.notifications import conftest as telling
from tests.referrals.house import House, wish
from tests.referrals.subscribing import receiver, register
from tests.referrals.test_composition import until
from tests.subject.living import tables_of

TRACE = "4bf92f35" * 4
PLANTED = "Planted-Patient-7731"
SENT = {
    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    "tracestate": f"vendor={PLANTED}",
    "baggage": f"patient={PLANTED}",
}
SETTINGS = NotificationsSettings(
    environment="test",
    database_url=SecretStr("postgresql://unused"),
    link_key=SecretStr("k" * 40),
)


def test_one_trace_leads_from_the_request_to_whoever_is_told(house: House, database: NewDatabase):
    urls = database("notifications", partial(migrate, "notifications")), database()
    engines = [create_engine(url, pool_size=10, application_name="tests") for url in urls]
    broker = EmbeddedBroker(engines[1], poll=0.05)
    told = telling.House(engines[0], SETTINGS, SETTINGS.maildir, telling.Tokens())
    with receiver() as provider, receiver() as ehr:
        told.webhook(provider.url, new_secret(), party=str(PROVIDER))
        register(house, ehr)
        referral = house.taken_on()
        house.execute("update outbox set published_at = now()")
        house.execute("update subscription_change set dispatched = now()")
        running = WorkerGroup(
            [
                *workers(house.settings, house.engine, broker, None),
                *notifications.workers(told.settings, told.engine, broker),
            ]
        )
        with capture_logs(processors=[merge_contextvars]) as lines:
            running.start()
            house.worker.post(f"{referral.at}/requests", wish(), headers=SENT)
            assert until(lambda: provider.requests and ehr.requests)
            assert until(lambda: told.rows("state") == ["delivered"])
            assert running.stop() == []

    logged = {
        (each["event"], each.get("route") or each.get("event_type") or each.get("channel"))
        for each in lines
        if each.get("trace_id") == TRACE
    }
    assert logged >= {
        ("request.answered", "/referrals/cases/{case}/requests"),
        ("consumer.handled", "kersey.referral.requested.v1"),
        ("delivery.attempted", "webhook"),
        ("delivery.attempted", "subscription"),
    }
    stored = [
        *house.rows("select envelope from outbox where envelope like '%requested.v1%'"),
        *house.rows("select traceparent from subscription_delivery where payload !~ 'handshake'"),
        *told.rows("traceparent"),
        provider.requests[0].headers["traceparent"],
        ehr.requests[0].headers["traceparent"],
    ]
    assert len(stored) >= 5
    assert [each for each in map(str, stored) if f"00-{TRACE}-" not in each] == []
    kept = [*tables_of("notifications", told.engine), *tables_of("referrals", house.engine)]
    assert PLANTED not in f"{lines}{kept}", "a vendor's own data is not for us to keep"
    for engine in engines:
        engine.dispose()
