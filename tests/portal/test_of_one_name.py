"""What has one name on a page is told apart there, by ear too."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)


def test_accounts_of_one_name_are_told_apart_by_their_addresses(pages: Pages):
    someone, other = pages.person("administrator"), pages.person("link-worker")
    page = pages.come(pages.browser(), someone, "/people").text
    for each in (someone, other):
        assert f'Amina Khan<span class="nhsuk-u-visually-hidden">, {each.email}</span></a>' in page


def test_letters_of_one_minute_are_counted(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    def message(changed: str) -> dict[str, Any]:
        return {
            "id": str(uuid4()), "kind": "worry", "state": "to-print", "why": None,
            "what_to_do": None, "changed": f"2026-03-02T{changed}Z", "letter": "/letter.pdf",
        }  # fmt: skip

    messages = [message("10:00:05"), message("10:00:40"), message("11:00:00")]
    monkeypatch.setitem(PAGE["case"], "gp_messages", messages)
    page = pages.come(pages.browser(), pages.person("link-worker"), f"/cases/{CASE}").text
    ends = re.findall(r"print the letter<span[^>]*>: [^<]*, (\d\d:00[^<]*)</span>", page)
    assert ends == ["10:00, 1 of 2", "10:00, 2 of 2", "11:00"]
    assert page.count(", 1 of 2") == 2, "its link, and its button"
