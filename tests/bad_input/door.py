"""All services behind one address, served for real, and what must hold after each refusal."""

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from joserfc import jwt
from sqlalchemy import Engine, text

from deploy.dispatch import AllInOne
from deploy.postgres_cluster import free_port
from services.identity.app import create_app as identity
from services.identity.app import signing_keys
from services.identity.settings import IdentitySettings
from services.notifications.app import create_app as notifications
from services.notifications.settings import NotificationsSettings
from services.providers.app import create_app as providers
from services.providers.settings import ProvidersSettings
from services.referrals.app import create_app as referrals
from shared.auth import TokenVerifier
from shared.database import create_engine
from shared.migrate import migrate
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.serving import serving
from tests.referrals.house import KEYS, URL, WHO, prepare, settings_for

PLANTED = "Planted-Ackroyd-7731"
"""Stands in what is sent, as a person's name would; it must come back in no answer and no log."""

FHIR = {"Content-Type": "application/fhir+json"}

Json = dict[str, Any]
Counted = dict[str, list[tuple[Any, ...]]]

_TABLES = """
    select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'
      and table_name not in ('lease', 'access_entry')
    order by table_name
"""
_COUNTED = {"audit_entry": "action not like 'refused-%%'"}
"""That somebody was refused is kept, and is meant to be."""


@dataclass
class Door:
    """One client's way in."""

    http: httpx.Client
    engines: Mapping[str, Engine]
    log: io.StringIO = field(default_factory=io.StringIO)
    answers: list[httpx.Response] = field(default_factory=list)
    _before: Counted = field(default_factory=dict)

    def send(self, method: str, path: str, *, by: str | None = "ehr", **arguments: Any) -> Any:
        """Call as one of the known clients, or as nobody."""
        headers = httpx.Headers(arguments.pop("headers", None))
        if by and "authorization" not in headers:
            headers["Authorization"] = f"Bearer {token(by)}"
        answer = self.http.request(method, path, headers=headers, **arguments)
        self.answers.append(answer)
        return answer

    def fhir(self, path: str, body: Any, *, method: str = "POST", **arguments: Any) -> Any:
        """Send a resource, or bytes that are none."""
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = FHIR | arguments.pop("headers", {})
        return self.send(method, f"/fhir{path}", headers=headers, **sent, **arguments)

    def stored_now(self) -> None:
        """What was stored so far was meant to be; from here on nothing may change."""
        self._before = self._stored()

    def check(self) -> None:
        """Nothing was stored, no answer and no log line repeats what was sent or shows a trace."""
        assert self._stored() == self._before
        for answer in self.answers:
            told = f"{answer.headers} {answer.text}"
            assert answer.status_code < 500, told
            assert PLANTED.lower() not in told.lower()
            assert "Traceback" not in told
        logged = self.log.getvalue()
        assert PLANTED.lower() not in logged.lower(), logged
        assert "Traceback" not in logged, logged
        assert "request.failed" not in logged, logged
        assert "fhir.failed" not in logged, logged

    def _stored(self) -> Counted:
        """Of every table of every service: how many rows and a sum over what is in them.

        But for the looks that were taken (`access_entry`), which are written a moment later.
        """
        found: Counted = {}
        for name, engine in self.engines.items():
            with engine.connect() as connection:
                tables = connection.execute(text(_TABLES)).scalars().all()
                sums = " union all ".join(
                    f"select '{table}', count(*), sum(hashtext(t::text)) from \"{table}\" t"
                    f" where {_COUNTED.get(table, 'true')}"
                    for table in tables
                )
                rows = connection.execute(text(sums)).all()
            found[name] = sorted(tuple(row) for row in rows)
        return found


def token(by: str = "ehr", *, key: Any = None, **claims: Any) -> str:
    """A token of a known client, as the issuer would sign it; `None` leaves a claim out."""
    who, now = WHO[by], int(time.time())
    body = {
        "iss": f"{URL}/identity",
        "aud": "kersey",
        "sub": who.client_id,
        "client_id": who.client_id,
        "iat": now,
        "exp": now + 3600,
        "scope": " ".join(who.scopes),
        "organisation": who.organisation,
        "roles": list(who.roles),
    } | claims
    body = {name: value for name, value in body.items() if value is not None}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "tests"}
    return jwt.encode(header, body, key or KEYS.signing)


def outcome(answer: httpx.Response, status: int, *expression: str) -> Json:
    """The first issue of a refusal by FHIR; `expression` must be among the elements named."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"]
    named = {place for issue in body["issue"] for place in issue.get("expression", ())}
    assert named.issuperset(expression), f"{named}: {answer.text}"
    assert all(issue["diagnostics"] for issue in body["issue"])
    assert all(issue["expression"] for issue in body["issue"]), answer.text
    first: Json = body["issue"][0]
    assert first["severity"] in ("error", "fatal")
    return first


def problem(answer: httpx.Response, *statuses: int) -> Json:
    """The body of a refusal elsewhere (RFC 9457)."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: Json = answer.json()
    assert body["title"]
    assert body["status"] == answer.status_code
    return body


@contextmanager
def all_services(new: NewDatabase, mail: Path) -> Iterator[tuple[str, Mapping[str, Engine]]]:
    """Every service without workers, on databases of their own: the address, and the engines."""
    urls = {
        "referrals": new("referrals", prepare),
        "providers": new("migrated-providers", partial(migrate, "providers")),
        "notifications": new("migrated-notifications", partial(migrate, "notifications")),
        "identity": new("migrated-identity", partial(migrate, "identity")),
    }
    common: Json = {"environment": "test", "public_url": URL}
    with ExitStack() as stack:
        engines = {
            name: create_engine(url, pool_size=25, application_name="bad-input")
            for name, url in urls.items()
        }
        for engine in engines.values():
            stack.callback(engine.dispose)
        port = free_port()
        issuer = f"http://127.0.0.1:{port}/identity"
        of_referrals = settings_for(
            urls["referrals"], metadata_url=f"{issuer}/.well-known/openid-configuration"
        )
        of_identity = IdentitySettings(
            **common,
            database_url=urls["identity"],
            key_encryption_key=Fernet.generate_key().decode(),
        )
        verifier = TokenVerifier(of_referrals, KEYS)
        signing_keys(of_identity, engines["identity"]).current()
        apps = {
            "referrals": referrals(of_referrals, engine=engines["referrals"], verifier=verifier),
            "providers": providers(
                ProvidersSettings(**common, database_url=urls["providers"]),
                engine=engines["providers"],
                verifier=verifier,
            ),
            "notifications": notifications(
                NotificationsSettings(
                    **common,
                    database_url=urls["notifications"],
                    link_key="k" * 40,
                    maildir=mail,
                    token_url="http://127.0.0.1:1/token",
                ),
                engine=engines["notifications"],
                verifier=verifier,
            ),
            "identity": identity(of_identity, engine=engines["identity"]),
        }
        prefixes = {
            "/fhir": "referrals",
            "/referrals": "referrals",
            "/openapi.json": "referrals",
            "/directory": "providers",
            "/notifications": "notifications",
            "/identity": "identity",
        }
        yield stack.enter_context(serving(AllInOne(apps, prefixes), port)), engines
