"""A live feed, as councils run them: paged, wrong in its totals, slow, broken, and hostile."""

import gzip
import ssl
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.providers.importing.material import AddressMaterial
from services.providers.importing.outcomes import RunState
from services.providers.importing.reading.fetching import Fetcher
from shared.strangers import GuardedHttp, address
from tests.providers.conftest import NOW
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.feeds import feed, key, organization, page, published, service

FIVE = ("Baking", "Chess", "Choir", "Knitting", "Walking")


def five() -> list[dict[str, Any]]:
    return [service(name) for name in FIVE]


@pytest.mark.parametrize("where", ["", "/", "/services"])
def test_a_feed_is_read_page_by_page(importer: Importer, where: str):
    with published(feed(five())) as (url, asked):
        report = importer.address(url + where)
    assert report.state is RunState.COMPLETE, report.why
    assert importer.names() == list(FIVE)
    assert sum("/services?page=3&" in each for each in asked) == 1


def test_terms_and_organisations_come_first_where_the_feed_lists_them(importer: Importer):
    term = {"id": key("term"), "name": "Singing", "taxonomy": "Arts", "description": "Aloud"}
    said = service("Choir", attributes=[{"taxonomy_term_id": key("term")}])
    del said["organization"]
    owners = [organization(website="https://h.example")]
    with published(feed([said], taxonomy_terms=[term], organizations=owners)) as (url, _):
        report = importer.address(url)
    assert report.findings == []
    listed = importer.house.get(f"/directory/services/{key('service Choir')}")
    assert listed["organization"]["website"] == "https://h.example"
    assert listed["attributes"][0]["taxonomy_term"]["name"] == "Singing"


def test_where_lists_are_short_each_service_is_asked_for(importer: Importer):
    whole = {each["id"]: each | {"fees": "Free"} for each in five()}
    short = [{"id": each, "name": whole[each]["name"]} for each in whole]
    lists = feed(short)

    def answer(path: str, query: dict[str, str]) -> Any:
        if "full" in query:
            return (400, {}, b'{"detail": "What is full?"}')
        name = path.rpartition("/")[2]
        if name == key("service Chess"):
            return None
        return whole.get(name) or lists(path, query)

    with published(answer) as (url, _):
        report = importer.address(url)
    assert importer.names() == [name for name in FIVE if name != "Chess"]
    listed = importer.house.get(f"/directory/services/{key('service Choir')}")
    assert listed["fees"] == "Free"
    assert told(report, "outcome", "rule", "given") == [
        ("refused", "unreadable", key("service Chess"))
    ]


def test_where_lists_have_empty_lists_each_service_is_asked_for_too(importer: Importer):
    full = [service(name, schedules=[{"byday": "MO"}]) for name in ("Choir", "Chess")]
    bare = service("Bare", schedules=[])
    heads = [{**each, "schedules": [], "contacts": None} for each in (*full, bare)]

    def answer(path: str, query: dict[str, str]) -> Any:
        if path == "/services":
            return page(heads)
        return next((x for x in (*full, bare) if path.endswith(x["id"])), None)

    with published(answer) as (url, _):
        importer.address(url)
    listed = importer.house.get("/directory/services", full="true")["contents"]
    assert {each["name"]: len(each.get("schedules", ())) for each in listed} == {
        "Choir": 1, "Chess": 1, "Bare": 0,
    }  # fmt: skip


def test_where_lists_tell_all_nothing_is_asked_for_again(importer: Importer):
    listed = [service("Choir", schedules=[{"byday": "MO"}]), service("Bare", schedules=[])]
    with published(feed(listed)) as (url, asked):
        importer.address(url)
    assert not any("/services/" in each for each in asked)
    bare = [service(f"Bare {number}", schedules=[]) for number in range(3)]
    with published(feed(bare)) as (url, asked):
        importer.address(url, source="bare")
    assert len([each for each in asked if "/services/" in each]) == 1


def test_a_feed_of_version_1(importer: Importer):
    said = service("Choir", regular_schedules=[{"byday": "TU"}])
    said["service_taxonomys"] = [
        {"id": "x", "taxonomy": {"id": "esd:9", "name": "Singing", "vocabulary": "ESD"}}
    ]

    def answer(path: str, query: dict[str, str]) -> Any:
        if path != "/api/services":
            return None
        head = {"totalElements": 1, "totalPages": 1, "number": 1, "size": 1, "last": True}
        return head | {"content": [said]}

    with published(answer) as (url, _):
        importer.address(f"{url}/api")
    (listed,) = importer.house.get("/directory/services", full="true")["contents"]
    assert listed["schedules"][0]["byday"] == "TU"
    assert listed["attributes"][0]["taxonomy_term"]["name"] == "Singing"
    assert listed["attributes"][0]["taxonomy_term"]["taxonomy"] == "ESD"


# --- what feeds say of themselves ------------------------------------------------------------


def pages(*contents: list[Any], **head: Any) -> Any:
    """A feed with these pages, whatever it says of them."""

    def answer(path: str, query: dict[str, str]) -> Any:
        if path != "/services":
            return None
        number = int(query.get("page", 1))
        found = contents[number - 1] if number <= len(contents) else []
        told = page(found, number, len(contents)) | head
        return {name: each for name, each in told.items() if each is not ...}

    return answer


@pytest.mark.parametrize(
    "head",
    [
        {"last_page": True, "total_items": ...},
        {"last_page": ..., "total_items": 5},
        {"total_pages": ..., "last_page": False, "total_items": ...},
        {"total_pages": "3", "last_page": ..., "total_items": "five"},
        {"total_pages": 900, "total_items": 5},
        {"total_pages": 0, "last_page": False, "total_items": 0},
    ],
)
def test_the_number_of_pages_is_not_relied_on(importer: Importer, head: dict[str, Any]):
    one, two, *rest = five()
    with published(pages([one, two], [], rest, **head)) as (url, asked):
        report = importer.address(f"{url}/services")
    assert report.state is RunState.COMPLETE, report.why
    expected = 5 if head.get("total_pages") != ... or head.get("last_page") is False else 2
    assert len(importer.names()) == expected
    assert len(asked) < 15


def test_a_feed_that_ignores_the_page_ends(importer: Importer):
    with published(pages(five(), five(), five(), total_items=...)) as (url, asked):
        report = importer.address(f"{url}/services")
    assert report.state is RunState.COMPLETE
    assert report.counts["services"] == 5
    assert sum(each.startswith("/services?page=") for each in asked) == 2


def test_a_feed_that_gives_fewer_than_it_says_is_held_before_anything_goes(importer: Importer):
    with published(pages(five())) as (url, _):
        importer.address(f"{url}/services")
    with published(pages(five()[1:], total_items=5)) as (url, _):
        report = importer.address(f"{url}/services", whole=True)
    assert report.state is RunState.HELD
    assert report.why == "The feed says that it has 5 services, and gave 4."
    assert importer.names() == list(FIVE)


# --- what changed, and what broke off --------------------------------------------------------


def test_the_next_time_only_what_changed_is_asked_for(importer: Importer):
    with published(feed(five())) as (url, asked):
        importer.address(url)
        asked.clear()
        importer.house.now = NOW + timedelta(days=1)
        importer.address(url)
        assert any("modified_after=2026-11-23T09%3A30%3A00Z" in each for each in asked)
        asked.clear()
        importer.house.now = NOW + timedelta(days=8)
        importer.address(url)
        assert not any("modified_after" in each for each in asked)


def test_what_is_not_among_the_changes_has_not_vanished(importer: Importer):
    services = five()
    with published(feed(services)) as (url, _):
        importer.address(url)
        services[:] = services[:1]
        importer.house.now = NOW + timedelta(days=1)
        report = importer.address(url)
    assert report.state is RunState.COMPLETE
    assert importer.names() == list(FIVE)


def test_an_import_that_broke_off_goes_on_where_it_was(importer: Importer):
    works = feed(five())
    broken = True

    def answer(path: str, query: dict[str, str]) -> Any:
        if broken and query.get("page") == "3":
            return (503, {}, b"{}")
        return works(path, query)

    with published(answer) as (url, asked):
        first = importer.address(url)
        assert first.state is RunState.BROKEN
        assert first.why is not None
        assert first.why.endswith("answered 503.")
        assert importer.names() == list(FIVE)[:4]
        asked.clear()
        broken = False
        second = importer.address(url)
    assert (second.id, second.state) == (first.id, RunState.COMPLETE)
    assert second.counts["services"] == 5
    assert importer.names() == list(FIVE)
    assert not any("page=1&" in each for each in asked)


def test_what_came_before_it_broke_off_is_looked_at_for_matches_too(importer: Importer):
    charity = organization("The Hebble Arts Ltd")
    places = {"website": "https://hebble.example", "phones": [{"number": "01422 000000"}]}
    importer.file([service("Dance", "The Hebble Arts Ltd", organization=charity | places)],
                  source="charity")  # fmt: skip
    services = five()
    for each in services:
        each["organization"] |= places
    works = feed(services)
    broken = True

    def answer(path: str, query: dict[str, str]) -> Any:
        if broken and query.get("page") == "3":
            return (503, {}, b"{}")
        return works(path, query)

    with published(answer) as (url, _):
        importer.address(url)
        services[4] |= {"organization_id": key("Other"), "organization": organization("Other")}
        broken = False
        importer.address(url)
    assert importer.house.count("organization_match") == 1


def test_an_answer_that_is_no_page_breaks_off_and_withdraws_nothing(importer: Importer):
    with published(feed(five())) as (url, _):
        importer.address(url)
    with published(lambda path, query: (200, {}, b"<html>Sorry</html>")) as (url, _):
        report = importer.address(url, whole=True)
    assert report.state is RunState.BROKEN
    assert importer.names() == list(FIVE)


# --- hostile addresses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://127.0.0.1/services", "leads into a private network"),
        ("https://10.0.0.7/", "leads into a private network"),
        ("https://localhost/", "leads into a private network"),
        ("http://feed.example/", "is not https"),
        ("file:///etc/hosts", "is not an address"),
        ("https://us@feed.example/", "is not an address"),
    ],
)
def test_nothing_is_fetched_from_where_it_should_not(importer: Importer, address: str, words: str):
    report = importer.address(address, private=False)
    assert report.state is RunState.BROKEN
    assert report.why is not None
    assert words in report.why


@pytest.mark.parametrize("to", ["ftp://feed.example/", "http://[::1", "//user@127.0.0.1/"])
def test_a_redirect_is_held_to_the_same(importer: Importer, to: str):
    with published(lambda path, query: (302, {"Location": to}, b"")) as (url, _):
        report = importer.address(url)
    assert report.state is RunState.BROKEN
    assert report.why is not None
    assert "not fetched" in report.why


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of a feed on this machine."""
    folder = tmp_path_factory.mktemp("tls")
    made, secret = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", secret, "-out", made, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, secret


@pytest.mark.parametrize("to", ["https://127.0.0.2/", "https://10.0.0.7/x", "http://127.0.0.1/"])
def test_a_public_feed_leads_nobody_inside(
    importer: Importer,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    to: str,
):
    """As in production, but for this machine's own address, which stands for a public one."""
    monkeypatch.setattr(address, "_is_public", lambda ip: str(ip) == "127.0.0.1")
    trusting = ssl.create_default_context(cafile=certificate[0])
    http = GuardedHttp(allow_private=False, ssl_context=trusting)
    fetcher = Fetcher(http, seconds=5, most_bytes=10_000, tries=1)
    answers = published(lambda path, query: (302, {"Location": to}, b""), certificate)
    with answers as (url, asked):
        report = importer.of(AddressMaterial(fetcher, f"{url}/services"), url)
    http.close()
    assert asked == ["/services"]
    assert report.why is not None
    assert report.why.startswith(to)
    assert report.why.endswith("not fetched.")


@pytest.mark.parametrize("to", ["https://10.0.0.7/x", "https://localhost/"])
def test_where_a_private_feed_may_be_named_none_is_led_to(importer: Importer, to: str):
    """As in development: a coordinator may name an address inside, and a feed may not."""
    with published(lambda path, query: (302, {"Location": to}, b"")) as (url, _):
        report = importer.address(url)
    assert report.state is RunState.BROKEN
    assert report.why == f"{to} leads into a private network: not fetched."


def test_a_feed_on_this_machine_leads_to_no_other_on_it(importer: Importer):
    with (
        published(feed(five())) as (other, heard),
        published(lambda path, query: (302, {"Location": f"{other}/services"}, b"")) as (url, _),
    ):
        report = importer.address(url)
    assert heard == []
    assert report.why == f"{other}/services is not https: not fetched."


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]"])
def test_nobody_is_led_to_where_clouds_tell_secrets(importer: Importer, host: str):
    report = importer.address(f"http://{host}/latest/meta-data/")
    assert report.why is not None
    assert "leads into a private network" in report.why


def test_a_redirect_is_followed_and_a_circle_is_left(importer: Importer):
    works = feed(five())

    def answer(path: str, query: dict[str, str]) -> Any:
        if path == "/circle":
            return (302, {"Location": "/circle"}, b"")
        return (
            (301, {"Location": "/services?page=1"}, b"") if path == "/old" else works(path, query)
        )

    with published(answer) as (url, _):
        circle = importer.address(f"{url}/circle")
        report = importer.address(f"{url}/old", source="moved")
    assert circle.why is not None
    assert "redirects more than 5 times" in circle.why
    assert report.counts["services"] >= 2


def test_a_feed_that_hangs_is_left(importer: Importer):
    release = threading.Event()

    def answer(path: str, query: dict[str, str]) -> Any:
        release.wait(20)
        return None

    begun = time.monotonic()
    with published(answer) as (url, _):
        report = importer.address(url)
        release.set()
    assert time.monotonic() - begun < 10
    assert report.why is not None
    assert report.why.endswith("did not answer within 1 seconds.")


def test_a_document_has_its_bounds_packed_and_unpacked(importer: Importer):
    large = b"[" + b" " * 6_000_000 + b"]"

    def answer(path: str, query: dict[str, str]) -> Any:
        if path == "/packed":
            return (200, {"Content-Encoding": "gzip"}, gzip.compress(large))
        return (200, {}, large)

    with published(answer) as (url, _):
        for path in ("/plain", "/packed"):
            report = importer.address(url + path, source=path[1:])
            assert report.why is not None
            assert report.why.endswith("gives more than 5,000,000 bytes.")


def test_a_page_too_long_for_memory_is_refused_and_read_as_a_file_by_its_own_address(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.providers.importing.reading.feeds.LONGEST_PAGE", 1_000)
    with published(feed(five(), per=100)) as (url, _):
        base = importer.address(url)
        assert base.state is RunState.BROKEN
        assert base.why is not None
        assert "a page of more than 1,000 bytes: import that address itself" in base.why
        assert importer.names() == []
        assert importer.address(f"{url}/services", source="whole").state is RunState.COMPLETE
    assert importer.names() == list(FIVE)


def test_a_file_at_an_address_is_a_file(importer: Importer):
    body = gzip.compress(orjson.dumps(five()))
    headers = {"Content-Encoding": "gzip"}
    with published(lambda path, query: (200, headers, body)) as (url, _):
        report = importer.address(f"{url}/all.json")
    assert report.state is RunState.COMPLETE
    assert importer.names() == list(FIVE)
