"""An import of a feed that broke off goes on at its page, with what waited for its organisation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.providers.importing import waiting
from services.providers.importing.outcomes import Report, RunState
from tests.providers.conftest import NOW
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.feeds import feed, key, organization, page, published, service

FIVE = ("Baking", "Chess", "Choir", "Knitting", "Walking")
"""Two on each page; the last page cannot be had at first."""


class Mended:
    """A feed whose last page comes from the second import on.

    Attributes:
        asked: since it was mended.
    """

    def __init__(self, importer: Importer, url: str, asked: list[str]) -> None:
        self._import, self._url = importer.address, url
        self.asked = asked
        self.broken = True

    def again(self) -> Report:
        self.asked.clear()
        return self._import(self._url)

    def mended(self) -> Report:
        self.broken = False
        return self.again()


@contextmanager
def breaking(importer: Importer, services: list[Any], **lists: Any) -> Iterator[Mended]:
    works = feed(services, **lists)

    def answer(path: str, query: dict[str, str]) -> Any:
        if one.broken and path.endswith("/services") and query.get("page") == "3":
            return (503, {}, b"{}")
        document = works(path, query)
        # As ASCII: what this feed sends may be no text.
        body = None if document is None else json.dumps(document).encode()
        return body and (200, {"Content-Type": "application/json"}, body)

    with published(answer) as (url, asked):
        one = Mended(importer, url, asked)
        yield one


def five() -> list[dict[str, Any]]:
    """Two wait: one for what comes last, one for what never comes."""
    services = [service(name) for name in FIVE]
    for each in services[:2]:
        del each["organization"]
    services[0]["organization_id"] = key("Nobody")
    services[1]["organization_id"] = key("Late")
    services[4] |= {"organization_id": key("Late"), "organization": organization("Late")}
    return services


def test_what_waited_is_taken_and_no_page_before_is_read_again(importer: Importer):
    with breaking(importer, five()) as source:
        first = source.again()
        assert (first.counts["waiting"], importer.names()) == (2, ["Choir", "Knitting"])
        second = source.mended()
        pages = [each for each in source.asked if "/services?" in each]
        assert len(pages) == 2, "the last one that was read, and the one that was not"
        assert not any("page=1&" in each for each in source.asked)
    assert (second.id, second.state) == (first.id, RunState.COMPLETE)
    assert importer.names() == ["Chess", "Choir", "Knitting", "Walking"]
    assert second.counts == {
        "services": 5, "organizations": 2, "taken": 6, "refused": 1,
    }  # fmt: skip
    assert importer.house.count("import_waiting") == 0, "and is not kept for longer"


def test_what_is_read_twice_is_told_and_counted_once(importer: Importer):
    """The last page that was read is read again, as the feed may have moved what is on it."""
    services = five()
    services[2]["status"] = services[0]["status"] = "quantum"
    services[3]["organization_id"] = key("Late")
    del services[3]["organization"]
    with breaking(importer, services) as source:
        assert source.again().counts["waiting"] == 3
        assert source.again().counts["waiting"] == 3, "it broke off at the same page"
        report = source.mended()
    refused = [each for each in told(report, "outcome", "element", "given") if "refused" in each]
    assert sorted(refused) == sorted(
        [
            ("refused", "status", key("service Choir")),
            ("refused", "organization_id", key("service Baking")),
        ]
    )
    assert importer.names() == ["Chess", "Knitting", "Walking"]
    assert report.counts == {
        "services": 5, "organizations": 2, "taken": 5, "refused": 2,
    }  # fmt: skip


def test_what_was_refused_and_is_right_when_it_is_read_again_is_taken(importer: Importer):
    services = five()
    services[2]["status"] = "quantum"
    with breaking(importer, services) as source:
        assert source.again().counts["refused"] == 1
        services[2]["status"] = "active"
        report = source.mended()
    assert told(report, "element", "given") == [("organization_id", key("service Baking"))]
    assert (report.counts["services"], report.counts["refused"]) == (5, 1)


def test_an_organisation_that_waits_for_the_one_above_it_is_kept_too(importer: Importer):
    """Organisations come before the first page of services, which is not read again."""
    below = organization("Below", parent_organization_id=key("Above"))
    services = [service(name) for name in FIVE]
    services[4] |= {"organization_id": key("Above"), "organization": organization("Above")}
    with breaking(importer, services, organizations=[below]) as source:
        assert source.again().counts["waiting"] == 1
        source.mended()
        assert not any("/organizations" in each for each in source.asked)
    listed = importer.house.get(f"/directory/organizations/{key('Below')}")
    assert listed["parent_organization_id"] == key("Above")


@pytest.mark.parametrize("odd", ["\x00", "\ud800", 2**70])
def test_what_no_database_holds_waits_like_anything_else(importer: Importer, odd: Any):
    services = five()
    services[1]["odd"] = odd
    with breaking(importer, services) as source:
        assert source.again().counts["waiting"] == 2
        assert source.mended().state is RunState.COMPLETE
    assert "Chess" in importer.names()


def test_where_more_waits_than_is_kept_all_pages_are_read_again(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "MOST_KEPT", 1)
    services = five()
    services[2]["organization_id"] = key("Late")
    del services[2]["organization"]
    with breaking(importer, services) as source:
        assert source.again().counts["waiting"] == 3
        assert importer.house.count("import_waiting") == 0, "a part of it would be worse than none"
        report = source.mended()
        assert any("page=1&" in each for each in source.asked)
    assert importer.names() == ["Chess", "Choir", "Knitting", "Walking"]
    assert report.counts["services"] == 5


def test_what_waited_in_an_import_that_is_begun_anew_is_forgotten(importer: Importer):
    with breaking(importer, five()) as source:
        first = source.again()
        importer.house.now = NOW + timedelta(days=2)
        second = source.mended()
    assert second.id != first.id
    assert second.counts["services"] == 5
    assert importer.house.count("import_waiting") == 0


def test_what_waits_in_a_file_is_not_kept_beside_it(importer: Importer):
    importer.file(page(five()))
    assert importer.house.count("import_waiting") == 0
