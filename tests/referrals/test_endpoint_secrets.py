"""What an Endpoint keeps secret goes with the messages that are sent there; nobody reads it."""

import json

import pytest
from alembic import command
from sqlalchemy import text

from services.referrals.masks import MASK
from services.referrals.subject.exporting import copy_of
from shared.database import create_engine
from shared.migrate import configuration, migrate
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import House, Json, replaced
from tests.referrals.messaging import a_message, answered, taken
from tests.referrals.subscribing import receiver, register, subscription, told
from tests.referrals.test_bars_messages import an_endpoint, case_of, request_of

LINES = ["Authorization: Bearer of-the-ehr", "X-Key: of-the-ehr-too", "of-the-ehr without a name"]
SHOWN = [f"Authorization: {MASK}", f"X-Key: {MASK}", MASK]
SECRET = "of-the-ehr"
ADDRESS = f"https://me:{SECRET}@ehr.example/fhir?key={SECRET}&{SECRET}"
SHOWN_ADDRESS = f"https://{MASK}@ehr.example/fhir?key={MASK}&{MASK}"


def kept(house: House, key: str) -> tuple[str, list[str]]:
    """What is sent with a message."""
    row = house.row("select address, headers from endpoint_secret where id = :id", id=key)
    return row[0], list(row[1])


@pytest.fixture
def key(house: House) -> str:
    made = house.ehr.post("/fhir/Endpoint", an_endpoint(ADDRESS, *LINES))
    assert made["header"] == SHOWN
    assert made["address"] == SHOWN_ADDRESS
    return str(made["id"])


def test_no_way_of_reading_tells_it(house: House, key: str):
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": f"Endpoint/{key}"}},
            {"request": {"method": "GET", "url": "Endpoint?status=active"}},
            {"request": {"method": "POST", "url": "Endpoint"},
             "resource": an_endpoint(ADDRESS, *LINES)},
        ],
    }  # fmt: skip
    transaction: Json = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"request": {"method": "PUT", "url": f"Endpoint/{key}"},
             "resource": an_endpoint(ADDRESS, *LINES) | {"id": key, "name": "Again"}},
        ],
    }  # fmt: skip
    service = {"resourceType": "PractitionerRole", "endpoint": [{"reference": f"Endpoint/{key}"}]}
    house.ehr.post("/fhir/PractitionerRole", service)
    ways = [
        house.ehr.get(f"/fhir/Endpoint/{key}"),
        house.ehr.post("/fhir", transaction),
        house.ehr.patch(f"/fhir/Endpoint/{key}", replaced("/name", "Once more")),
        house.ehr.get(f"/fhir/Endpoint/{key}/_history"),
        house.ehr.get("/fhir/Endpoint/_history"),
        house.ehr.get("/fhir/_history"),
        house.ehr.get(f"/fhir/Endpoint/{key}/_history/1"),
        house.ehr.get("/fhir/Endpoint?status=active"),
        house.ehr.get("/fhir/PractitionerRole?_include=PractitionerRole:endpoint"),
        house.ehr.get("/fhir/Endpoint?_elements=header,address"),
        house.ehr.post("/fhir", batch),
    ]
    for answer in map(json.dumps, ways):
        assert SECRET not in answer
    assert "PractitionerRole" in json.dumps(ways[8])
    assert MASK in json.dumps(ways[8])
    for table in ("document", "document_version"):
        assert house.scalar(f"select count(*) from {table} where body like '%{SECRET}%'") == 0


def test_a_patient_s_everything_and_a_notification_tell_no_secret_that_is_contained(house: House):
    criteria = "CareTeam?status=active"
    inside = [an_endpoint(ADDRESS, *LINES) | {"id": "e"}, subscription(ADDRESS) | {"id": "s"}]
    patient = house.ehr.post("/fhir/Patient", {"resourceType": "Patient"})["id"]
    with receiver() as sink:
        register(house, sink, criteria=criteria, content="full-resource")
        team = house.ehr.post(
            "/fhir/CareTeam",
            {
                "resourceType": "CareTeam",
                "contained": inside,
                "status": "active",
                "subject": {"reference": f"Patient/{patient}"},
                "extension": [
                    {"url": "https://ehr.example/at", "valueReference": {"reference": f"#{each}"}}
                    for each in "es"
                ],
            },
        )
        told(house)
        notified = json.dumps([each.json for each in sink.requests])
    everything = json.dumps(house.ehr.get(f"/fhir/Patient/{patient}/$everything"))
    person = house.scalar("select person from document where id = :id", id=patient)
    copy = json.dumps(copy_of(house.desk, person, by="DPO").documents)
    for answer in (json.dumps(team), notified, everything, copy):
        assert SHOWN_ADDRESS in answer
        assert SECRET not in answer
        assert "of-the-receiver" not in answer
    alone = {
        "resourceType": "PractitionerRole",
        "contained": inside[:1],
        "endpoint": [{"reference": "#e"}],
    }
    assert SECRET not in json.dumps(house.ehr.post("/fhir/PractitionerRole", alone))


def test_a_copy_for_the_person_holds_no_secret_of_a_subscription_that_names_them(house: House):
    patient = house.ehr.post("/fhir/Patient", {"resourceType": "Patient"})["id"]
    body = subscription(ADDRESS.replace("me:", "").replace(f"{SECRET}@", ""),
                        f"Task?patient=Patient/{patient}", header=LINES[:2])  # fmt: skip
    house.ehr.post("/fhir/Subscription", body)
    person = house.scalar("select person from document where id = :id", id=patient)
    copy = copy_of(house.desk, person, by="DPO")
    (row,) = copy.rows["subscription_state"]
    assert row["filters"] == [f"Task?patient=Patient/{patient}"]
    assert SECRET not in str(copy)


def test_what_is_sent_as_it_was_read_is_kept(house: House, key: str):
    body = house.ehr.get(f"/fhir/Endpoint/{key}")
    house.ehr.put(f"/fhir/Endpoint/{key}", body | {"name": "Another one"})
    house.ehr.patch(f"/fhir/Endpoint/{key}", replaced("/name", "A third one"))
    assert kept(house, key) == (ADDRESS, LINES)
    assert house.ehr.get(f"/fhir/Endpoint/{key}")["header"] == SHOWN

    body["header"] = ["X-Key: a new one", SHOWN[0]]
    house.ehr.put(f"/fhir/Endpoint/{key}", body)
    assert kept(house, key) == (ADDRESS, ["X-Key: a new one", LINES[0]])


def test_messages_go_with_the_headers_that_were_kept(house: House):
    with receiver() as sink:
        made = house.ehr.post("/fhir/Endpoint", an_endpoint(sink.url, *LINES[:2]))
        house.ehr.put(f"/fhir/Endpoint/{made['id']}", made | {"name": "As it was read"})
        case, _ = case_of(house, request_of(taken(house, a_message())))
        house.worker.post(f"/referrals/cases/{case}/return", {"reason": "wrong-area"})
        assert answered(house) == 1
        (told,) = sink.requests
    assert told.headers["authorization"] == "Bearer of-the-ehr"
    assert told.headers["x-key"] == "of-the-ehr-too"


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"address": "https://elsewhere.example/fhir"}, "header"),
        ({"address": f"https://elsewhere.example/fhir?key={MASK}"}, "address"),
        ({"address": f"https://{MASK}@elsewhere.example/fhir"}, "address"),
        ({"header": [f"Another: {MASK}"]}, "header"),
        ({"header": [*SHOWN, f"X-Key: {MASK}"]}, "header"),
    ],
)
def test_a_secret_goes_to_no_other_place(house: House, key: str, change: Json, element: str):
    body = house.ehr.get(f"/fhir/Endpoint/{key}")
    with house.unchanged():
        refused = house.ehr.put(f"/fhir/Endpoint/{key}", body | change, status=422)
    assert refused["issue"][0]["expression"] == [f"Endpoint.{element}"]


def test_a_mask_with_nothing_behind_it_is_refused(house: House):
    with house.unchanged():
        for body in (an_endpoint(SHOWN_ADDRESS), an_endpoint("https://ehr.example", MASK)):
            house.ehr.post("/fhir/Endpoint", body, status=422)


def test_what_has_no_secret_is_kept_as_it_is_and_what_is_deleted_leaves_none(
    house: House, key: str
):
    plain = an_endpoint("https://ehr.example/fhir")
    made = house.ehr.post("/fhir/Endpoint", plain)
    assert made["address"] == plain["address"]
    assert house.scalar("select count(*) from endpoint_secret") == 1

    house.ehr.put(f"/fhir/Endpoint/{key}", plain | {"id": key})
    assert house.scalar("select count(*) from endpoint_secret") == 0
    house.ehr.put(f"/fhir/Endpoint/{key}", an_endpoint(ADDRESS) | {"id": key})
    house.ehr.call("DELETE", f"/fhir/Endpoint/{key}")
    assert house.scalar("select count(*) from endpoint_secret") == 0
    back = an_endpoint(SHOWN_ADDRESS) | {"id": key}
    house.ehr.put(f"/fhir/Endpoint/{key}", back, status=422)


def test_a_line_of_a_subscription_without_a_name_is_all_value(house: House):
    off = subscription("https://ehr.example", header=["of-the-receiver"]) | {"status": "off"}
    assert house.ehr.post("/fhir/Subscription", off)["channel"]["header"] == [MASK]


def test_what_was_stored_before_is_moved_by_the_upgrade(database: NewDatabase):
    url = database()
    command.upgrade(configuration("referrals", url), "0017")
    endpoint = an_endpoint(ADDRESS, *LINES) | {"id": "old"}
    team = {"resourceType": "CareTeam", "id": "team", "contained": [endpoint]}
    engine = create_engine(url, pool_size=1, application_name="tests")
    with engine.begin() as connection:
        for body in (endpoint, team):
            connection.execute(
                text(
                    "insert into document (type, id, version, last_updated, deleted, body, owner)"
                    " values (:type, :id, 1, now(), false, :body, 'somebody')"
                ),
                {"type": body["resourceType"], "id": body["id"], "body": json.dumps(body)},
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
        bodies = "select body from document union all select body from document_version"
        found = connection.execute(text(bodies)).scalars().all()
        secret = connection.execute(text("select * from endpoint_secret")).one()
    engine.dispose()
    assert found.count(None) == 2
    for body in filter(None, found):
        read = json.loads(body)
        shown = read.get("contained", [read])[0]
        assert (shown["address"], shown["header"]) == (SHOWN_ADDRESS, SHOWN)
    assert tuple(secret) == ("old", ADDRESS, LINES)
