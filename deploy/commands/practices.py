"""`kersey practices`: what each GP practice wants to hear, and by which route."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.referrals.desk import Desk

app = typer.Typer(
    help="What each GP practice wants to hear, and by which route.",
    no_args_is_help=True,
)


class RouteName(StrEnum):
    """How a practice is told; `services.referrals.gp.standing.Route`, without its imports."""

    FHIR = "fhir"
    MESH = "mesh"
    PRINT = "print"


@app.command("list")
def show() -> None:
    """Say what every practice wants. One that said nothing gets the defaults."""
    from deploy.shown_table import show_table
    from services.referrals.handlers.practices import wishes
    from services.referrals.subject.operators import operator

    with _desk("practices list") as desk:
        found = wishes(desk, operator("operator"), everywhere=True)
    columns = ("practice", "name", "first_outcome", "closure", "safety", "delay", "route")
    rows = [tuple(_yes(each[name]) for name in columns) for each in found]
    show_table(columns, rows)


@app.command("set")
def change(
    practice: Annotated[str, typer.Argument(help="Its ODS code.")],
    by: Annotated[str, typer.Option("--by", help="Your name or role, for the audit trail.")],
    route: Annotated[
        RouteName | None, typer.Option(help="How it is told.", show_default=False)
    ] = None,
    first_outcome: Annotated[
        bool | None,
        typer.Option(help="One coded line when the person said yes or no.", show_default=False),
    ] = None,
    closure: Annotated[
        bool | None, typer.Option(help="One summary when the case is closed.", show_default=False)
    ] = None,
    safety: Annotated[
        bool | None, typer.Option(help="A worry about the person, at once.", show_default=False)
    ] = None,
    delay: Annotated[
        bool | None,
        typer.Option(help="That the person still waits for the team.", show_default=False),
    ] = None,
) -> None:
    """Record what a practice wants from now on. What is not named stays as it is."""
    from deploy.refusal import Refusal
    from services.referrals.casefile import NoSuchCase
    from services.referrals.domain import Refused
    from services.referrals.gp.standing import Route
    from services.referrals.handlers.practices import change_wish
    from services.referrals.subject.operators import operator

    named = {
        "first_outcome": first_outcome,
        "closure": closure,
        "safety": safety,
        "delay": delay,
        "route": Route(route.value) if route else None,
    }
    changes = {name: value for name, value in named.items() if value is not None}
    with _desk("practices set") as desk:
        try:
            shown = change_wish(desk, operator(by), practice, changes)
        except NoSuchCase:
            message = f"there is no practice {practice}: `kersey consortium load` declares them"
            raise Refusal(message) from None
        except Refused as refused:
            raise Refusal(refused.words) from None
    wanted = ", ".join(f"{name.replace('_', ' ')} {_yes(shown[name])}" for name in named)
    typer.echo(f"{practice}: {wanted}")


def _yes(value: object) -> str:
    """A value as people read it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@contextmanager
def _desk(command: str) -> "Iterator[Desk]":
    """What the use cases work with, on the operator's server or the data folder's."""
    from deploy.every_database import every_database, referrals_settings
    from deploy.settings import OperatorSettings
    from services.referrals.app import desk_of
    from shared.worker import Wake

    settings = OperatorSettings()
    with every_database(settings, command) as engines:
        yield desk_of(referrals_settings(settings), engines["referrals"], Wake())
