"""Loads the demo's clients and directory into the services' databases. Safe to repeat."""

from collections.abc import Mapping

from pydantic import SecretStr
from sqlalchemy import Engine

from deploy.demo.clients import CLIENTS
from services.identity.clients import ClientSpec, load_clients


def load(engines: Mapping[str, Engine]) -> None:
    """Bring the demo data into migrated databases; what is there already is left alone.

    Parameters:
        engines: each service's database by the service's name.
    """
    load_clients(engines["identity"], demo_clients())


def demo_clients() -> list[ClientSpec]:
    """The demo's clients as the issuer registers them; it refuses them in production."""
    return [
        ClientSpec(
            client_id=client.client_id,
            name=client.about,
            organisation=client.organisation,
            roles=client.roles,
            scopes=client.scopes,
            secret=SecretStr(client.secret),
            demo=True,
        )
        for client in CLIENTS.values()
    ]
