"""`kersey reindex`: what is kept beside what it was made of is made anew."""

from typing import Annotated

import typer


def reindex(
    after: Annotated[
        int, typer.Option(help="Go on behind this key, where it was told last; 0 begins.")
    ] = 0,
) -> None:
    """Index every resource and gather every listing anew.

    What was stored before is found by new search parameters too, and the directory's listings lie
    ready where their documents were missing or wrong. Kersey may run meanwhile.
    """
    from deploy.every_database import every_database, referrals_settings
    from deploy.settings import OperatorSettings
    from services.providers.documents import renew
    from services.referrals.reindexing import reindex as again

    settings = OperatorSettings()
    with every_database(settings, "reindex") as engines:
        done = again(
            referrals_settings(settings),
            engines["referrals"],
            after,
            lambda done, key: typer.echo(f"{done} resources, the last with key {key}"),
        )
        gathered = renew(engines["providers"])
    typer.echo(f"{done} resources are indexed, {gathered} listings gathered")
