"""Whoever opens too many pages is told so in words, and all who answer do not count as one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.infrastructure.serving import serving
from tests.portal.conftest import Page, check_page


@pytest.fixture
def pages(tmp_path) -> Iterator[Callable[..., tuple[httpx.Client, list[str]]]]:
    """`pages(...)` serves the portal; whom it speaks for to notifications is written down."""
    with ExitStack() as stack:

        def start(**settings: Any) -> tuple[httpx.Client, list[str]]:
            spoken_for: list[str] = []
            notifications = FastAPI()

            @notifications.api_route("/notifications/{rest:path}", methods=["GET", "POST"])
            def refuse(request: Request) -> dict[str, str]:
                spoken_for.extend(request.headers.getlist("x-forwarded-for"))
                return {"session": "a-session"}

            there = stack.enter_context(serving(notifications))
            http = httpx.AsyncClient(base_url=there, timeout=30)
            settled = PortalSettings(
                environment="test", database_url="postgresql://not-used", **settings
            )
            url = stack.enter_context(serving(create_app(settled, http=http, static=tmp_path)))
            return stack.enter_context(httpx.Client(base_url=url, timeout=30)), spoken_for

        yield start


def test_who_opens_too_many_pages_reads_a_page(pages):
    http, _ = pages(address_rate="1/day")
    http.get("/")

    answer = http.get("/answer/some-token")

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    page = Page(answer)
    check_page(page)
    assert page.heading == "Please wait a minute"


def test_the_portal_asks_for_whom_it_answers(pages):
    http, spoken_for = pages(trusted_proxies="127.0.0.1")
    for address in ("198.51.100.1", "198.51.100.2"):
        http.get("/answer/some-token", headers={"X-Forwarded-For": address})

    assert spoken_for == ["198.51.100.1", "198.51.100.2"]
