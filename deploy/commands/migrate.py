"""`kersey migrate`: bring databases to the schema of this version."""

from typing import Annotated

import typer


def migrate(
    service: Annotated[
        str | None, typer.Argument(help="One service, in KERSEY_DATABASE_URL; all if not given.")
    ] = None,
) -> None:
    """Bring one database, or all, to this version's schema. Safe to repeat.

    For all, KERSEY_ADMIN_DATABASE_URL and the passwords are needed as for `kersey databases`.
    Running services of the version before go on working on the new schema.
    """
    from deploy import services
    from deploy.operator_databases import url_of
    from deploy.settings import OperatorSettings
    from shared.migrate import migrate as bring_up

    if service is not None:
        chosen = services.service(service)
        url = chosen.compose().settings().database_url.get_secret_value()
        bring_up(chosen.name, url)
        typer.echo(f"{chosen.name}: up to date")
        return
    settings = OperatorSettings()
    for each in services.SERVICES:
        bring_up(each.name, url_of(each, settings))
        typer.echo(f"{each.name}: up to date")
