"""OAuth clients of the services: whoever asks another does so as itself."""

from collections.abc import Callable
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr

from deploy.services import SERVICES, Service
from services.identity.clients import ClientSpec

KERSEY = uuid5(NAMESPACE_URL, "urn:kersey")
"""The organisation that a service acts for when it asks another as itself."""


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
