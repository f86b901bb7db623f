"""`kersey demo`: data to try Kersey with."""

import typer

app = typer.Typer(help="Data to try Kersey with; never for production.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep the commands subcommands."""


@app.command()
def load() -> None:
    """Load the demo's clients and directory into databases on a server of yours.

    `kersey run` does this by itself. Here KERSEY_ADMIN_DATABASE_URL and the passwords are needed as
    for `kersey databases`.
    """
    from deploy import demo_data
    from deploy.operator_databases import url_of
    from deploy.services import with_database
    from deploy.settings import OperatorSettings
    from shared.database import create_engine

    settings = OperatorSettings()
    engines = {
        service.name: create_engine(
            url_of(service, settings), pool_size=2, application_name="kersey demo load"
        )
        for service in with_database()
    }
    demo_data.load(engines)
    for engine in engines.values():
        engine.dispose()
    typer.echo("the demo data is loaded")
