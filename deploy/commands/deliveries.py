"""`kersey deliveries`: messages to providers, practices and systems, and what became of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(
    help="What became of messages; one once more.",
    no_args_is_help=True,
)

Delivery = Annotated[UUID, typer.Argument(help="The delivery's id, as `list` shows it.")]


class Which(StrEnum):
    """What to list."""

    UNDONE = "undone"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"


@app.command("list")
def list_all(
    which: Annotated[
        Which, typer.Argument(help="By default what has not arrived, as far as is known.")
    ] = Which.UNDONE,
    channel: Annotated[str | None, typer.Option(help="Only this one's, such as email.")] = None,
    limit: Annotated[int, typer.Option(help="Of each kind, the oldest first.", min=1)] = 100,
) -> None:
    """List deliveries with where they stand. No address and no word of a message is shown."""
    from deploy.deliveries import listed
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from deploy.shown_table import show_table
    from shared.delivery.outcome import State
    from shared.delivery.overview import UNDONE

    states = UNDONE if which is Which.UNDONE else (State(which.value),)
    with every_database(OperatorSettings(), "deliveries list") as engines:
        found = list(listed(engines, states=states, channel=channel, limit=limit))
    if not found:
        typer.echo("no such deliveries")
        return
    headings = ("service", "delivery", "channel", "state", "attempts", "since", "next", "reason")
    show_table(
        headings,
        [
            (
                service,
                str(each.id),
                each.channel,
                each.state,
                str(each.attempts),
                _when(each.created),
                _when(each.due),
                each.reason or "-",
            )
            for service, each in found
        ],
    )


@app.command()
def show(delivery: Delivery) -> None:
    """Show one delivery and each attempt. No address and no word of it is shown."""
    from deploy.deliveries import shown
    from deploy.every_database import every_database
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings
    from deploy.shown_table import show_table

    with every_database(OperatorSettings(), "deliveries show") as engines:
        found = shown(engines, delivery)
    if found is None:
        message = f"there is no delivery {delivery}"
        raise Refusal(message)
    service, each, attempts = found
    typer.echo(f"{service} by {each.channel}: {each.state}, since {_when(each.created)}")
    typer.echo(f"next: {_when(each.due)}  ended: {_when(each.ended)}  reason: {each.reason or '-'}")
    show_table(
        ("attempt", "started", "ended", "outcome", "code"),
        [
            (
                str(one.number),
                _when(one.started),
                _when(one.ended),
                one.outcome or "under way",
                one.code or "-",
            )
            for one in attempts
        ],
    )


@app.command()
def retry(delivery: Delivery) -> None:
    """Try a delivery that failed once more."""
    from deploy.deliveries import retried
    from deploy.every_database import every_database
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings

    with every_database(OperatorSettings(), "deliveries retry") as engines:
        done = retried(engines, delivery)
    if not done:
        message = (
            f"nothing was changed: {delivery} has not failed, has nobody to go to, or no longer"
            " matters; see `kersey deliveries show`"
        )
        raise Refusal(message)
    typer.echo(f"{delivery}: will be tried again now")


def _when(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant else "-"
