"""Imports over HTTP: who may, what is answered, and what is too much."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from services.providers.importing.mending.rules import DECLARED
from services.providers.importing.own import OWN, is_own
from services.providers.importing.runs import Import, Wish
from services.providers.settings import ProvidersSettings
from tests.providers.conftest import House
from tests.providers.importing.conftest import Importer
from tests.providers.importing.feeds import feed, key, published, service
from tests.providers.listings import HUB, OWNER

FIVE = ("Baking", "Chess", "Choir", "Knitting", "Walking")


def five() -> list[dict[str, Any]]:
    return [service(name) for name in FIVE]


@pytest.fixture
def ready(importer: Importer) -> House:
    return importer.house


def test_a_coordinator_sends_a_file_and_is_answered_with_the_report(ready: House):
    path = "/directory/import?source=a%20council"
    report = ready.send("POST", path, [service(url="www.choir.example"), service("Chess")])
    assert (report["state"], report["source"]) == ("complete", "a council")
    assert report["counts"] == {"organizations": 1, "services": 2, "taken": 3, "repaired": 1}
    assert report["findings"] == [
        {
            "entity": "service",
            "given": key("service Choir"),
            "key": key("service Choir"),
            "outcome": "repaired",
            "rule": "web-address",
            "element": "url",
            "words": "was 'www.choir.example'",
        }
    ]
    assert ready.get("/directory/services")["total_items"] == 2
    read = ready.send("GET", f"/directory/imports/{report['id']}")
    assert read == report


def test_sources_are_listed_with_where_their_last_import_stands(ready: House):
    ready.send("POST", "/directory/import?source=b", five())
    report = ready.send("POST", "/directory/import?source=a", five())
    ready.send("POST", "/directory/import?source=b", five()[3:])
    found = ready.send("GET", "/directory/sources")["contents"]
    assert [(each["name"], each["last"]["state"]) for each in found] == [
        ("a", "complete"),
        ("b", "held"),
    ]
    assert found[0]["last"]["id"] == report["id"]
    other: dict[str, Any] = {"organisation": OWNER}
    assert ready.send("GET", "/directory/sources", **other)["contents"] == []


def test_a_file_without_a_name_says_nothing_of_others(ready: House):
    ready.send("POST", "/directory/import", [service("Choir"), service("Chess")])
    report = ready.send("POST", "/directory/import", [service("Knitting"), service("Baking")])
    assert report["state"] == "complete"
    assert ready.get("/directory/services")["total_items"] == 4


def test_a_coordinator_names_an_address(ready: House):
    with published(feed(five())) as (url, _):
        report = ready.send("POST", "/directory/import", {"url": url})
    assert (report["source"], report["counts"]["services"]) == ("127.0.0.1", 5)


def test_what_shrank_is_held_and_accepted(ready: House):
    ready.send("POST", "/directory/import?source=x", five())
    held = ready.send("POST", "/directory/import?source=x", five()[3:])
    assert held["state"] == "held"
    path = f"/directory/imports/{held['id']}/accept"
    other: dict[str, Any] = {"organisation": OWNER, "status": 404}
    ready.send("POST", path, **other)
    assert ready.send("POST", path)["counts"]["withdrawn"] == 3
    assert ready.send("POST", path, status=409)["element"] == "id"


def test_only_a_coordinator_imports_and_only_into_the_own_hub(ready: House):
    path = "/directory/import"
    answer = ready.client.post(path, content=b"[]")
    assert answer.status_code == 401
    ready.send("POST", path, five(), status=403, scope="system/*.rs")
    ready.send("POST", path, five(), status=403, organisation=OWNER, roles=("provider",))
    ready.send("POST", f"{path}?hub=leeds", five(), status=403)
    assert ready.count("service") == 0
    assert ready.count("source") == 0


@pytest.mark.parametrize(
    ("body", "element"),
    [
        (b"", "body"),
        (b"<html>", "body"),
        (b'{"url": 7}', "url"),
        (b'{"url": "https://a.example", "token": "x"}', "url"),
        (b'{"url": "no address"}', "url"),
        (b'{"url": "https://[::1"}', "url"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_words(ready: House, body: bytes, element: str):
    token = ready.token(HUB.organisation, ("coordinator",), "directory.write")
    headers = {"Authorization": f"Bearer {token}"}
    answer = ready.client.post("/directory/import", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["element"] == element
    assert answer.json()["detail"]
    assert ready.count("service") == 0


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("https://kersey.example/directory", True),
        ("https://Kersey.example:443/directory/services?full=true", True),
        ("https://kersey.example/directory/", True),
        ("https://kersey.example/directory-of-others", False),
        ("https://kersey.example:8443/directory", False),
        ("https://other.example/directory", False),
        ("https://[::1", False),
    ],
)
def test_the_own_directory_is_known_by_its_address(address: str, ours: bool):
    assert is_own(address, "https://kersey.example/") is ours


def test_the_own_directory_is_not_imported_into_itself(ready: House, settings: None):
    small(ready, public_url="https://kersey.example")
    body = {"url": "https://kersey.example/directory"}
    refused = ready.send("POST", "/directory/import?source=x", body, status=422)
    assert (refused["element"], refused["detail"]) == ("url", OWN)
    assert ready.send("GET", "/directory/sources")["contents"] == []


def small(ready: House, **settings: Any) -> None:
    """The same ready with other settings, for one test."""
    given: ProvidersSettings = ready.app.state.settings
    ready.app.state.settings = given.model_copy(update=settings)


@pytest.fixture
def settings(ready: House):
    before = ready.app.state.settings
    yield
    ready.app.state.settings = before


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_is_too_large_is_413_before_it_is_read(
    ready: House, settings: None, declared: bool
):
    small(ready, import_bytes=5_000)
    token = ready.token(HUB.organisation, ("coordinator",), "directory.write")
    headers = {"Authorization": f"Bearer {token}"}
    body = orjson.dumps([service(description="x" * 6000)])
    content = body if declared else iter([body[:3000], body[3000:]])
    answer = ready.client.post("/directory/import", content=content, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["element"] == "body"
    assert "5,000 bytes at most" in answer.json()["detail"]
    assert ready.count("import_run") == 0


def test_an_import_that_takes_long_goes_on_after_its_answer(ready: House, settings: None):
    small(ready, import_answer_seconds=0.001)
    begun = ready.send("POST", "/directory/import?source=x", five(), status=202)
    report = begun
    for _ in range(500):
        report = ready.send("GET", f"/directory/imports/{begun['id']}")
        if report["state"] != "running":
            break
    assert report["state"] == "complete"
    assert ready.get("/directory/services")["total_items"] == 5


def test_two_imports_of_one_source_do_not_run_at_once(ready: House, importer: Importer):
    other = Import(ready.directory, Wish("x", HUB.code, "somebody"))
    other.begin(None)
    problem = ready.send("POST", "/directory/import?source=x", five(), status=409)
    assert problem["element"] == "source"


def test_the_guide_declares_every_repair():
    guide = Path(__file__).parents[3] / "docs" / "guides" / "directory-import.md"
    text = guide.read_text("utf-8")
    missing = [code for code, words in DECLARED.items() if f"| `{code}` | {words} |" not in text]
    assert missing == []
