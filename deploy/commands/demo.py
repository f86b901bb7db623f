"""`kersey demo`: data to try Kersey with, and a journey through it."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

app = typer.Typer(help="Data to try Kersey with; never for production.", no_args_is_help=True)


@app.command()
def load() -> None:
    """Load the demo's data into databases on a server of yours.

    `kersey run` does this by itself. Load it before the services run: of a story that is told in
    the past, their clock would close what has no answer yet. Here KERSEY_ADMIN_DATABASE_URL and the
    passwords are needed as for `kersey databases`.
    """
    from contextlib import ExitStack

    from deploy import demo_data
    from deploy.engines import opened
    from deploy.operator_databases import url_of
    from deploy.production import refuse_production
    from deploy.services import SERVICES, service
    from deploy.settings import OperatorSettings
    from services.referrals.settings import ReferralsSettings

    operator = OperatorSettings()
    refuse_production(operator, "kersey demo load")
    settings = ReferralsSettings(
        public_url=operator.public_url,
        database_url=SecretStr(url_of(service("referrals"), operator)),
        paging_key=SecretStr("the story reads no pages"),
    )
    with ExitStack() as stack:
        engines = {
            each.name: stack.enter_context(opened(url_of(each, operator), 2, "demo load"))
            for each in SERVICES
        }
        demo_data.load(engines, settings)
    typer.echo("the demo data is loaded")


@app.command()
def mesh(
    port: Annotated[int, typer.Option(help="Where it listens, on this machine.")] = 8070,
    settings: Annotated[
        bool, typer.Option("--settings", help="Only print the settings: `export $(...)`.")
    ] = False,
) -> None:
    """Serve a stand-in of MESH with the demo's practices behind it. Ctrl-C stops it.

    Prints the settings with which a Kersey beside it sends there. It keeps nothing.
    """
    from deploy.demo.mesh.serving import environment, serve
    from deploy.production import refuse_production
    from deploy.settings import OperatorSettings

    refuse_production(OperatorSettings(), "kersey demo mesh")
    for line in environment(f"http://127.0.0.1:{port}"):
        typer.echo(line)
    if not settings:
        serve(port)


@app.command()
def notify(
    port: Annotated[int, typer.Option(help="Where it listens, on this machine.")] = 8071,
    settings: Annotated[
        bool, typer.Option("--settings", help="Only print the settings: `export $(...)`.")
    ] = False,
) -> None:
    """Serve a stand-in of GOV.UK Notify, for texts and letters. Ctrl-C stops it.

    Prints the settings with which a Kersey beside it sends there. Nothing is sent to anybody.
    """
    from deploy.demo.notify.serving import environment, serve
    from deploy.production import refuse_production
    from deploy.settings import OperatorSettings

    refuse_production(OperatorSettings(), "kersey demo notify")
    for line in environment(f"http://127.0.0.1:{port}"):
        typer.echo(line)
    if not settings:
        serve(port)


@app.command()
def journey(
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="A FHIR Bundle of your own to send, or a folder of resources as JSON.",
            exists=True,
        ),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            help="A ServiceRequest that you sent for a practice of the demo's `ehr`, such as "
            "ServiceRequest/7: the others play their parts."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where Kersey answers.", envvar="KERSEY_PUBLIC_URL")
    ] = None,
    mails: Annotated[
        Path | None,
        typer.Option(
            help="The maildir of the running Kersey. The provider then answers by the link in its "
            "mail; without it, with its account. By default the data folder's, if it is there."
        ),
    ] = None,
    listen: Annotated[
        bool,
        typer.Option(help="Register a Subscription that calls back on this machine."),
    ] = True,
) -> None:
    """Play the whole loop, from a GP's referral to the outcome. Kersey must be running.

    Every step prints the call that it makes and the id that it changes, and stops the journey if
    nothing changed.
    """
    from rich.console import Console

    if bundle and request:
        raise typer.BadParameter("--bundle sends a referral, --request names one that was sent")

    from deploy.answering_url import answering_url
    from deploy.demo.answering import Answering, ByAccount
    from deploy.demo.journey import Journey
    from deploy.demo.link import ByLink
    from deploy.demo.sending import read_bundle
    from deploy.settings import OperatorSettings

    operator = OperatorSettings()
    folder = mails or operator.data_dir / "mail"
    screen = Console(highlight=False, soft_wrap=True)

    def answering(journey: Journey) -> Answering:
        if folder.is_dir():
            return ByLink(journey, folder)
        screen.print(
            f"There is no maildir {folder}: the provider will answer with its account instead of "
            "by the link in its mail. --mails or KERSEY_DATA_DIR names the running Kersey's.",
            style="yellow",
        )
        return ByAccount(journey)

    Journey(
        screen,
        url or answering_url(operator),
        bundle=read_bundle(bundle) if bundle else None,
        request=request,
        answering=answering,
        listen=listen,
    ).play()
    screen.print("[bold green]The loop is closed.[/bold green]")
