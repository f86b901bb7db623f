"""The front door in front of a real referrals service, and a browser without scripts before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from fastapi.testclient import TestClient

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.portal.conftest import Browser, Page
from tests.referrals.house import Caller, House

FORM = "/refer/bradford/self"

KATH: dict[str, Any] = {
    "words": "The evenings are long since Alf died.",
    "needs": ["loneliness", "bereavement"],
    "given": "Kath",
    "family": "Feather",
    "day": "4",
    "month": "3",
    "year": "1951",
    "phone": "07700 900111",
    "phone_safe": "yes",
    "times": "mornings",
    "say": "the library",
    "keep_from": "my son",
    "access": ["large-print"],
    "language": "Punjabi",
    "agreed": "yes",
}
"""What somebody types for themselves."""

FAMILY: dict[str, Any] = {
    "referrer_name": "Jo Feather",
    "referrer_phone": "07700 900222",
    "relation": "daughter",
    "agreed_how": "in-person",
    "tell_referrer": "yes",
}

NURSE: dict[str, Any] = {
    "referrer_name": "Sam Iqbal",
    "referrer_role": "Nurse",
    "referrer_organisation": "Moor Hospital",
    "referrer_email": "sam@example.org",
    "agreed_how": "by-phone",
}


class Through:
    """Calls referrals as the portal's own client, unless it is away."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.away = False

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if self.away:
            return httpx.Response(503, json={"title": "away"})
        return self._caller.send(method, path, **arguments)


class Visitor(Browser):
    """Looks, fills in, sends: what a person does without scripts."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def look(self, path: str) -> Page:
        return self.get(path)

    def post(self, path: str, step: str, values: dict[str, Any]) -> Page:
        return self._page(self.http.post(path, data=values | {"step": step}))

    def check(self, values: dict[str, Any], path: str = FORM) -> Page:
        """Open the form, fill it in and ask to check it."""
        page = self.look(path)
        return self.post(path, "check", values | {"stamp": stamp_of(page)})


def stamp_of(page: Page) -> str:
    return next(value for name, value in hidden(page) if name == "stamp")


def hidden(page: Page) -> list[tuple[str, str]]:
    return [
        (given["name"], given["value"])
        for tag, given in page.elements
        if tag == "input" and given.get("type") == "hidden"
    ]


def kept(page: Page) -> dict[str, Any]:
    """What a page would send again."""
    values: dict[str, Any] = {}
    for name, value in hidden(page):
        values.setdefault(name, []).append(value)
    return values


@contextmanager
def visiting(
    house: House, static: Path, *, address: str = "203.0.113.9", **settings: Any
) -> Iterator[tuple[Visitor, Through]]:
    """Somebody at the front door of a referrals service."""
    through = Through(house.by("front-door"))
    values: dict[str, Any] = {
        "front_door_seconds": 0,
        "front_door_rate": "",
        "client_secret": uuid4().hex,
    }
    settled = PortalSettings(
        environment="test", database_url="postgresql://not-used", **(values | settings)
    )
    app = create_app(settled, referrals=through, static=static)
    with TestClient(
        app, base_url="http://kersey.test", follow_redirects=True, client=(address, 1234)
    ) as http:
        yield Visitor(http), through
