"""Each role has its own pages: on those of others nobody stands before forms that lead nowhere."""

from collections.abc import Callable, Mapping
from uuid import uuid4

import httpx
import pytest

from services.portal.staff.whose_pages import OF_MANAGERS, OF_PROVIDERS, OF_WORKERS
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    with_pages,
)

ANY = f"{uuid4()}"
CASES = ("/cases", "/cases/search", "/cases/team", f"/cases/{ANY}", f"/cases/{ANY}/contacts")
REQUESTS = (
    "/requests",
    "/requests/walk-in",
    f"/requests/{ANY}",
    f"/requests/{ANY}/worried",
    f"/requests/{ANY}/messages",
    "/registers",
    f"/registers/{ANY}",
    "/what-we-did",
    "/still-missing",
)
KEPT = ("/services", f"/services/{ANY}/listing", "/how-we-are-asked", f"/how-we-are-asked/{ANY}")
SAID: Mapping[str, tuple[str, ...]] = {OF_WORKERS: CASES, OF_PROVIDERS: REQUESTS, OF_MANAGERS: KEPT}
OTHERS: Mapping[str, tuple[str, ...]] = {
    "link-worker": (OF_PROVIDERS, OF_MANAGERS),
    "hub-coordinator": (OF_PROVIDERS, OF_MANAGERS),
    "provider-manager": (OF_WORKERS,),
    "provider-staff": (OF_WORKERS, OF_MANAGERS),
    "care-navigator": (OF_WORKERS, OF_PROVIDERS, OF_MANAGERS),
    "organisation-administrator": (OF_WORKERS, OF_PROVIDERS, OF_MANAGERS),
}
"""The pages that are not a role's, by what they say."""

SignIn = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def sign_in(pages: Pages) -> SignIn:
    def as_one(role: str) -> httpx.Client:
        http = pages.browser()
        pages.come(http, pages.person(role))
        return http

    return as_one


@pytest.mark.parametrize("role", OTHERS)
def test_a_page_of_others_says_whose_it_is_and_leads_home(sign_in: SignIn, role: str) -> None:
    http = sign_in(role)
    for words in OTHERS[role]:
        for path in SAID[words]:
            page = http.get(path)
            assert page.status_code == 403, path
            assert str(words) in page.text, path
            assert page.text.partition("<main")[2].count("<form") == 0, path
            assert 'href="/home"' in page.text, path


def test_a_form_of_others_is_refused_before_anything_is_asked(sign_in: SignIn) -> None:
    http = sign_in("link-worker")
    key = http.get("/trial/who").json()["key"]
    for path in (f"/requests/{ANY}/who", f"/requests/{ANY}/answer", f"/how-we-are-asked/{ANY}"):
        sent = http.post(path, data={"key": key, "form_number": "1"})
        assert sent.status_code == 403, path
        assert "You may not do this" in sent.text, path


def test_a_list_is_called_what_the_way_to_it_is_called(sign_in: SignIn) -> None:
    """A coordinator has no list of their own people."""
    page = sign_in("hub-coordinator").get("/cases").text
    assert "<h1>Cases</h1>" in page
    assert "our list" not in page
    assert "<h1>Your list</h1>" in sign_in("link-worker").get("/cases").text
