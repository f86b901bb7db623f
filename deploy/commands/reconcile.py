"""`kersey reconcile`: whether the services still agree with each other; to be run nightly."""

from typing import Annotated

import typer


def reconcile(
    grace: Annotated[
        float, typer.Option(help="Minutes; what is younger may still be on its way.", min=0)
    ] = 15,
    shown: Annotated[int, typer.Option(help="Ids shown of each kind.", min=1)] = 5,
) -> None:
    """Compare each copy with its owner, and each event with what came of it. Changes nothing.

    Ends with 1 where they do not agree, and says what to do. Ids and codes only.
    """
    from collections import defaultdict
    from datetime import timedelta

    from rich.console import Console
    from rich.table import Table

    from deploy.asked_broker import asked_broker, in_words
    from deploy.every_database import every_database
    from deploy.reconciling.whole import reconcile as compare
    from deploy.settings import OperatorSettings

    settings = OperatorSettings()
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    with every_database(settings, "reconcile") as engines, in_words():
        broker = asked_broker(settings, "reconcile")
        for drift in compare(settings, engines, broker, timedelta(minutes=grace)):
            found[drift.kind, drift.mend].append(drift.id)
    if not found:
        typer.echo("no drift")
        return
    table = Table("what does not agree", "how many", "ids", "what to do")
    for (kind, mend), ids in found.items():
        more = [f"and {len(ids) - shown} more"] if len(ids) > shown else []
        table.add_row(kind, str(len(ids)), "\n".join([*ids[:shown], *more]), mend)
    Console(highlight=False).print(table)
    raise typer.Exit(1)
