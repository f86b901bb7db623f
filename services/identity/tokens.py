"""The token endpoint on Authlib: client credentials in, a signed access token out.

The one place that knows Authlib. Its own client authentication is not used: it answers an unknown
client and a wrong secret differently, and lets what a client sent into exception messages.
"""

import base64
import binascii
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote_plus
from uuid import uuid4

import structlog
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped, unused-ignore]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped, unused-ignore]
    ClientCredentialsGrant,
)
from authlib.oauth2.rfc6749.requests import (  # type: ignore[import-untyped, unused-ignore]
    BasicOAuth2Payload,
)
from authlib.oauth2.rfc9068 import (  # type: ignore[import-untyped, unused-ignore]
    JWTBearerTokenGenerator,
)
from fastapi.responses import JSONResponse
from joserfc import jwk
from prometheus_client import Counter

from services.identity.assertions import ASSERTION_TYPE, AssertionRefused, Assertions
from services.identity.clients import Client, Clients
from services.identity.keys import ALGORITHM, SigningKeys
from services.identity.scopes import ScopeRefused
from services.identity.settings import IdentitySettings

log = structlog.get_logger(__name__)

ANSWERS = Counter(
    "kersey_identity_token_answers_total",
    "Answers of the token endpoint by outcome: `issued` or the OAuth error.",
    ["outcome"],
)

FORM = "application/x-www-form-urlencoded"
AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_CHALLENGE = 'Basic realm="kersey", charset="UTF-8"'
_FIELDS = 32


class TokenRequest(OAuth2Request):  # type: ignore[misc]
    """A token request as Authlib wants to see it.

    Its own check for https is bypassed: behind a proxy it would look at the wrong address, and
    the settings refuse a plain-http issuer in production.
    """

    def __init__(self, headers: dict[str, str], form: dict[str, str]) -> None:
        super().__init__("POST", "https://token.invalid", headers=headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        """The form's fields."""
        fields: dict[str, str] = self.payload.data
        return fields


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749 section 4.4 with our ways of authentication."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(AUTH_METHODS)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Issue the token. Authlib's own would write it to the log."""
        try:
            token = self.generate_token(
                scope=self.request.payload.scope, include_refresh_token=False
            )
        except ScopeRefused as refused:
            raise InvalidScopeError(str(refused)) from refused
        log.info("token.issued", client_id=self.client.client_id, scope=token["scope"])
        return 200, token, self.TOKEN_RESPONSE_HEADER


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """Access tokens as RFC 9068 says, with the claims that Kersey's services decide by.

    `organisation` is the organisation's UUID, `roles` a list.
    """

    def __init__(self, settings: IdentitySettings, keys: SigningKeys) -> None:
        super().__init__(settings.issuer, alg=ALGORITHM, expires_generator=settings.token_lifetime)
        self._audience = settings.audience
        self._keys = keys

    def get_jwks(self) -> jwk.KeySet:
        """The key to sign with; as a set, so that its `kid` goes into the header."""
        return jwk.KeySet([self._keys.current()])

    def get_audiences(self, *_: Any) -> str:
        """The one audience: all of Kersey's services."""
        return self._audience

    def get_extra_claims(self, client: Client, *_: Any) -> dict[str, Any]:
        """On whose behalf, and as what."""
        return {"organisation": str(client.organisation), "roles": list(client.roles)}

    def get_jti(self, *_: Any) -> str:
        """A name for this token."""
        return str(uuid4())

    def generate(self, *args: Any, **named: Any) -> dict[str, Any]:
        """The answer, with the `token_type` in the letters of SMART Backend Services."""
        token: dict[str, Any] = super().generate(*args, **named)
        return token | {"token_type": "bearer"}


class TokenEndpoint(AuthorizationServer):  # type: ignore[misc]
    """Answers token requests.

    Args:
        settings: the issuer's settings.
        keys: signs the tokens.
        clients: who may ask.
        assertions: verifies clients that prove themselves with a key.
    """

    def __init__(
        self,
        settings: IdentitySettings,
        *,
        keys: SigningKeys,
        clients: Clients,
        assertions: Assertions,
    ) -> None:
        super().__init__()
        self._clients = clients
        self._assertions = assertions
        self.register_grant(ClientCredentials)
        self.register_token_generator("default", AccessTokens(settings, keys))
        self.register_client_auth_method("client_secret_basic", self._by_basic)
        self.register_client_auth_method("client_secret_post", self._by_post)
        self.register_client_auth_method("private_key_jwt", self._by_assertion)

    def answer(
        self, body: bytes, *, content_type: str, authorization: str | None, query: str
    ) -> JSONResponse:
        """Answer one request.

        Args:
            body: what was posted.
            content_type: its media type.
            authorization: the header of that name.
            query: the address's query, in which nothing may stand.

        Returns:
            200 with a token; else the error of RFC 6749 section 5.2, 401 for `invalid_client`
            and 400 for all others.
        """
        try:
            form = _form(body, content_type=content_type, query=query)
            _one_way_of_authentication(form, authorization)
        except OAuth2Error as error:
            return self.handle_error_response(None, error)
        headers = {"Authorization": authorization} if authorization else {}
        response: JSONResponse = self.create_token_response(TokenRequest(headers, form))
        return response

    # What Authlib asks of the framework around it:

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        """Requests come ready."""
        return request

    def send_signal(self, name: str, *args: Any, **named: Any) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> JSONResponse:
        """The answer as the web framework's."""
        ANSWERS.labels(body.get("error", "issued")).inc()
        return JSONResponse(body, status, headers=dict(headers))

    def handle_error_response(
        self, request: TokenRequest | None, error: OAuth2Error
    ) -> JSONResponse:
        """An error with the status and headers of RFC 6749 section 5.2 and RFC 9110 section 15.5.2.

        A 401 names a way to authenticate, whichever way was tried.
        """
        status, body, headers = error()
        if error.error == "invalid_client":
            status, headers = 401, [*headers, ("WWW-Authenticate", _CHALLENGE)]
        if error.error == "unsupported_grant_type":  # Authlib's words repeat what was sent
            body["error_description"] = "The grant_type must be client_credentials."
        client = request.client if request else None
        # What is said of a scope quotes it, and a client may have put anything there.
        quotes = error.error == "invalid_scope"
        log.info(
            "token.refused",
            client_id=client.client_id if client else None,
            refusal=error.error,
            reason=None if quotes else body.get("error_description"),
        )
        return self.handle_response(status, body, headers)

    # How clients prove themselves; None means: not in this way.

    def _by_basic(self, _: Any, request: TokenRequest) -> Client | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        client_id, secret = _basic(header)
        if request.form.get("client_id", client_id) != client_id:
            raise _unproven()
        return self._proven(client_id, secret)

    def _by_post(self, _: Any, request: TokenRequest) -> Client | None:
        secret = request.form.get("client_secret")
        if secret is None:
            return None
        return self._proven(request.form.get("client_id", ""), secret)

    def _by_assertion(self, _: Any, request: TokenRequest) -> Client | None:
        assertion = request.form.get("client_assertion")
        if assertion is None:
            return None
        try:
            return self._assertions.verify(assertion, client_id=request.form.get("client_id"))
        except AssertionRefused as refused:
            raise InvalidClientError(refused.words) from refused

    def _proven(self, client_id: str, secret: str) -> Client:
        client = self._clients.with_secret(client_id, secret)
        if client is None:
            raise _unproven()
        return client


def _unproven() -> OAuth2Error:
    return InvalidClientError("Client authentication failed.")


def _form(body: bytes, *, content_type: str, query: str) -> dict[str, str]:
    """The form's fields; those without a value count as left out (RFC 6749 section 3.2).

    Raises:
        InvalidRequestError: it is no form, holds a field twice, or lacks the grant type.
    """
    if query:
        raise InvalidRequestError("Parameters belong in the body: an address is logged.")
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"The body must be {FORM}.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise InvalidRequestError("The body cannot be read as a form.") from error
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise InvalidRequestError("A parameter must not be sent twice.")
    form = {name: value for name, value in pairs if value}
    if "grant_type" not in form:
        raise InvalidRequestError("grant_type is missing.")
    return form


def _one_way_of_authentication(form: dict[str, str], authorization: str | None) -> None:
    """Refuse a request that proves itself twice, or half (RFC 6749 section 2.3, RFC 7521 4.2)."""
    ways = [authorization, form.get("client_secret"), form.get("client_assertion")]
    if sum(way is not None for way in ways) > 1:
        raise InvalidRequestError("Authenticate in one way, not in several.")
    if ("client_assertion" in form) != ("client_assertion_type" in form):
        raise InvalidRequestError("client_assertion and client_assertion_type go together.")
    if form.get("client_assertion_type", ASSERTION_TYPE) != ASSERTION_TYPE:
        raise InvalidRequestError(f"The client_assertion_type must be {ASSERTION_TYPE}.")


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret of an Authorization header, form-decoded (RFC 6749 section 2.3.1).

    Raises:
        InvalidClientError: it is another scheme, or malformed.
    """
    scheme, _, encoded = header.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _unproven() from error
    client_id, colon, secret = pair.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _unproven()
    return unquote_plus(client_id), unquote_plus(secret)
