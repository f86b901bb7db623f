"""`kersey templates`: what messages say, in every language, before anybody gets one."""

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.refusal import Refusal

if TYPE_CHECKING:
    from services.notifications.previewing import Previewed

app = typer.Typer(help="What messages say, in every language.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="Which message, as `list` shows it.")]
Language = Annotated[
    str | None, typer.Option(help="Only in this language and format, such as pl or en-easy.")
]


class NoSuchTemplate(Refusal):
    """There is no such message, or not in that language; the message lists what there is."""


@app.command("list")
def list_all() -> None:
    """Say which messages there are, and in which languages."""
    from deploy.shown_table import show_table
    from services.notifications.previewing import messages

    show_table(
        ("message", "to", "language", "version", "checked by"),
        [
            (
                each.kind,
                each.reader,
                each.language,
                "-" if each.version is None else str(each.version),
                each.checked_by or "to be checked by a speaker",
            )
            for each in messages(filled=False)
        ],
    )


@app.command()
def show(kind: Kind, language: Language = None) -> None:
    """Show a message as it is written."""
    _show(kind, language, filled=False)


@app.command()
def preview(kind: Kind, language: Language = None) -> None:
    """Show a message to the person with an example filled in."""
    _show(kind, language, filled=True)


def _show(kind: str, language: str | None, *, filled: bool) -> None:
    from services.notifications.previewing import messages

    every = list(messages(filled=filled))
    found = [each for each in every if each.kind == kind]
    if not found:
        kinds = ", ".join(dict.fromkeys(each.kind for each in every))
        raise NoSuchTemplate(f"there is no message {kind!r}; there are: {kinds}")
    wanted = [each for each in found if language in (None, each.language)]
    if not wanted:
        languages = ", ".join(each.language for each in found)
        raise NoSuchTemplate(f"{kind} is not in {language!r}; it is in: {languages}")
    for each in wanted:
        _print(each)


def _print(each: "Previewed") -> None:
    version = "" if each.version is None else f", version {each.version}"
    checked = each.checked_by or "to be checked by a speaker"
    typer.echo(f"--- {each.kind} in {each.language}{version}: {checked}")
    typer.echo(each.subject)
    typer.echo()
    for paragraph in each.paragraphs:
        typer.echo(f"{paragraph}\n")
    if each.brief:
        typer.echo(f"As a text message: {each.brief}\n")
