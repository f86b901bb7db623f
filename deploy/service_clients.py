"""OAuth clients of the services: whoever asks another does so as itself."""

from collections.abc import Callable
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr

from deploy.services import SERVICES, Service
from services.identity.clients import ClientSpec
from services.identity.grants import SIGN_IN
from services.identity.people.roles import every_scope

KERSEY = uuid5(NAMESPACE_URL, "urn:kersey")
"""The organisation that a service acts for when it asks another as itself."""


def client_id(service: Service) -> str:
    """The client id of a service."""
    return f"kersey-{service.name}"


def asking() -> list[Service]:
    """The services that ask others."""
    return [service for service in SERVICES if service.asks]


PORTAL = "kersey-portal"
"""The client id of the pages, for which people sign in."""

CALLBACK = "/sign-in/callback"
"""Where the pages take an authorization code."""


def portal_client(public_url: str, secret: str) -> ClientSpec:
    """The client for which people sign in: the pages, on behalf of whoever reads them.

    Parameters:
        public_url: where people reach the pages.
        secret: proves that it is them.
    """
    return ClientSpec(
        client_id=PORTAL,
        name="Kersey",
        organisation=KERSEY,
        scopes=(*SIGN_IN, *every_scope()),
        secret=SecretStr(secret),
        redirect_uris=(f"{public_url}{CALLBACK}",),
        after_sign_out=(f"{public_url}/",),
    )


def service_clients(secret: Callable[[Service], str]) -> list[ClientSpec]:
    """The clients to register at the issuer.

    Parameters:
        secret: of a service; it proves who it is with it.
    """
    return [
        ClientSpec(
            client_id=client_id(service),
            name=f"Kersey {service.name}",
            organisation=KERSEY,
            roles=("service",),
            scopes=service.asks,
            secret=SecretStr(secret(service)),
        )
        for service in asking()
    ]
