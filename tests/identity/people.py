"""People for tests: accounts that are there at once, and a browser without scripts."""

import base64
import hashlib
import html
import mailbox
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
import pyotp
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.identity.clients import ClientSpec, register_client
from services.identity.people import roles
from services.identity.people.passwords import hash_password
from services.identity.people.secret_keys import SecretKeys
from services.identity.people.sessions import Sessions
from services.identity.settings import IdentitySettings
from services.identity.tables import Membership, PersonAccount
from shared.database import UnitOfWork

PASSWORD = "maple harbour teaspoon"
HASHED = hash_password(PASSWORD)
CALLBACK = "https://portal.example/sign-in/callback"
AFTER = "https://portal.example/"
HUB = UUID("0b9a3f0e-6f0c-4f39-9a0e-8d6c0f6f5a01")
Json = dict[str, Any]


@dataclass
class Person:
    """Somebody with an account."""

    id: UUID
    email: str
    secret: str
    password: str = PASSWORD
    steps: int = 0

    def code(self) -> str:
        """A code that was not used before, and that holds for ten seconds at least.

        Each is of the next step that a clock may be at, which is one before or after the server's.
        """
        step = int((time.time() + 10) // 30) - 1 + self.steps
        self.steps += 1
        time.sleep(max(0.0, (step - 1) * 30 - time.time()))
        return pyotp.TOTP(self.secret).at(step * 30)


def add_person(
    engine: Engine,
    settings: IdentitySettings,
    *role: str,
    places: Iterable[tuple[UUID, str, tuple[str, ...]]] = (),
    state: str = "active",
    demo: bool = False,
) -> Person:
    """An account whose password and second factor are set, with these roles in the hub, or with
    what `places` says.
    """
    secret, email = pyotp.random_base32(), f"{uuid4().hex}@team.example"
    account = PersonAccount(
        email=email,
        name="Amina Khan",
        state=state,
        password_hash=HASHED,
        totp_secret=SecretKeys(settings).encrypted(secret),
        demo=demo,
    )
    with UnitOfWork(engine) as uow:
        uow.session.add(account)
        uow.session.flush()
        for organisation, name, held in list(places) or [(HUB, "Bradford hub", role)]:
            for each in held:
                uow.session.add(
                    Membership(
                        account=account.id,
                        organisation=organisation,
                        organisation_name=name,
                        role=each,
                    )
                )
        uow.commit()
    return Person(account.id, email, secret)


def add_portal(engine: Engine, **more: Any) -> tuple[str, str]:
    """A client for which people sign in; its id and secret."""
    values: Json = {
        "client_id": f"portal-{uuid4()}",
        "name": "the pages",
        "organisation": HUB,
        "scopes": ("openid", "profile", "email", *roles.every_scope()),
        "redirect_uris": (CALLBACK,),
        "after_sign_out": (AFTER,),
    }
    with UnitOfWork(engine) as uow:
        secret = register_client(uow, ClientSpec(**(values | more)))
        uow.commit()
    return str((values | more)["client_id"]), secret or ""


def session_of(engine: Engine, settings: IdentitySettings, person: Person) -> str:
    """The cookie of a browser in which somebody is signed in already: no page, no hash, no code.

    With it `/identity/authorize` answers with a code at once: the cheap way to a person's token.
    """
    sessions, now = Sessions(engine, settings), datetime.now(UTC)
    with UnitOfWork(engine) as uow:
        account = uow.session.get_one(PersonAccount, person.id)
        lasts = timedelta(hours=settings.session_hours)
        cookie = sessions.begin(uow, account, "signed-in", lasts, signed_in=now)
        uow.commit()
    return cookie


def fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    form = page.partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


@dataclass
class Visit:
    """A browser without scripts at the issuer, on behalf of a client."""

    http: httpx.Client
    client: tuple[str, str]

    def __post_init__(self) -> None:
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(8)
        self.nonce = secrets.token_urlsafe(8)

    def request(self, **more: str | None) -> dict[str, str]:
        """The parameters of an authorization request."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        values: dict[str, str | None] = {
            "client_id": self.client[0],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile user/*.rs user/Task.u cases directory.read",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (values | more).items() if value is not None}

    def authorize(self, **more: str | None) -> httpx.Response:
        """Come from the client."""
        return self.http.get(f"/identity/authorize?{urlencode(self.request(**more))}")

    def send(self, page: httpx.Response, path: str, **given: str) -> httpx.Response:
        """Fill in the form of a page."""
        return self.http.post(f"/identity{path}", data=fields(page.text) | given)

    def signed_in(self, person: Person, **more: str | None) -> httpx.Response:
        """Come from the client, give password and code; what answers the code."""
        page = self.authorize(**more)
        assert page.status_code == 200, page.text
        answer = self.send(page, "/sign-in", email=person.email, password=person.password)
        assert answer.status_code == 303, answer.text
        page = self.http.get(answer.headers["location"])
        return self.send(page, "/sign-in/code", code=person.code())

    def code(self, person: Person, **more: str | None) -> str:
        """The code with which the client's address is called."""
        return returned(self.signed_in(person, **more))["code"]

    def exchange(self, code: str, **more: str) -> httpx.Response:
        """The client exchanges its code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.http.post("/identity/token", auth=self.client, data=form | more)

    def refresh(self, token: str, **more: str) -> httpx.Response:
        """The client exchanges a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.http.post("/identity/token", auth=self.client, data=form | more)

    def tokens(self, person: Person, **more: str | None) -> Json:
        """All that a sign-in gives."""
        answer = self.exchange(self.code(person, **more))
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    def active(self, token: str) -> bool:
        """Whether a token of the client holds."""
        answer = self.http.post("/identity/introspect", auth=self.client, data={"token": token})
        return bool(answer.json()["active"])


def returned(answer: httpx.Response) -> dict[str, str]:
    """What an answer leads back to the client with."""
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    assert address.startswith(f"{CALLBACK}?"), address
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@dataclass
class House:
    """An issuer, and a client for which people sign in."""

    app: FastAPI
    engine: Engine
    settings: IdentitySettings
    client: tuple[str, str]
    maildir: Path

    def person(self, *role: str, **more: object) -> Person:
        return add_person(self.engine, self.settings, *(role or ("link-worker",)), **more)  # type: ignore[arg-type]

    def visit(self, **more: object) -> Visit:
        return Visit(self.browser(), self.client)

    def browser(self) -> httpx.Client:
        return TestClient(self.app, base_url="https://kersey.example", follow_redirects=False)

    def mails(self) -> list[str]:
        """What was sent so far, decoded, oldest first."""
        box = mailbox.Maildir(self.maildir, create=True)
        found = sorted(box, key=lambda each: each.get_date())
        return [
            str(part.get_payload(decode=True), "utf-8")  # type: ignore[arg-type]
            for each in found
            for part in each.walk()
            if part.get_content_type() == "text/plain"
        ]

    def token(self, *role: str) -> str:
        """An access token of somebody with this role."""
        visit, person = self.visit(), self.person(*role)
        name = self.app.state.front.cookie_name
        visit.http.cookies.set(name, session_of(self.engine, self.settings, person))
        code = returned(visit.authorize(scope=None))["code"]
        return str(visit.exchange(code).json()["access_token"])
