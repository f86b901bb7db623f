"""What a person sees when everything runs."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from rich.console import Console

from deploy.demo.clients import CLIENTS

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
    say = partial(screen.print, soft_wrap=True)
    say(f"\n[bold]Kersey is ready: {url}[/bold]\n")
    say(_lines((f"{url}{path}", about) for path, about in PLACES))
    if demo_loaded:
        say("\nSign in as one of the demo's clients: [bold].venv/bin/kersey token --as NAME[/bold]")
        say(_lines((name, CLIENTS[name].about) for name in CLIENTS))
        say("\nPlay the whole loop in another terminal: [bold].venv/bin/kersey demo journey[/bold]")
    say(f"\nMails go to {folder / 'mail'}; data is in {folder}. Ctrl-C stops all.\n")


def _lines(rows: Iterable[tuple[str, str]]) -> str:
    """Two columns; plain lines, so that a narrow screen breaks no address."""
    pairs = list(rows)
    width = max(len(first) for first, _ in pairs)
    return "\n".join(f"  {first:<{width}}  {second}" for first, second in pairs)
