"""Clients of other makers, each registered as an EHR's would be, with the running Kersey."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwk, jwt

from deploy.demo_tokens import access_token
from tests.infrastructure.running import Running

Json = dict[str, Any]
ALL = "system/*.cruds"


CROWD = 120


def crowd_of(family: str) -> Json:
    """A transaction that makes 120 Patients of one surname."""
    entries = [
        {
            "resource": {
                "resourceType": "Patient",
                "name": [{"family": family, "given": [f"Number {number}"]}],
                "birthDate": f"19{number % 80 + 10}-05-01",
            },
            "request": {"method": "POST", "url": "Patient"},
        }
        for number in range(CROWD)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


@dataclass(frozen=True)
class Registered:
    """A general FHIR client of an organisation of its own, which proves itself by a key.

    Attributes:
        url: of the running Kersey.
        client_id: as it is registered.
        key: its private key.
    """

    url: str
    client_id: str
    key: jwk.ECKey

    @property
    def fhir(self) -> str:
        """The base address."""
        return f"{self.url}/fhir"

    def as_json(self) -> str:
        """For a script; it signs its assertions by itself."""
        key = self.key.as_dict(private=True)
        return json.dumps({"fhir": self.fhir, "client_id": self.client_id, "key": key})

    def assertion(self) -> str:
        """A signed assertion, good once (SMART App Launch 2.2, backend services)."""
        address = f"{self.fhir}/.well-known/smart-configuration"
        audience = httpx.get(address, timeout=60).json()["token_endpoint"]
        header = {"alg": "ES384", "typ": "JWT", "kid": self.key.kid}
        about = {"iss": self.client_id, "sub": self.client_id, "aud": audience}
        claims = about | {"exp": int(time.time()) + 240, "jti": str(uuid4())}
        return jwt.encode(header, claims, self.key, algorithms=["ES384"])

    def token(self) -> str:
        """An access token."""
        form = {
            "grant_type": "client_credentials",
            "scope": ALL,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(),
        }
        answer = httpx.post(f"{self.url}/identity/token", data=form, timeout=60)
        assert answer.is_success, answer.text
        given: str = answer.json()["access_token"]
        return given


@pytest.fixture(scope="session")
def registering(running: Running) -> Callable[[str], Registered]:
    """`registering("fhirpy")` is a new client, registered by the administrator."""

    def register(name: str) -> Registered:
        # Got each time: a session's fixtures outlive an access token.
        administrator = access_token(running.url, "administrator")
        key = jwk.ECKey.generate_key("P-384", {"kid": str(uuid4()), "use": "sig", "alg": "ES384"})
        metadata: Json = {
            "client_name": name,
            "organisation": str(uuid4()),
            "roles": ["fhir-client"],
            "scope": ALL,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.as_dict(private=False)]},
        }
        answer = httpx.post(
            f"{running.url}/identity/clients",
            json=metadata,
            headers={"Authorization": f"Bearer {administrator}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return Registered(running.url, answer.json()["client_id"], key)

    return register
