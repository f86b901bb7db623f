"""`kersey databases`: roles and databases on a PostgreSQL server of yours."""

import typer

app = typer.Typer(help="Roles and databases on your PostgreSQL server.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `create` a subcommand though it is the only one."""


@app.command()
def create() -> None:
    """Create each service's role, database and extensions. What exists is kept.

    Needs KERSEY_ADMIN_DATABASE_URL and a password per service: KERSEY_DATABASE_PASSWORD__IDENTITY
    and so on. Safe to repeat; a changed password is set.
    """
    from deploy.databases import create_databases
    from deploy.operator_databases import administrator, service_databases
    from deploy.settings import OperatorSettings

    settings = OperatorSettings()
    for name in create_databases(administrator(settings), service_databases(settings)):
        typer.echo(f"{name}: ready")
