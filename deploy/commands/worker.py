"""`kersey worker`: the background process of one service."""

from typing import Annotated

import typer


def worker(
    service: Annotated[str, typer.Argument(help="identity, providers, referrals, notifications")],
    host: Annotated[str, typer.Option(help="Where health and metrics answer.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of health and metrics; 0 for any free one.")] = 0,
) -> None:
    """Run one service's workers. They publish and consume events, deliver, keep the clocks.

    Run as many replicas as you like: those that need a leader agree on one in the database. The
    queues are declared before, by `kersey broker setup`: a worker only reads and writes.
    """
    from functools import partial

    from deploy import services
    from deploy.engines import opened_for
    from deploy.refusal import Refusal
    from deploy.web_server import address, ended_by_signals, listen, serve
    from shared import logging
    from shared.gauges import of_broker, of_database
    from shared.health import of_background
    from shared.messaging.rabbit import RabbitBroker
    from shared.migrate import schema_fault
    from shared.service import service_app
    from shared.worker import Wake

    meant = services.service(service)
    idle = f"{service} has no background work: `kersey serve {service}` is all it needs"
    if not meant.works:
        raise Refusal(idle)
    composition = meant.compose()
    settings = composition.settings()
    logging.configure(settings.log_level)
    if settings.amqp_url is None:
        message = "a worker needs a broker: set KERSEY_AMQP_URL"
        raise Refusal(message)
    broker = RabbitBroker(
        settings.amqp_url.get_secret_value(),
        name=f"kersey {service}",
        declares=False,
    )
    with (
        ended_by_signals(),
        listen(host, port) as listener,
        opened_for(settings, f"{service} worker") as engine,
    ):
        workers = composition.workers(settings, engine, broker, Wake())
        if not workers:
            raise Refusal(idle)
        app = service_app(
            settings,
            name=f"{service}-worker",
            title=f"Kersey {service}, background work",
            routers=(),
            workers=workers,
            checks={"schema": partial(schema_fault, service, engine)}
            | of_background(settings, engine, broker),
            sources=[
                of_database(service, engine, *composition.deliveries),
                of_broker(service, broker, composition.subscriptions),
            ],
        )
        names = ", ".join(each.name for each in workers)
        place = address(listener)
        serve(app, listener, lambda: typer.echo(f"{names}: running; health on {place}"))
