"""`kersey dead-letters`: what a consumer could not process."""

import json
from typing import Annotated

import typer

from shared.messaging.broker import Broker

app = typer.Typer(
    help="What a consumer could not process: look at it, and give it back once it can.",
    no_args_is_help=True,
)

Consumer = Annotated[str, typer.Argument(help="<service>.<consumer>, as `list` shows it.")]
Letter = Annotated[str, typer.Argument(help="The letter's id, as `list` shows it.")]


@app.command("list")
def list_all(
    consumer: Annotated[str | None, typer.Argument(help="One consumer; all if none.")] = None,
    limit: Annotated[int, typer.Option(help="Of each consumer, the oldest first.", min=1)] = 100,
) -> None:
    """List dead letters with their reasons."""
    from deploy.operator_broker import subscriptions

    names = [consumer] if consumer else [each.consumer for each in subscriptions()]
    found = 0
    with _words():
        broker = _broker()
        for name in names:
            for letter in broker.dead_letters(name, limit=limit):
                found += 1
                when = letter.at.isoformat(timespec="seconds") if letter.at else "-"
                typer.echo(f"{name}  {letter.id}  {letter.type}  {letter.reason}  {when}")
    if not found:
        typer.echo("no dead letters")


@app.command()
def show(consumer: Consumer, letter: Letter) -> None:
    """Show one dead letter: why it is dead, and the event."""
    with _words():
        found = _broker().dead_letter(consumer, letter)
    if found is None:
        raise _no_such(consumer, letter)
    typer.echo(f"{found.reason}: {found.detail}")
    try:
        typer.echo(json.dumps(json.loads(found.body), indent=2))
    except ValueError:
        typer.echo(found.body)


@app.command()
def replay(
    consumer: Consumer,
    letter: Annotated[str | None, typer.Argument(help="One letter's id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of this consumer's.")] = False,
) -> None:
    """Give a dead letter, or all, back to its consumer. Others do not get it again.

    On RabbitMQ this needs KERSEY_AMQP_ADMIN_URL: the services' user may not do it.
    """
    from deploy.refusal import Refusal

    if (letter is None) != everything:
        message = "name one letter, or say --all"
        raise Refusal(message)
    with _words():
        broker = _broker()
        replayed = broker.replay(consumer, letter) if letter else broker.replay_all(consumer)
    if letter and not replayed:
        raise _no_such(consumer, letter)
    typer.echo(f"{int(replayed)} given back to {consumer}")


def _broker() -> Broker:
    """RabbitMQ where its address is set, else the broker of the Kersey on the data folder.

    The administrator's address comes first: services may not put a message into a single queue,
    which is what giving it back to one consumer means.
    """
    from deploy.data_folder import DataFolder
    from deploy.embedded_postgres import running_url
    from deploy.services import BROKER_DATABASE
    from deploy.settings import OperatorSettings
    from shared.database import create_engine
    from shared.messaging.embedded import EmbeddedBroker
    from shared.messaging.rabbit import RabbitBroker

    settings = OperatorSettings()
    address = settings.amqp_admin_url or settings.amqp_url
    if address is not None:
        url = address.get_secret_value()
        return RabbitBroker(url, name="kersey dead-letters", declares=False)
    url = running_url(DataFolder(settings.data_dir, "dead-letters"), BROKER_DATABASE)
    return EmbeddedBroker(create_engine(url, pool_size=2, application_name="kersey dead-letters"))


class _words:  # noqa: N801 - reads as a statement: with _words(): ...
    """Within the block a broker that is away is told in words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        from deploy.refusal import Refusal
        from shared.messaging.broker import BrokerAway

        if isinstance(error, BrokerAway):
            raise Refusal(str(error)) from error


def _no_such(consumer: str, letter: str) -> Exception:
    from deploy.refusal import Refusal

    return Refusal(f"{consumer} has no dead letter {letter}")
