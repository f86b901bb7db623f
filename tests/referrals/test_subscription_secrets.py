"""What a Subscription keeps secret is sent to its endpoint, and read by nobody."""

import base64
import json
from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import text
from standardwebhooks import Webhook

from services.referrals import codes
from services.referrals.masks import MASK
from shared.database import create_engine
from shared.migrate import configuration, migrate
from tests.infrastructure.postgres import NewDatabase
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House, Json, replaced
from tests.referrals.subscribing import deliver, receiver, register, subscription, told

HEADERS = ["Authorization: Bearer of-the-receiver", "X-Key: first", "x-key: second"]
SIGNED_WITH = "whsec_" + base64.b64encode(b"k" * 32).decode()
SIGNED = {
    "url": f"{codes.KERSEY}/StructureDefinition/notification-secret",
    "valueString": SIGNED_WITH,
}
SHOWN = [f"Authorization: {MASK}", f"X-Key: {MASK}", f"x-key: {MASK}"]


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with receiver() as made:
        yield made


@pytest.fixture
def key(house: House, sink: HttpSink) -> str:
    return register(house, sink, header=HEADERS, extension=[SIGNED])


def channel(house: House, key: str) -> Json:
    read: Json = house.ehr.get(f"/fhir/Subscription/{key}")["channel"]
    return read


def heard(house: House, sink: HttpSink) -> Json:
    """The headers of the next notification, whose signature is that of the secret."""
    sink.requests.clear()
    house.refer(number=len(house.rows("select id from referral_case")) + 1)
    told(house)
    request = sink.requests[-1]
    Webhook(SIGNED_WITH).verify(request.body, request.headers)
    found: Json = request.headers
    return found


def test_no_way_of_reading_tells_them(house: House, key: str):
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": f"Subscription/{key}"}}],
    }
    ways = [
        house.ehr.get(f"/fhir/Subscription/{key}"),
        house.ehr.get(f"/fhir/Subscription/{key}/_history"),
        house.ehr.get(f"/fhir/Subscription/{key}/_history/1"),
        house.ehr.get("/fhir/Subscription?status=active"),
        house.ehr.get(f"/fhir/Subscription/{key}/$status"),
        house.ehr.post("/fhir", batch),
        house.ehr.post("/fhir/Subscription", subscription("https://ehr.example", header=HEADERS)),
    ]
    for answer in map(json.dumps, ways):
        assert "of-the-receiver" not in answer
        assert "first" not in answer
        assert SIGNED_WITH not in answer
    assert channel(house, key)["header"] == SHOWN
    assert channel(house, key)["extension"] == [SIGNED | {"valueString": MASK}]
    for table in ("document", "document_version"):
        stored = f"select count(*) from {table} where body like '%of-the-receiver%'"
        assert house.scalar(stored) == 0


def test_what_is_sent_as_it_was_read_is_kept(house: House, sink: HttpSink, key: str):
    body = house.ehr.get(f"/fhir/Subscription/{key}")
    house.ehr.put(f"/fhir/Subscription/{key}", body | {"reason": "Another one"})
    house.ehr.patch(f"/fhir/Subscription/{key}", replaced("/reason", "A third one"))
    assert channel(house, key)["header"] == SHOWN
    deliver(house)
    headers = heard(house, sink)
    assert headers["authorization"] == "Bearer of-the-receiver"
    kept = house.scalar("select headers from subscription_state where id = :id", id=key)
    assert kept == [line.replace(": ", ":") for line in HEADERS], "each of a name in its turn"


def test_a_new_value_takes_the_place_of_the_old_one(house: House, sink: HttpSink, key: str):
    body = house.ehr.get(f"/fhir/Subscription/{key}")
    body["channel"]["header"][0] = "Authorization: Bearer of-later"
    house.ehr.put(f"/fhir/Subscription/{key}", body)
    assert channel(house, key)["header"] == SHOWN
    deliver(house)
    assert heard(house, sink)["authorization"] == "Bearer of-later"


def test_a_value_that_was_given_for_one_endpoint_goes_to_no_other(house: House, key: str):
    body = house.ehr.get(f"/fhir/Subscription/{key}")
    body["channel"]["endpoint"] = "http://127.0.0.1:1/elsewhere"
    with house.unchanged():
        refused = house.ehr.put(f"/fhir/Subscription/{key}", body, status=422)
    assert refused["issue"][0]["expression"] == ["Subscription.channel.header"]


# --- a key in the address -------------------------------------------------------------------------

QUERY = "key=of-the-address&tenant=7&bare"
SHOWN_QUERY = f"key={MASK}&tenant={MASK}&{MASK}"


@pytest.fixture
def keyed(house: House, sink: HttpSink) -> str:
    """A Subscription whose receiver is known by a key in its address."""
    body = subscription(f"{sink.url}?{QUERY}")
    made: str = house.ehr.post("/fhir/Subscription", body)["id"]
    deliver(house)
    return made


def test_a_key_in_an_address_is_sent_there_and_read_by_nobody(
    house: House, sink: HttpSink, keyed: str
):
    assert sink.requests[-1].path == f"/?{QUERY}"
    assert channel(house, keyed)["endpoint"] == f"{sink.url}?{SHOWN_QUERY}"
    for path in (f"{keyed}/_history", f"{keyed}/_history/1", f"{keyed}/$status", "?status=active"):
        at = f"/fhir/Subscription{'' if path.startswith('?') else '/'}{path}"
        assert "of-the-address" not in json.dumps(house.ehr.get(at))
    search = "/fhir/Subscription"
    assert house.ehr.get(search, params={"url": f"{sink.url}?{QUERY}"})["total"] == 0
    assert house.ehr.get(search, params={"url": f"{sink.url}?{SHOWN_QUERY}"})["total"] == 1
    off = subscription(f"{sink.url}?{QUERY}") | {"status": "off"}
    assert "of-the-address" not in json.dumps(house.ehr.post("/fhir/Subscription", off))
    for table in ("document", "document_version"):
        stored = f"select count(*) from {table} where body like '%of-the-address%'"
        assert house.scalar(stored) == 0


def test_an_address_that_is_sent_as_it_was_read_is_kept(house: House, sink: HttpSink, keyed: str):
    body = house.ehr.get(f"/fhir/Subscription/{keyed}")
    house.ehr.put(f"/fhir/Subscription/{keyed}", body | {"reason": "Another one"})
    deliver(house)
    house.refer()
    told(house)
    assert {each.path for each in sink.requests} == {f"/?{QUERY}"}
    assert "authorization" in sink.requests[-1].headers, "it is the same endpoint"


@pytest.mark.parametrize(
    "change",
    [
        ("127.0.0.1", "localhost"),
        (f"tenant={MASK}", "tenant=8"),
        (f"&{MASK}", ""),
        ("?", "/elsewhere?"),
    ],
)
def test_the_key_of_one_address_goes_to_no_other(
    house: House, sink: HttpSink, keyed: str, change: tuple[str, str]
):
    body = house.ehr.get(f"/fhir/Subscription/{keyed}")
    body["channel"]["endpoint"] = body["channel"]["endpoint"].replace(*change)
    with house.unchanged():
        refused = house.ehr.put(f"/fhir/Subscription/{keyed}", body, status=422)
    assert refused["issue"][0]["expression"] == ["Subscription.channel.endpoint"]


@pytest.mark.parametrize(
    ("how", "element"),
    [
        ({"endpoint": f"https://ehr.example/?key={MASK}"}, "channel.endpoint"),
        ({"header": [f"Authorization: {MASK}"]}, "channel.header"),
        ({"extension": [SIGNED | {"valueString": MASK}]}, "channel.extension"),
    ],
)
def test_a_mask_with_nothing_behind_it_is_refused(house: House, how: Json, element: str):
    with house.unchanged():
        body = subscription("https://ehr.example")
        body["channel"] |= how
        refused = house.ehr.post("/fhir/Subscription", body, status=422)
    assert refused["issue"][0]["expression"] == [f"Subscription.{element}"]


def test_what_was_stored_before_is_masked_by_the_upgrade(database: NewDatabase):
    url = database()
    command.upgrade(configuration("referrals", url), "0009")
    whole = subscription(f"https://ehr.example?{QUERY}", header=HEADERS, extension=[SIGNED])
    bodies = "select body from document union all select body from document_version"
    engine = create_engine(url, pool_size=1, application_name="tests")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into document (type, id, version, last_updated, deleted, body, owner)"
                " values ('Subscription', 'old', 1, now(), false, :body, 'somebody')"
            ),
            {"body": json.dumps(whole)},
        )
        connection.execute(
            text(
                "insert into document_version (pk, version, type, last_updated, method, body)"
                " select pk, n, type, now(), 'PUT', case n when 1 then body end"
                " from document, generate_series(1, 2) n"
            )
        )
    migrate("referrals", url)
    with engine.connect() as connection:
        found = connection.execute(text(bodies)).scalars().all()
    engine.dispose()
    assert found.count(None) == 1, "of the deletion"
    current, version = (json.loads(each) for each in found if each)
    assert current == version
    assert current["channel"]["endpoint"] == f"https://ehr.example?{SHOWN_QUERY}"
    assert current["channel"]["header"] == SHOWN
    assert current["channel"]["extension"] == [SIGNED | {"valueString": MASK}]
    assert current["criteria"] == whole["criteria"]
