"""`kersey broker`: exchanges, queues and limits on a RabbitMQ of yours."""

import typer

app = typer.Typer(help="Exchanges, queues and limits on your RabbitMQ.", no_args_is_help=True)


@app.command()
def setup() -> None:
    """Declare everything. Length limits are set through the management API.

    Needs KERSEY_AMQP_ADMIN_URL; the limits KERSEY_AMQP_MANAGEMENT_URL. If KERSEY_AMQP_URL names
    another user, it is made and may read and write, no more. Safe to repeat.
    """
    from deploy.operator_broker import declare_all, limit_lengths, narrow_rights
    from deploy.settings import OperatorSettings

    settings = OperatorSettings()
    for consumer in declare_all(settings):
        typer.echo(f"{consumer}: declared")
    typer.echo(limit_lengths(settings))
    typer.echo(narrow_rights(settings))


@app.command()
def check() -> None:
    """Say whether all that the services need is there, as they expect.

    Whether a queue or an exchange is declared otherwise is seen with KERSEY_AMQP_ADMIN_URL only.
    Nothing is changed.
    """
    from deploy.operator_broker import check_all
    from deploy.settings import OperatorSettings

    for consumer in check_all(OperatorSettings()):
        typer.echo(f"{consumer}: ready")
