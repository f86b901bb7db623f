"""`kersey webhooks`: providers' own systems: how they stand, off and on, a new secret."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from services.notifications.reach.endpoints import Standing

app = typer.Typer(
    help="Webhooks: how they stand, off and on, a new secret.",
    no_args_is_help=True,
)

Webhook = Annotated[UUID, typer.Argument(help="The contact's id, as `list` shows it.")]


@app.command("list")
def list_all(
    party: Annotated[str | None, typer.Argument(help="Only this organisation's or hub's.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Only those that are switched off.")] = False,
) -> None:
    """Say which webhooks there are and how they stand. Changes nothing."""
    from deploy.shown_table import show_table
    from deploy.webhooks import standing

    there = standing("list", party=party)
    found = [each for each in there if each.off_since or not off]
    if not found:
        typer.echo(_why_none(party, there=len(there)))
        return
    show_table(
        ("webhook", "party", "state", "since", "why", "failures", "waiting"),
        [
            (
                str(each.contact.id),
                each.contact.party,
                _state(each),
                _when(each.off_since or each.failing_since),
                each.off_for or "-",
                str(each.failures),
                str(each.waiting),
            )
            for each in found
        ],
    )


@app.command()
def show(webhook: Webhook) -> None:
    """Show one webhook: where it is, how it fares, what waits for it."""
    from deploy.webhooks import one

    each = one("show", webhook)
    typer.echo(f"{each.contact.party} {each.contact.label}".rstrip())
    typer.echo(f"address: {each.contact.address}")
    typer.echo(f"state: {_state(each)}  since: {_when(each.off_since)}")
    typer.echo(f"why: {each.off_for or '-'}  by: {each.off_by or '-'}")
    typer.echo(f"failures in a row: {each.failures}  since: {_when(each.failing_since)}")
    typer.echo(f"messages that wait: {each.waiting}")
    typer.echo(f"secret before this one holds until: {_when(each.contact.former_secret_until)}")


@app.command()
def disable(
    webhook: Webhook,
    by: Annotated[str, typer.Option("--by", help="Your name or role; it is shown.")],
) -> None:
    """Send a webhook nothing more. What is meant for it waits until it is enabled."""
    from deploy.refusal import Refusal
    from deploy.webhooks import disabled

    if not disabled(webhook, by):
        message = f"nothing was changed: {webhook} is switched off"
        raise Refusal(message)
    typer.echo(f"{webhook}: is sent nothing more")


@app.command()
def enable(webhook: Webhook) -> None:
    """Switch a webhook on: it gets what it missed, in order. Safe to repeat."""
    from deploy.webhooks import enabled

    typer.echo(f"{webhook}: is on; messages that go out now: {enabled(webhook)}")


@app.command()
def rotate(
    webhook: Webhook,
    overlap_hours: Annotated[
        int,
        typer.Option(
            help="For so long messages are signed with the secret before the new one too; 0 for"
            " one that became known to others.",
            min=0,
            max=7 * 24,
        ),
    ] = 24,
) -> None:
    """Give a webhook a new secret, and print it this once."""
    from deploy.webhooks import rotated

    typer.echo(rotated(webhook, overlap_hours))


def _why_none(party: str | None, *, there: int) -> str:
    if there:
        return f"none is switched off: webhooks that are on or inactive: {there}"
    if party:
        return f"{party} has no webhook; `kersey webhooks list` lists those of everybody"
    return (
        "no organisation has a webhook yet: it is a contact whose means is webhook, which the"
        " organisation or its hub adds by PUT /notifications/contacts/{party}/{id}"
    )


def _state(each: "Standing") -> str:
    if not each.contact.active:
        return "inactive"
    return "off" if each.off_since else "failing" if each.failures else "on"


def _when(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds") if instant else "-"
