"""`kersey import`: listings of others into the directory."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from services.providers.handlers import Directory
    from services.providers.importing.material import Material
    from services.providers.importing.outcomes import Report
    from services.providers.settings import ProvidersSettings
    from shared.database import UnitOfWork

app = typer.Typer(help="Bring listings of others into the directory.", no_args_is_help=True)

Match = Annotated[UUID, typer.Argument(help="Its id, as `kersey import matches` lists it.")]
SHOWN = ("taken", "unchanged", "repaired", "refused", "withdrawn", "left-out")


@app.command()
def directory(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|URL",
            help="A live Open Referral UK feed (https), a JSON file, a CSV data package (folder or"
            " ZIP) or one table of it; gzip of any.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(help="By which name it is known the next time; the host or the file if none."),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option(
            help="The hub to which its organisations belong; needed where there are several."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read all of a feed, not only what changed.")
    ] = False,
    accept_shrinking: Annotated[
        bool,
        typer.Option("--accept-shrinking", help="Withdraw what vanished, however much it is."),
    ] = False,
) -> None:
    """Import listings. The new and the changed are published, the rest is left alone.

    What a feed no longer has is withdrawn, unless that is more than a fifth of it: then it waits
    for --accept-shrinking. Ends with 1 where the import broke off, or waits.
    """
    from deploy import garbage
    from services.providers.importing.outcomes import RunState
    from services.providers.importing.runs import Import, Limits, Wish

    settings = _settings()
    with _house() as house, ExitStack() as stack:
        material, address, name = _material(what, settings, stack)
        wish = Wish(
            source=source or name,
            hub=_hub(house, hub),
            by="operator",
            whole=whole,
            accept_shrinking=accept_shrinking,
        )
        limits = Limits(shrinking=settings.import_shrinking)
        one = Import(house, wish, limits, progress=stack.enter_context(_progress()))
        with _refusals():
            one.begin(address)
        garbage.collect_seldom()
        report = one.run(material)
    _show(report)
    if report.state is not RunState.COMPLETE:
        raise typer.Exit(1)


@app.command()
def matches(
    state: Annotated[str, typer.Option(help="open, accepted, refused or undone.")] = "open",
) -> None:
    """List organisations of different sources that may be one. Most alike first."""
    from deploy.shown_table import show_table
    from services.providers.matches.listed import listed
    from services.providers.queries import LONGEST_PAGE, Page
    from shared.database import UnitOfWork

    with _house() as house, UnitOfWork(house.engine) as uow:
        found = listed(uow, state, None, Page(per_page=LONGEST_PAGE))["contents"]
    rows = [
        (
            str(each["id"]),
            f"{each['likeness']:.0%}",
            f"{each['one']['name']} ({each['one']['id']})",
            f"{each['other']['name']} ({each['other']['id']})",
            "; ".join(each["evidence"]),
            ", ".join(one["field"] for one in each["conflicts"]),
        )
        for each in found
    ]
    show_table(("match", "alike", "one", "other", "evidence", "differ in"), rows)


@app.command()
def accept(
    match: Match,
    keep: Annotated[
        UUID | None,
        typer.Option(help="Which of the two stays; the one with more services if none."),
    ] = None,
) -> None:
    """Make one organisation of two."""
    from services.providers.matches import deciding
    from services.providers.matches.of_services.proposing import propose

    with _deciding(match) as (uow, house, row):
        kept = deciding.accept(uow, house, row, "operator", keep=keep)
        propose(uow.session, [kept], house.clock())
    typer.echo(f"{match}: accepted, {kept} stays")


@app.command()
def refuse(match: Match) -> None:
    """Say that they are two; they are not proposed again."""
    from services.providers.matches import deciding

    with _deciding(match) as (uow, house, row):
        deciding.refuse(uow, house, row, "operator")
    typer.echo(f"{match}: refused")


@app.command()
def undo(match: Match) -> None:
    """Make two organisations of one again. What was written since stays."""
    from services.providers.matches import deciding

    with _deciding(match) as (uow, house, row):
        deciding.undo(uow, house, row, "operator")
    typer.echo(f"{match}: undone")


@contextmanager
def _deciding(match: UUID) -> "Iterator[tuple[UnitOfWork, Directory, RowMapping]]":
    """A proposal within the transaction that decides it."""
    from deploy.refusal import Refusal
    from services.providers.matches import deciding, proposals
    from services.providers.publishing import Misfit
    from shared.database import UnitOfWork

    with _house() as house, UnitOfWork(house.engine) as uow:
        try:
            yield uow, house, deciding.match_of(uow, match)
        except proposals.NoSuchMatch:
            message = f"there is no proposal {match}: `kersey import matches` lists them"
            raise Refusal(message) from None
        except (proposals.NotOpen, Misfit) as error:
            raise Refusal(error.words) from None
        uow.commit()


def _settings() -> "ProvidersSettings":
    """The directory's settings, so far as an import asks for them."""
    from pydantic import SecretStr

    from deploy.settings import OperatorSettings
    from services.providers.settings import ProvidersSettings

    public = OperatorSettings().public_url
    return ProvidersSettings(public_url=public, database_url=SecretStr("opened already"))


def _material(
    what: str, settings: "ProvidersSettings", stack: ExitStack
) -> "tuple[Material, str | None, str]":
    """What is read, the address of it, and the name of its source if nobody gives another."""
    from urllib.parse import urlsplit

    from deploy.answering_url import answering_url
    from deploy.refusal import Refusal
    from deploy.settings import OperatorSettings
    from services.providers.importing.material import (
        AddressMaterial,
        FileMaterial,
        FolderMaterial,
    )
    from services.providers.importing.own import OWN, is_own
    from services.providers.importing.reading.fetching import Fetcher
    from shared.strangers import GuardedHttp

    if what.lower().startswith(("https://", "http://")):
        if is_own(what, answering_url(OperatorSettings())):
            raise Refusal(OWN)
        http = GuardedHttp(allow_private=settings.private_endpoints)
        stack.callback(http.close)
        fetcher = Fetcher(http, settings.import_seconds, settings.import_bytes)
        return AddressMaterial(fetcher, what), what, (urlsplit(what).hostname or "feed")[:60]
    path = Path(what)
    if path.is_dir():
        return FolderMaterial(path), None, path.resolve().name[:60]
    try:
        file = stack.enter_context(path.open("rb"))
    except OSError as error:
        message = f"{what} cannot be read: {error.strerror}"
        raise Refusal(message) from None
    name = path.name.removesuffix(".gz")
    return FileMaterial(file, path.name), None, Path(name).stem[:60]


def _hub(house: "Directory", said: str | None) -> str:
    """The hub that is named, or the only one there is."""
    from sqlalchemy import select

    from deploy.refusal import Refusal
    from services.providers.rows import table
    from shared.database import UnitOfWork

    hub = table("hub").c
    with UnitOfWork(house.engine) as uow:
        codes = list(uow.session.scalars(select(hub.code).order_by(hub.code)))
    if said is None and len(codes) == 1:
        return str(codes[0])
    if said is None or said not in codes:
        message = f"say --hub with one of: {', '.join(codes) or 'none, no hub is declared yet'}"
        raise Refusal(message)
    return said


@contextmanager
def _house() -> "Iterator[Directory]":
    """What the use cases work with, on the operator's server or the data folder's."""
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from services.providers.app import directory as composed

    with every_database(OperatorSettings(), "import") as engines:
        yield composed(_settings(), engines["providers"], None)


@contextmanager
def _progress() -> Iterator[Callable[[Counter[str], int | None], None]]:
    """A bar at a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar: Progress = Progress(
        TextColumn("services"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None)

        def told(counts: Counter[str], total: int | None) -> None:
            words = ", ".join(f"{counts[each]} {each}" for each in SHOWN if counts[each])
            bar.update(task, completed=counts["services"], total=total, description=words)

        yield told


@contextmanager
def _refusals() -> Iterator[None]:
    from deploy.refusal import Refusal
    from services.providers.importing.runs import Busy
    from services.providers.importing.sources import OtherHubs

    try:
        yield
    except Busy as busy:
        message = (
            f"'{busy}' is being imported at this moment; if that was broken off, try again in two"
            " minutes"
        )
        raise Refusal(message) from None
    except OtherHubs as other:
        message = f"'{other}' is another hub's source: name yours otherwise with --source"
        raise Refusal(message) from None


def _show(report: "Report") -> None:
    """The findings, a line each, then the sum."""
    from deploy.shown_table import show_table

    columns = ("outcome", "entity", "given", "element", "rule", "words")
    rows = [tuple(str(each.get(name, "")) for name in columns) for each in report.findings]
    if rows:
        show_table(columns, rows)
    if report.more:
        typer.echo(f"and {report.more} more: GET /directory/imports/{report.id}")
    counts = ", ".join(f"{report.counts.get(each, 0)} {each}" for each in SHOWN)
    typer.echo(
        f"{report.source}: {report.state}: {report.counts.get('organizations', 0)} organisations,"
        f" {report.counts.get('services', 0)} services; {counts}"
    )
    if report.why:
        typer.echo(report.why)
