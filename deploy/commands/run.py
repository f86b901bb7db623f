"""`kersey run`: everything in one process, with a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def run(
    port: Annotated[int, typer.Option(help="Where everything answers.", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Which of this machine's addresses.")] = "127.0.0.1",
    data: Annotated[
        Path | None,
        typer.Option(help="The database and mails are kept here.", envvar="KERSEY_DATA_DIR"),
    ] = None,
    demo: Annotated[bool, typer.Option(help="Load the demo data.")] = True,
) -> None:
    """Start everything on one port, with its own PostgreSQL. Ctrl-C stops it all."""
    from deploy import demo_data
    from deploy.data_folder import DataFolder
    from deploy.embedded import all_in_one
    from deploy.production import refuse_production
    from deploy.settings import OperatorSettings
    from deploy.web_server import ended_by_signals, listen, serve
    from deploy.welcome import welcome
    from shared import logging

    settings = OperatorSettings()
    refuse_production(settings, "kersey run")
    logging.configure(settings.log_level)
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - compared only
    screen = Console(highlight=False)
    with (
        _told_where_the_data_is(data or settings.data_dir),
        ended_by_signals() as heed,
        listen(host, port) as listener,
        DataFolder(data or settings.data_dir, url) as folder,
        ExitStack() as stack,
    ):
        screen.print("starting the database and the services; the first time takes longest")
        with screen.status("starting the database and the services") as status:
            house = stack.enter_context(all_in_one(folder, url))
            if demo:
                demo_data.load(
                    house.engines,
                    house.referrals_settings,
                    lambda what, done, total: status.update(f"demo {what}: {done} of {total}"),
                    identity=house.identity_settings,
                )
        heed()
        with suppress(KeyboardInterrupt):  # the usual way to end it
            serve(house.app, listener, lambda: welcome(screen, url, folder.path, demo_loaded=demo))


@contextmanager
def _told_where_the_data_is(folder: Path) -> Iterator[None]:
    """Say at the end, also of a start that was broken off, where the data is kept."""
    kept = f"the data is kept in {folder.expanduser().resolve()}"
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"stopped before it was done; {kept}, and the next start goes on from there")
        raise
    typer.echo(f"stopped; {kept}")
