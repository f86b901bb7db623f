"""`kersey serve`: the web process of one service."""

from typing import Annotated

import typer


def serve(
    service: Annotated[str, typer.Argument(help="identity, providers, referrals, ...")],
    host: Annotated[str, typer.Option(help="Which of this machine's addresses.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="The service's usual one if not given; 0 for any free one.")
    ] = None,
) -> None:
    """Serve one service over HTTP. Run as many replicas as you like; settings are KERSEY_..."""
    from deploy import services
    from deploy.engines import opened_for
    from deploy.web_server import address, ended_by_signals, listen
    from deploy.web_server import serve as serve_app
    from shared import logging
    from shared.worker import Wake

    chosen = services.service(service)
    composition = chosen.compose()
    settings = composition.settings()
    logging.configure(settings.log_level)
    with (
        ended_by_signals(),
        listen(host, chosen.port if port is None else port) as listener,
        opened_for(settings, service, for_requests=True) as engine,
    ):
        app = composition.app(settings, engine, None, Wake())
        place = address(listener)
        serve_app(app, listener, lambda: typer.echo(f"{service} answers on {place}"))
