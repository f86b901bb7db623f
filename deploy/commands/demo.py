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
    from contextlib import ExitStack

    from deploy import demo_data
    from deploy.engines import opened
    from deploy.operator_databases import url_of
    from deploy.services import with_database
    from deploy.settings import OperatorSettings

    settings = OperatorSettings()
    with ExitStack() as stack:
        demo_data.load(
            {
                service.name: stack.enter_context(opened(url_of(service, settings), 2, "demo load"))
                for service in with_database()
            }
        )
    typer.echo("the demo data is loaded")
