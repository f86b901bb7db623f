"""The front door of a Kersey that runs: the portal asks with a token of its own."""

import time
from typing import Any

import httpx

from deploy.demo.clients import CLIENTS
from tests.infrastructure.running import Running
from tests.portal.conftest import Page
from tests.portal.door import FORM, KATH, kept, stamp_of

WITHIN = 60.0
"""Seconds until a person could have filled the form in."""


def test_what_somebody_sends_is_on_the_link_workers_list(running: Running) -> None:
    with httpx.Client(base_url=running.url, follow_redirects=True, timeout=60) as http:
        start = Page(http.get("/"))
        assert len([link for link in start.links if link.startswith("/refer/")]) == 5
        given = KATH | {"stamp": stamp_of(Page(http.get(FORM))), "step": "check"}
        page = Page(http.post(FORM, data=given))
        end = time.monotonic() + WITHIN
        while "very quick" in page.words and time.monotonic() < end:
            time.sleep(0.5)
            page = Page(http.post(FORM, data=kept(page) | {"step": "check"}))
        receipt = Page(http.post(FORM, data=kept(page) | {"step": "send"}))
        assert receipt.heading == "We have it"
        reference = str(receipt.answer.url).rpartition("/")[2]

        ours = [row for row in _worklist(http) if row["source"] == "self"]
        references = [_case(http, row["case"])["front_door"]["reference"] for row in ours]
        assert references == [reference]


def _worklist(http: httpx.Client) -> Any:
    return http.get("/referrals/cases?count=200", headers=_as_worker(http)).json()


def _case(http: httpx.Client, case: str) -> Any:
    return http.get(f"/referrals/cases/{case}", headers=_as_worker(http)).json()


def _as_worker(http: httpx.Client) -> dict[str, str]:
    worker = CLIENTS["link-worker"]
    answer = http.post(
        "/identity/token",
        data={"grant_type": "client_credentials"},
        auth=(worker.client_id, worker.secret),
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
