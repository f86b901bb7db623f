"""`kersey signing-keys`: the keys with which Kersey's own issuer signs tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from services.identity.keys import SigningKeys

app = typer.Typer(
    help="The keys with which Kersey's own issuer signs tokens. Not needed with another one.",
    no_args_is_help=True,
)


@app.command("list")
def list_keys() -> None:
    """Which key signs, which will, and which still verify. Changes nothing."""
    from deploy.shown_table import show_table

    with _keys() as keys:
        rows = [
            (
                kid,
                state,
                made.isoformat(timespec="seconds"),
                until.isoformat(timespec="seconds") if until else "-",
            )
            for kid, state, made, until in keys.states()
        ]
    show_table(("kid", "state", "made", "published until"), rows)


@app.command()
def rotate() -> None:
    """Sign with the next key from now on. No request is refused for it.

    For a calendar, say each month. At most once in five minutes, so that every service knows the
    next key before it signs.
    """
    from deploy.refusal import Refusal
    from services.identity.keys import KEPT, RotatedTooSoon

    with _keys() as keys:
        try:
            kid = keys.rotate(published=KEPT)
        except RotatedTooSoon as error:
            raise Refusal(str(error)) from error
    typer.echo(f"{kid}: signs from now on")


@app.command("replace-stolen")
def replace_stolen() -> None:
    """Replace every key at once. Whoever has an old one can make no more tokens.

    Services refuse all tokens of before as soon as they fetch the new key set, within five
    minutes; clients get new ones by themselves.
    """
    with _keys() as keys:
        kid = keys.revoke_all()
    typer.echo(f"{kid}: signs from now on; every key of before is gone")


@contextmanager
def _keys() -> Iterator["SigningKeys"]:
    from deploy.engines import opened_for
    from deploy.issuer_settings import issuer_settings
    from services.identity.app import signing_keys

    settings = issuer_settings("signing-keys")
    with opened_for(settings, "signing-keys") as engine:
        yield signing_keys(settings, engine)
