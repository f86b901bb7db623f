"""Settings that every service has: the only place that reads the environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.logging import Level

DEMO_MARK = "demo-"
"""Every demo secret starts with this, so that production can refuse all of them at once."""


class ServiceSettings(BaseSettings):
    """What a service must know about the house it stands in.

    Values come from the constructor or from ``KERSEY_...`` variables; a process runs one service,
    so that the names need no service in them. A service adds its own fields in a subclass.

    Raises:
        pydantic.ValidationError: on a missing or malformed value, and in production on any demo
            secret or an issuer that is not reached over https.
    """

    model_config = SettingsConfigDict(
        env_prefix="KERSEY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "test", "production"] = Field(
        default="development",
        description="In production, demo secrets and plain-http issuers refuse to start.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where people and EHRs reach Kersey; no trailing slash.",
    )
    database_url: SecretStr = Field(description="postgresql://role:password@host:port/database")
    pool_size: int = Field(default=5, ge=1, le=50, description="Connections per process at most.")
    statement_seconds: float = Field(
        default=8.0,
        gt=0,
        description="How long the database may work on one statement of a request, or wait for a"
        " lock; then the request is undone and answered 503. Less than a stop waits for requests.",
    )
    amqp_url: SecretStr | None = Field(
        default=None, description="amqp://user:password@host:port/vhost; several with commas."
    )
    relay_poll_seconds: float = Field(
        default=0.03,
        gt=0,
        description="How often the outbox is looked at for events that another process wrote.",
    )
    relay_lag_limit_seconds: float = Field(
        default=60.0,
        gt=0,
        description="How long an event may wait to be published before a worker is not ready.",
    )
    issuer: str = Field(default="", description="OAuth 2 issuer; default {public_url}/identity.")
    jwks_url: str = Field(default="", description="Its keys; default {issuer}/jwks.json.")
    metadata_url: str = Field(
        default="",
        description="What it says of itself; default {issuer}/.well-known/openid-configuration.",
    )
    token_url: str = Field(default="", description="Where this service gets its own tokens.")
    audience: str = Field(default="kersey", description="The `aud` that a token must name.")
    client_id: str = Field(default="", description="This service's own OAuth client.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")
    timezone: str = Field(
        default="Europe/London", description="Zone of a FHIR date without one, and of reminders."
    )
    log_level: Level = Field(default="INFO", description="Least severity that is logged.")
    client_rate: str = Field(
        default="30000/minute",
        description="Requests of one client, or one person in it, at one process; several with"
        " semicolons: all hold. Empty: no limit.",
    )
    address_rate: str = Field(
        default="6000/minute",
        description="The same of one address, of requests without a good token.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks whose X-Forwarded-For is believed; several with commas.",
    )

    allow_private_endpoints: bool = Field(
        default=False,
        description="In production too, let addresses that others register (webhooks, endpoints of"
        " Subscriptions, clients' keys) be private ones and plain http.",
    )

    @property
    def private_endpoints(self) -> bool:
        """Whether an address that somebody registered may lead into one's own network."""
        return self.allow_private_endpoints or self.environment != "production"

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `trusted_proxies`."""
        named = [part.strip() for part in self.trusted_proxies.split(",")]
        return tuple(ip_network(part) for part in named if part)

    @field_validator("client_rate", "address_rate")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        if value.strip():
            parse_many(value)
        return value

    @model_validator(mode="after")
    def _proxies_are_networks(self) -> Self:
        _ = self.proxies
        return self

    @model_validator(mode="before")
    @classmethod
    def _derive_addresses(cls, values: dict[str, object]) -> dict[str, object]:
        public = str(values.get("public_url") or cls.model_fields["public_url"].default).rstrip("/")
        issuer = str(values.get("issuer") or f"{public}/identity").rstrip("/")
        return values | {
            "public_url": public,
            "issuer": issuer,
            "jwks_url": values.get("jwks_url") or f"{issuer}/jwks.json",
            "metadata_url": values.get("metadata_url")
            or f"{issuer}/.well-known/openid-configuration",
            "token_url": values.get("token_url") or f"{issuer}/token",
        }

    @model_validator(mode="after")
    def _refuse_demo_values_in_production(self) -> Self:
        if self.environment != "production":
            return self
        for name, value in self:
            secret = value.get_secret_value() if isinstance(value, SecretStr) else ""
            if secret.startswith(DEMO_MARK) or f":{DEMO_MARK}" in secret:
                raise ValueError(f"{name} holds a demo secret: set your own before production")
        if urlsplit(self.issuer).scheme != "https":
            raise ValueError("issuer must be https in production")
        return self
