"""`kersey demo`: data to try Kersey with."""

import typer
from pydantic import SecretStr

app = typer.Typer(help="Data to try Kersey with; never for production.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep the commands subcommands."""


@app.command()
def load() -> None:
    """Load the demo's clients, directory and referrals into databases on a server of yours.

    `kersey run` does this by itself. Here KERSEY_ADMIN_DATABASE_URL and the passwords are needed as
    for `kersey databases`.
    """
    from contextlib import ExitStack

    from deploy import demo_data
    from deploy.engines import opened
    from deploy.operator_databases import url_of
    from deploy.services import service, with_database
    from deploy.settings import OperatorSettings
    from services.referrals.settings import ReferralsSettings

    operator = OperatorSettings()
    settings = ReferralsSettings(database_url=SecretStr(url_of(service("referrals"), operator)))
    with ExitStack() as stack:
        engines = {
            each.name: stack.enter_context(opened(url_of(each, operator), 2, "demo load"))
            for each in with_database()
        }
        demo_data.load(engines, settings)
    typer.echo("the demo data is loaded")
