"""A second issuer: its paths, keys and claims are not those of Kersey's own."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from joserfc import jwk, jwt

from tests.infrastructure.serving import serving

Json = dict[str, Any]


@dataclass
class Realm:
    """Such an issuer, with clients that have secrets. Address and paths are Keycloak's.

    Its key set holds what other software needs: a key for encryption, a kind of key and a curve
    that nobody here knows. It writes `azp` for `client_id`, several audiences, and `JWT` as type.
    """

    algorithm: str = "RS256"
    issuer: str = ""
    clients: dict[str, tuple[str, Json]] = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    away: bool = False

    def __post_init__(self) -> None:
        self.keys = [self._made()]
        encryption: Any = {"kid": "enc", "use": "enc", "alg": "RSA-OAEP"}
        self._others = [
            jwk.RSAKey.generate_key(2048, encryption).as_dict(private=False),
            {"kty": "AKP", "kid": "later", "alg": "ML-DSA-65", "pub": "AAAA"},
            {"kty": "EC", "kid": "odd", "crv": "P-9999", "x": "AAAA", "y": "AAAA"},
        ]

    def _made(self) -> jwk.Key:
        parameters: Any = {"kid": str(uuid4()), "use": "sig", "alg": self.algorithm}
        if self.algorithm.startswith("ES"):
            return jwk.ECKey.generate_key(f"P-{self.algorithm[2:]}", parameters)
        return jwk.RSAKey.generate_key(2048, parameters)

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one stays published."""
        self.keys.insert(0, self._made())

    def sign(self, **claims: Any) -> str:
        """A token with these claims, whoever asks."""
        now = int(time.time())
        standing = {"iss": self.issuer, "iat": now, "exp": now + 300, "jti": str(uuid4())}
        header = {"alg": self.algorithm, "typ": "JWT", "kid": self.keys[0].kid}
        return jwt.encode(header, standing | claims, self.keys[0], algorithms=[self.algorithm])

    def granted(self, client: str, scope: str) -> str:
        """An access token for a client."""
        return self.sign(
            sub=str(uuid4()),
            azp=client,
            typ="Bearer",
            aud=["kersey", "account"],
            scope=scope,
            realm_access={"roles": ["offline_access"]},
            **self.clients[client][1],
        )

    def app(self) -> FastAPI:
        """Its web server."""
        app = FastAPI(openapi_url=None)
        base = "/realms/health"

        @app.get(f"{base}/.well-known/openid-configuration")
        def configuration(response: Response) -> Json:
            response.status_code = 503 if self.away else 200
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/protocol/openid-connect/auth",
                "token_endpoint": f"{self.issuer}/protocol/openid-connect/token",
                "introspection_endpoint": f"{self.issuer}/protocol/openid-connect/introspect",
                "jwks_uri": f"{self.issuer}/protocol/openid-connect/certs",
                "grant_types_supported": ["authorization_code", "implicit", "client_credentials"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
                "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES384"],
            } | self.metadata

        @app.get(f"{base}/protocol/openid-connect/certs")
        def certs() -> Json:
            return {"keys": [*self._others, *(key.as_dict(private=False) for key in self.keys)]}

        @app.post(f"{base}/protocol/openid-connect/token")
        async def token(request: Request, response: Response) -> Json:
            pair = request.headers["authorization"].partition(" ")[2]
            client, _, secret = base64.b64decode(pair).decode().partition(":")
            if self.clients.get(client, ("", {}))[0] != secret:
                response.status_code = 401
                return {"error": "unauthorized_client"}
            form = parse_qs((await request.body()).decode())
            granted = self.granted(client, form["scope"][0])
            return {"access_token": granted, "expires_in": 300, "token_type": "Bearer"}

        return app


@contextmanager
def realm_at_work(algorithm: str = "RS256") -> Iterator[Realm]:
    """Such an issuer, served over HTTP."""
    realm = Realm(algorithm)
    with serving(realm.app()) as address:
        realm.issuer = f"{address}/realms/health"
        yield realm
