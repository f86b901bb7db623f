"""`kersey reconcile`: whether the services still agree with each other; to be run nightly."""

from typing import Annotated

import typer


def reconcile(
    grace: Annotated[
        float, typer.Option(help="Minutes; what is younger may still be on its way.", min=0)
    ] = 15,
    shown: Annotated[
        int, typer.Option(help="Ids of each kind that a terminal shows; elsewhere all are.", min=1)
    ] = 5,
) -> None:
    """Compare copies with owners, events with what came of them. Changes nothing.

    Ends with 1 where they do not agree, and says what to do. Ids and codes only. Where no terminal
    reads along, each id has a line of its own: kind, id and what to do, with tabs between them.
    """
    from collections import defaultdict
    from datetime import timedelta

    from deploy.asked_broker import asked_broker
    from deploy.every_database import every_database
    from deploy.reconciling.whole import reconcile as compare
    from deploy.settings import OperatorSettings
    from deploy.shown_table import at_a_terminal, show_table

    settings = OperatorSettings()
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    with (
        every_database(settings, "reconcile") as engines,
        asked_broker(settings, "reconcile") as broker,
    ):
        for drift in compare(settings, engines, broker, timedelta(minutes=grace)):
            found[drift.kind, drift.mend].append(drift.id)
    if not found:
        typer.echo("no drift")
        return
    if at_a_terminal():
        rows = [
            (kind, str(len(ids)), _some(ids, shown), mend) for (kind, mend), ids in found.items()
        ]
        show_table(("what does not agree", "how many", "ids", "what to do"), rows)
    else:
        lines = [(kind, id_, mend) for (kind, mend), ids in found.items() for id_ in ids]
        show_table(("what does not agree", "id", "what to do"), lines)
    raise typer.Exit(1)


def _some(ids: list[str], shown: int) -> str:
    more = [f"and {len(ids) - shown} more"] if len(ids) > shown else []
    return "\n".join([*ids[:shown], *more])
