"""What a person sees when everything runs."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from rich.console import Console

from deploy.demo.clients import CLIENTS
from deploy.settings import OperatorSettings

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
    # The commands find the address and the mails by the data folder.
    usual = folder.resolve() == OperatorSettings.model_fields["data_dir"].default.resolve()
    kersey = ".venv/bin/kersey" if usual else f"KERSEY_DATA_DIR={folder} .venv/bin/kersey"
    say(f"\n[bold]Kersey is ready: {url}[/bold]\n")
    say(_lines((f"{url}{path}", about) for path, about in PLACES))
    if demo_loaded:
        say(f"\nSign in as one of the demo's clients: [bold]{kersey} token --as NAME[/bold]")
        say(_lines((name, CLIENTS[name].about) for name in CLIENTS))
        say(f"\nPlay the whole loop in another terminal: [bold]{kersey} demo journey[/bold]")
    say(f"\nMails go to {folder / 'mail'}; data is in {folder}. Ctrl-C stops all.\n")


def _lines(rows: Iterable[tuple[str, str]]) -> str:
    """Two columns; plain lines, so that a narrow screen breaks no address."""
    pairs = list(rows)
    width = max(len(first) for first, _ in pairs)
    return "\n".join(f"  {first:<{width}}  {second}" for first, second in pairs)
