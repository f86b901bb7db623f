"""What all pages share: the browser's cookie, forms that only our own pages can send, errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Engine

from services.identity.clients import Clients
from services.identity.keys import KeysUnreadable
from services.identity.oauth_request import FORM
from services.identity.oidc.asking import Asked
from services.identity.oidc.families import Families
from services.identity.oidc.id_tokens import IdTokens
from services.identity.people.enrolling import Enrolling
from services.identity.people.known_browsers import LASTS
from services.identity.people.links import Links
from services.identity.people.recovery import Recovery
from services.identity.people.secret_keys import SecretKeys, new_token
from services.identity.people.sessions import Present, Sessions
from services.identity.people.signing_in import SigningIn, Where
from services.identity.settings import IdentitySettings
from shared.languages import Languages
from shared.mail import Post
from shared.pages import Pages
from shared.problems import Problem
from shared.rate_limits import caller

AT = "/identity"
STATIC_AT = f"{AT}/static"
"""Where the issuer serves the pages' style sheet: it may stand on a host without the portal."""
_FIELDS = 32
_KEY = "key"


class Turned(Exception):
    """The browser is led elsewhere, or shown why it cannot go on.

    Args:
        response: what it gets.
    """

    def __init__(self, response: Response) -> None:
        super().__init__("turned away")
        self.response = response


@dataclass(frozen=True)
class Front:
    """What the pages work with.

    Attributes:
        settings: the issuer's.
        engine: its database.
        pages: renders.
        keys: makes the forms' keys.
        clients: the registered clients.
        sessions: of browsers.
        signing_in: judges passwords and codes.
        enrolling: takes up invitations.
        links: stand in for a password.
        recovery: shows recovery codes.
        families: what clients get.
        id_tokens: known again as hints.
    """

    settings: IdentitySettings
    engine: Engine
    pages: Pages
    keys: SecretKeys
    clients: Clients
    sessions: Sessions
    signing_in: SigningIn
    enrolling: Enrolling
    links: Links
    recovery: Recovery
    families: Families
    id_tokens: IdTokens

    @property
    def secure(self) -> bool:
        """Whether people reach the issuer by https."""
        return self.settings.issuer.startswith("https:")

    @property
    def cookie_name(self) -> str:
        """The cookie's. `__Host-` keeps neighbouring hosts from setting it, and needs https."""
        return "__Host-kersey_identity" if self.secure else "kersey_identity"

    def cookie(self, request: Request) -> str:
        """The cookie's value, empty where there is none."""
        return request.cookies.get(self.cookie_name, "")

    def present(self, request: Request) -> Present | None:
        """Who is at the browser."""
        return self.sessions.find(self.cookie(request))

    def at_stage(self, request: Request, *stages: str) -> Present:
        """Who is at the browser, where they have come so far.

        Raises:
            Turned: they have not; they are led to where they may begin.
        """
        present = self.present(request)
        if present is None or present.session.stage not in stages:
            raise Turned(self.to("/account" if present and present.signed_in else "/sign-in"))
        return present

    def where(self, request: Request) -> Where:
        """From where they come."""
        marks = request.cookies.get(f"{self.cookie_name}_known", "")
        return Where(caller(), request.headers.get("user-agent", ""), marks)

    def know(self, request: Request, response: Response, email: str) -> None:
        """Have the browser remember that somebody signed in there; it signs nobody in."""
        response.set_cookie(
            f"{self.cookie_name}_known",
            self.signing_in.marked(self.where(request), email),
            max_age=int(LASTS.total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def set_cookie(self, response: Response, value: str) -> None:
        """Give the browser its cookie; gone when the browser is closed, as the row is in time."""
        response.set_cookie(
            self.cookie_name, value, path="/", httponly=True, samesite="lax", secure=self.secure
        )

    def drop_cookie(self, response: Response) -> None:
        """Take it away."""
        response.delete_cookie(
            self.cookie_name, path="/", httponly=True, samesite="lax", secure=self.secure
        )

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        asked: Asked | None = None,
        present: Present | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page whose forms come back with this browser's key.

        Args:
            request: whose.
            template: its name.
            status: the HTTP status.
            present: who is at it, where their cookie is given with this very answer.
            asked: the authorization request under way: what answers a form may lead to its client.
            values: what the template shows.
        """
        held = present.cookie if present else self.cookie(request)
        cookie = held or new_token()
        page = self.pages.page(
            f"sign-in/{template}",
            status,
            forms_to=(asked.origin,) if asked else (),
            key=self.keys.fingerprint("form", cookie),
            **values,
        )
        if not held:
            self.set_cookie(page, cookie)
        return page

    def worded(self, problem: Problem) -> Response:
        """A refusal that was met before any page, as a page."""
        page = self.pages.page("sign-in/trouble", problem.status, code=problem.status)
        page.headers.update(problem.headers)
        return page

    def to(self, path: str) -> RedirectResponse:
        """Lead the browser to another page of ours."""
        return RedirectResponse(f"{AT}{path}", 303, headers={"Cache-Control": "no-store"})

    def form(self, request: Request, body: bytes) -> Mapping[str, str]:
        """The fields of a form that one of our pages sent from this browser.

        Raises:
            Turned: another page sent it, or the browser has lost its cookie.
        """
        given = self.fields(request, body)
        if not self.genuine(request, given):
            raise Turned(self.page(request, "stale", 403))
        return given

    def fields(self, request: Request, body: bytes) -> Mapping[str, str]:
        """The fields of a form, whoever sent it.

        Raises:
            Turned: it is none, or has a field twice.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"
            )
        except ValueError:
            pairs = []
        given = dict(pairs)
        if kind != FORM or len(given) != len(pairs):
            raise Turned(self.page(request, "stale", 403))
        return given

    def genuine(self, request: Request, given: Mapping[str, str]) -> bool:
        """Whether one of our pages sent these fields from this browser."""
        cookie = self.cookie(request)
        return bool(cookie) and self.keys.is_fingerprint(given.get(_KEY, ""), "form", cookie)

    def sealed(self, asked: Asked | None) -> str:
        """An authorization request as a form carries it, to be read by nobody else."""
        return self.keys.encrypted(json.dumps(asked.kept())) if asked else ""

    def unsealed(self, request: Request, sealed: str) -> Asked | None:
        """A request that was carried by a form.

        Raises:
            Turned: it is not as it was.
        """
        if not sealed:
            return None
        try:
            return Asked.of(json.loads(self.keys.decrypted(sealed)))
        except (KeysUnreadable, ValueError, TypeError) as error:
            raise Turned(self.page(request, "stale", 403)) from error


def front_for(
    settings: IdentitySettings,
    engine: Engine,
    families: Families,
    id_tokens: IdTokens,
    static: Path | None,
    post: Post | None = None,
    languages: Languages | None = None,
) -> Front:
    """What the pages of an issuer work with.

    Args:
        settings: the issuer's.
        engine: its database.
        families: what clients get.
        id_tokens: known again as hints.
        static: the folder with the style sheet; without it the pages are plainer.
        post: where mails go; by default as the settings say.
        languages: in which the pages can be read; by default in English alone.
    """
    admit_demo = settings.environment != "production"
    keys, sessions = SecretKeys(settings), Sessions(engine, settings)
    folder = static or Path(__file__).parent / "static"
    return Front(
        settings=settings,
        engine=engine,
        pages=Pages(
            "services.identity",
            brand=settings.brand,
            static=folder,
            static_at=STATIC_AT,
            languages=languages,
        ),
        keys=keys,
        clients=Clients(engine, admit_demo=admit_demo),
        sessions=sessions,
        signing_in=SigningIn(engine, keys, sessions, admit_demo=admit_demo),
        enrolling=Enrolling(engine, keys, sessions, brand=settings.brand),
        links=Links(engine, settings, keys, sessions, post),
        recovery=Recovery(engine, keys),
        families=families,
        id_tokens=id_tokens,
    )


def asked_of(present: Present) -> Asked | None:
    """The authorization request that a session began with."""
    return Asked.of(present.session.asked) if present.session.asked else None


def front_of(request: Request) -> Front:
    """What the pages of an app work with."""
    front: Front = request.app.state.front
    return front
