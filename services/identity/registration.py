"""A client's registration in the words of RFC 7591, between HTTP and the register."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity import grants
from services.identity.clients import PEOPLE_GRANTS, ClientSpec
from services.identity.tables import OAuthClient

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]

Grant = Literal["client_credentials", "authorization_code", "refresh_token"]

SPOKEN = {
    "name": "client_name",
    "scopes": "scope",
    "jwks_url": "jwks_uri",
    "after_sign_out": "post_logout_redirect_uris",
}
"""Members of a `ClientSpec` whose names RFC 7591 has otherwise."""


class ClientMetadata(BaseModel):
    """What an administrator says of a client (RFC 7591 section 2).

    Members that we do not know are passed over, as that section demands; the answer tells what was
    registered. `organisation` and `roles` are ours: on whose behalf the client acts, and as what.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    client_id: str | None = Field(default=None, description="Made if left out.")
    client_name: str
    organisation: UUID
    roles: tuple[str, ...] = ()
    scope: Annotated[str, StringConstraints(max_length=4000)]
    token_endpoint_auth_method: AuthMethod | None = None
    grant_types: tuple[Grant, ...] | None = None
    response_types: tuple[Literal["code"], ...] | None = None
    redirect_uris: tuple[str, ...] = Field(
        default=(), description="Where people are led who signed in; with any, it acts for them."
    )
    post_logout_redirect_uris: tuple[str, ...] = ()
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    active: bool | None = Field(default=None, description="Whether it gets tokens.")

    def spec(self, client_id: str) -> ClientSpec:
        """The client to register.

        Args:
            client_id: its id.

        Raises:
            pydantic.ValidationError: see `ClientSpec`.
            ValueError: a scope or role that means nothing; a way of authentication without what
                it needs.
        """
        scopes = tuple(dict.fromkeys(self.scope.split()))
        grants.check(scopes, self.roles)
        people = bool(self.redirect_uris)
        if self.grant_types is not None and people == ("client_credentials" in self.grant_types):
            raise ValueError("authorization_code, and nothing else, needs redirect_uris")
        if self.response_types and not people:
            raise ValueError("response_types needs redirect_uris")
        keys = self.jwks is not None or self.jwks_uri is not None
        method = self.token_endpoint_auth_method
        if method is not None and keys != (method == "private_key_jwt"):
            raise ValueError("private_key_jwt, and nothing else, needs jwks or jwks_uri")
        return ClientSpec(
            client_id=client_id,
            name=self.client_name,
            organisation=self.organisation,
            roles=self.roles,
            scopes=scopes,
            jwks=self.jwks,
            jwks_url=self.jwks_uri,
            redirect_uris=self.redirect_uris,
            after_sign_out=self.post_logout_redirect_uris,
            active=self.active is not False,
        )


def information(row: OAuthClient, *, secret: str | None = None) -> dict[str, Any]:
    """What is answered about a client (RFC 7591 section 3.2.1).

    Args:
        row: the client.
        secret: one that was just made; a stored one cannot be told.
    """
    told: dict[str, Any] = {
        "client_id": row.client_id,
        "client_id_issued_at": int(row.created.timestamp()) if row.created else None,
        "client_name": row.name,
        "organisation": str(row.organisation),
        "roles": list(row.roles),
        "scope": " ".join(row.scopes),
        "grant_types": list(PEOPLE_GRANTS) if row.redirect_uris else ["client_credentials"],
        "response_types": ["code"] if row.redirect_uris else [],
        "redirect_uris": list(row.redirect_uris) or None,
        "post_logout_redirect_uris": list(row.after_sign_out) or None,
        "token_endpoint_auth_method": (
            "client_secret_basic" if row.secret_hash else "private_key_jwt"
        ),
        "jwks": row.jwks,
        "jwks_uri": row.jwks_url,
        "active": row.active,
        "demo": row.demo or None,
    }
    if secret is not None:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return {name: value for name, value in told.items() if value is not None}
