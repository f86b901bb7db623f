"""`kersey republish`: a consumer whose copy is wrong, or that missed events, is told again."""

from typing import Annotated

import typer


def republish(
    service: Annotated[
        str, typer.Argument(help="Whose state or events they are, such as identity.")
    ],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="<service>.<consumer>, as `broker check` does; with --missed, all if none.",
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Only this kind of state; repeat as needed. All if none."),
    ] = None,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored",
            help="The owner's database is older than the consumer's: let what it says now count as"
            " newer.",
        ),
    ] = False,
    missed: Annotated[
        bool,
        typer.Option(
            "--missed",
            help="Instead of state, the events that the consumer never acted on, as they were:"
            " people are told what they should have been told.",
        ),
    ] = False,
) -> None:
    """Tell one consumer again what a service's state is. It is marked as a replay.

    Copies take it unless they know better; nobody gets a message because of it. Events are written
    to the service's outbox: its relay carries them, once RabbitMQ is there.
    """
    from deploy.every_database import every_database
    from deploy.operator_broker import subscriptions
    from deploy.refusal import Refusal
    from deploy.republishing import repeat_missed, states, subscription, tell_again
    from deploy.settings import OperatorSettings

    if missed and (kind or restored):
        message = "--missed repeats events as they were: it takes neither --kind nor --restored"
        raise Refusal(message)
    consumer = subscription(to) if to else None
    if missed:
        with every_database(OperatorSettings(), "republish") as engines:
            told = [consumer] if consumer else subscriptions()
            typer.echo(f"{repeat_missed(engines, service, told)} events to {to or 'all'}")
        return
    if consumer is None:
        message = "say --to whom: the state of a service goes to one consumer"
        raise Refusal(message)
    wanted = states(service, consumer, kind or ())
    with every_database(OperatorSettings(), "republish") as engines:
        for each in wanted:
            written = tell_again(engines, service, consumer, each, restored=restored)
            typer.echo(f"{each.kind}: {written} events to {to}")
