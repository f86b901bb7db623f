"""OAuth clients of the services: whoever asks another does so as itself.

The portal has two: one that hands in at the front door as itself, and one for which people sign in
and which acts for them alone, so that neither can do what the other may.
"""

from collections.abc import Callable
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr

from deploy.services import SERVICES, Service
from services.identity.clients import ClientSpec
from services.identity.grants import SIGN_IN as SIGNING_IN
from services.identity.people.roles import every_scope

KERSEY = uuid5(NAMESPACE_URL, "urn:kersey")
"""The organisation that a service acts for when it asks another as itself."""


SIGN_IN = "kersey-portal-sign-in"
"""The client for which people sign in to the pages; the default of the portal's setting."""

SIGN_IN_SETTING = "portal_sign_in"
"""By which name its secret is among those of the services."""


def client_id(service: Service) -> str:
    """The client id of a service."""
    return f"kersey-{service.name}"


def asking() -> list[Service]:
    """The services that ask others."""
    return [service for service in SERVICES if service.asks]


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


def sign_in_client(secret: str, public_url: str) -> ClientSpec:
    """The client for which people sign in to the pages; it gets of all scopes what their role has.

    Parameters:
        secret: it proves who it is with it.
        public_url: where people reach the pages.
    """
    return ClientSpec(
        client_id=SIGN_IN,
        name="Kersey",
        organisation=KERSEY,
        scopes=(*SIGNING_IN, *every_scope()),
        secret=SecretStr(secret),
        redirect_uris=(f"{public_url}/signed-in",),
        after_sign_out=(f"{public_url}/signed-out",),
    )
