"""What a person sees when everything runs."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.demo.clients import CLIENTS, PEOPLES

PLACES = (
    ("/", "the pages"),
    ("/fhir/metadata", "FHIR R4 API: what it can do"),
    ("/directory/services", "the directory, as Open Referral UK"),
    ("/identity/.well-known/openid-configuration", "the issuer of tokens"),
    ("/health/ready", "whether all is well"),
)


def welcome(screen: Console, url: str, folder: Path, *, demo_loaded: bool) -> None:
    """Print where things are and how to sign in.

    Parameters:
        url: where Kersey answers.
        folder: where its data is.
        demo_loaded: whether the demo clients are there to sign in as.
    """
    screen.print(f"\n[bold]Kersey is ready: {url}[/bold]\n")
    screen.print(_table((f"{url}{path}", about) for path, about in PLACES))
    if demo_loaded:
        screen.print("\nSign in as one of the demo's clients: [bold]kersey token --as NAME[/bold]")
        screen.print(_table((name, CLIENTS[name].about) for name in PEOPLES))
        screen.print("\nPlay the whole loop in another terminal: [bold]kersey demo journey[/bold]")
    screen.print(f"\nMails go to {folder / 'mail'}; data is in {folder}. Ctrl-C stops all.\n")


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(*row)
    return table
