"""`kersey dead-letters`: what a consumer could not process."""

import json
from typing import Annotated

import typer

app = typer.Typer(
    help="What a consumer could not process. Look at it, and give it back once it can.",
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
    from deploy.asked_broker import asked_broker
    from deploy.operator_broker import consumers, known
    from deploy.settings import OperatorSettings

    names = [known(consumer)] if consumer else consumers()
    found = 0
    with asked_broker(OperatorSettings(), "dead-letters") as broker:
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
    from deploy.asked_broker import asked_broker
    from deploy.operator_broker import known
    from deploy.settings import OperatorSettings

    known(consumer)
    with asked_broker(OperatorSettings(), "dead-letters") as broker:
        found = broker.dead_letter(consumer, letter)
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
    from deploy.asked_broker import asked_broker
    from deploy.operator_broker import known
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings

    known(consumer)
    if (letter is None) != everything:
        message = "name one letter, or say --all"
        raise Refusal(message)
    with asked_broker(OperatorSettings(), "dead-letters") as broker:
        replayed = broker.replay(consumer, letter) if letter else broker.replay_all(consumer)
    if letter and not replayed:
        raise _no_such(consumer, letter)
    typer.echo(f"{int(replayed)} given back to {consumer}")


def _no_such(consumer: str, letter: str) -> Exception:
    from deploy.refusal import Refusal

    return Refusal(
        f"{consumer} has no dead letter {letter}; `kersey dead-letters list {consumer}` lists those"
        " it has"
    )
