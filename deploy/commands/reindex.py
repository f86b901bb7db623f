"""`kersey reindex`: what was stored before a search parameter was declared is found by it too."""

from typing import Annotated

import typer


def reindex(
    after: Annotated[
        int, typer.Option(help="Go on behind this key, where it was told last; 0 begins.")
    ] = 0,
) -> None:
    """Index every FHIR resource as this version declares it. Kersey may run meanwhile."""
    from deploy.every_database import every_database, referrals_settings
    from deploy.settings import OperatorSettings
    from services.referrals.reindexing import reindex as again

    settings = OperatorSettings()
    with every_database(settings, "reindex") as engines:
        done = again(
            referrals_settings(settings),
            engines["referrals"],
            after,
            lambda done, key: typer.echo(f"{done} resources, the last with key {key}"),
        )
    typer.echo(f"{done} resources are indexed")
