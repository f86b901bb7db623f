"""`kersey deliveries`: messages to providers, practices and systems, and what became of them."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from deploy.deliveries import Overview
    from shared.delivery.outcome import State

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
    SENDING = "sending"
    QUEUED = "queued"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    ALL = "all"


@app.command("list")
def list_all(
    state: Annotated[
        list[Which] | None,
        typer.Option(
            help="Only those that stand so; may be said again. By default what has not arrived, as"
            " far as is known."
        ),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this one's, such as email.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only those that say this, such as request.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Only those that were added from then on, in UTC.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="List at most so many.", min=1)] = 100,
) -> None:
    """List deliveries, what needs somebody first. No address and no word of a message is shown."""
    from deploy.deliveries import overview
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from deploy.shown_table import show_table
    from shared.delivery.overview import Wanted

    states = _states(state or [Which.UNDONE])
    wanted = Wanted(states, channel, kind, since.replace(tzinfo=UTC) if since else None)
    with every_database(OperatorSettings(), "deliveries list") as engines:
        found = overview(engines, wanted, limit=limit)
    if not found.listed:
        typer.echo(_why_none(found, filtered=any([channel, kind, since])))
        return
    show_table(
        ("state", "delivery", "kind", "to", "channel", "attempts", "since", "next", "reason"),
        [
            (
                each.seen.state,
                str(each.seen.id),
                each.kind,
                each.to,
                each.seen.channel,
                str(each.seen.attempts),
                _when(each.seen.created),
                _when(each.seen.due),
                each.seen.reason or "-",
            )
            for each in found.listed
        ],
    )
    more = sum(found.counts.get(each, 0) for each in states) - len(found.listed)
    typer.echo(f"in all: {_in_words(found.counts)}", err=True)
    if more > 0:
        typer.echo(f"{more} more are not listed: --limit lists more", err=True)


@app.command()
def show(delivery: Delivery) -> None:
    """Show one delivery and each attempt. No address and no word of it is shown."""
    from deploy.deliveries import hindrance_of, shown
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from deploy.shown_table import show_table
    from shared.delivery.outcome import State

    with every_database(OperatorSettings(), "deliveries show") as engines:
        found, attempts = shown(engines, delivery)
        hindrance = hindrance_of(engines, delivery)
    each = found.seen
    typer.echo(f"{found.kind} for {found.to}, by {each.channel}; of {found.service}")
    typer.echo(f"{each.state}, since {_when(each.created)}")
    typer.echo(f"next: {_when(each.due)}  ended: {_when(each.ended)}  reason: {each.reason or '-'}")
    if each.state in (State.FAILED, State.BOUNCED):
        mend = f"mend the cause, and `kersey deliveries retry {each.id}`"
        typer.echo(f"what to do: {hindrance.value if hindrance else mend}")
    if not attempts:
        typer.echo("nobody has tried to send it yet")
        return
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
    from deploy import deliveries
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings

    with every_database(OperatorSettings(), "deliveries retry") as engines:
        deliveries.retry(engines, delivery)
    typer.echo(f"{delivery}: will be tried again now")


def _states(which: Collection[Which]) -> "Collection[State]":
    from shared.delivery.outcome import State
    from shared.delivery.overview import IN_ORDER, UNDONE

    if Which.ALL in which:
        return IN_ORDER
    named = {State(each.value) for each in which if each is not Which.UNDONE}
    return named | set(UNDONE) if Which.UNDONE in which else named


def _why_none(found: "Overview", *, filtered: bool) -> str:
    there = _in_words(found.counts)
    if there:
        return f"none that stands so; there are {there}: --state all lists them"
    if filtered:
        return "none that is so: `kersey deliveries list --state all` lists all there are"
    return "none yet: a delivery is there once something happened that somebody is told of"


def _in_words(counts: "Mapping[State, int]") -> str:
    from shared.delivery.overview import IN_ORDER

    return ", ".join(f"{counts[each]} {each.value}" for each in IN_ORDER if counts.get(each))


def _when(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant else "-"
