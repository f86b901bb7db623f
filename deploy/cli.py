"""The `kersey` command."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from deploy.commands import (
    broker,
    clients,
    consortium,
    databases,
    dead_letters,
    deliveries,
    demo,
    export,
    importing,
    load,
    migrate,
    people,
    practices,
    ready,
    reconcile,
    reindex,
    republish,
    retention,
    run,
    serve,
    signing_keys,
    subject,
    subscriptions,
    templates,
    token,
    webhooks,
    worker,
)
from deploy.refusal import Refusal

app = typer.Typer(
    name="kersey",
    help="Referrals for social prescribing, from a GP's record system to a community provider"
    " and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kersey {version('kersey')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Say which version this is.",
        ),
    ] = False,
) -> None:
    """What the command takes before any other word."""


app.command("run")(run.run)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.command("ready")(ready.ready)
app.add_typer(databases.app, name="databases")
app.add_typer(clients.app, name="clients")
app.add_typer(people.app, name="people")
app.add_typer(signing_keys.app, name="signing-keys")
app.add_typer(consortium.app, name="consortium")
app.add_typer(practices.app, name="practices")
app.add_typer(broker.app, name="broker")
app.add_typer(load.app, name="load")
app.command("token", epilog=token.EXAMPLE)(token.token)
app.add_typer(demo.app, name="demo")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(importing.app, name="import")
app.command("reconcile")(reconcile.reconcile)
app.command("republish")(republish.republish)
app.command("reindex")(reindex.reindex)
app.add_typer(export.app, name="export")
app.add_typer(subject.app, name="subject")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(templates.app, name="templates")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(retention.app, name="retention")


def main() -> None:
    """Run a command; what it cannot do is told in words, without a stack trace."""
    try:
        app(prog_name="kersey")
    except Refusal as refusal:
        _tell(str(refusal))
    except ValidationError as error:
        _tell(settings_in_words(error))
    except KeyboardInterrupt:
        sys.exit(130)


def settings_in_words(error: ValidationError) -> str:
    """Which setting is missing or wrong, by the name that it has in the environment.

    The value is left out: it may be a secret.
    """
    lines = [
        f"  KERSEY_{'__'.join(str(part).upper() for part in each['loc'])}: {each['msg']}"
        if each["loc"]
        else f"  {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    ]
    return "\n".join(["the settings are not complete:", *lines])


def _tell(message: str) -> None:
    screen = Console(stderr=True, highlight=False)
    screen.print(f"kersey: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)
