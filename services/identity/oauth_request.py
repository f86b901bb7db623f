"""A client's request as OAuth writes it: one form, each parameter once, proved in one way."""

import base64
import binascii
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped, unused-ignore]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped, unused-ignore]
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import (  # type: ignore[import-untyped, unused-ignore]
    BasicOAuth2Payload,
)

from services.identity.assertions import ASSERTION_TYPE, UNPROVEN

FORM = "application/x-www-form-urlencoded"
_FIELDS = 32


class OAuthRequest(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib wants to see it.

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


def read(
    body: bytes, *, content_type: str, authorization: str | None, query: str, required: str
) -> OAuthRequest:
    """Read a posted form.

    Args:
        body: what was posted.
        content_type: its media type.
        authorization: the header of that name.
        query: the address's query, in which nothing may stand.
        required: the parameter that this endpoint cannot do without.

    Raises:
        InvalidRequestError: it is no form, holds a field twice, lacks what is required, or proves
            itself in more than one way.
    """
    form = _form(body, content_type=content_type, query=query)
    if required not in form:
        raise InvalidRequestError(f"{required} is missing.")
    _one_way_of_authentication(form, authorization)
    headers = {"Authorization": authorization} if authorization else {}
    return OAuthRequest(headers, form)


def unproven() -> OAuth2Error:
    """What everyone hears who has not proved who they are, whatever the reason."""
    return InvalidClientError(UNPROVEN)


def _form(body: bytes, *, content_type: str, query: str) -> dict[str, str]:
    """The form's fields; those without a value count as left out (RFC 6749 section 3.2).

    Raises:
        InvalidRequestError: it is no form, or holds a field twice.
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
    return {name: value for name, value in pairs if value}


def _one_way_of_authentication(form: dict[str, str], authorization: str | None) -> None:
    """Refuse a request that proves itself twice, or half (RFC 6749 section 2.3, RFC 7521 4.2)."""
    ways = [authorization, form.get("client_secret"), form.get("client_assertion")]
    if sum(way is not None for way in ways) > 1:
        raise InvalidRequestError("Authenticate in one way, not in several.")
    if ("client_assertion" in form) != ("client_assertion_type" in form):
        raise InvalidRequestError("client_assertion and client_assertion_type go together.")
    if form.get("client_assertion_type", ASSERTION_TYPE) != ASSERTION_TYPE:
        raise InvalidRequestError(f"The client_assertion_type must be {ASSERTION_TYPE}.")


def basic(header: str) -> tuple[str, str]:
    """Client id and secret of an Authorization header, form-decoded (RFC 6749 section 2.3.1).

    Raises:
        InvalidClientError: it is another scheme, or malformed.
    """
    scheme, _, encoded = header.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise unproven() from error
    client_id, colon, secret = pair.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise unproven()
    return unquote_plus(client_id), unquote_plus(secret)
