"""Whether a process can do its work, and if not, why: in words, without secrets."""

from collections.abc import Callable
from functools import partial

import anyio
from fastapi import FastAPI
from sqlalchemy import Engine

from shared.asking import ANSWERS_WITHIN, Asking
from shared.messaging.broker import Broker
from shared.messaging.outbox import lag
from shared.outages import in_words
from shared.settings import ServiceSettings
from shared.worker import WorkerGroup

Check = Callable[[], str | None]
"""Says what is wrong in a sentence, or None when all is well."""


async def faults(app: FastAPI) -> dict[str, str]:
    """What keeps a service from its work, by check; empty when it is ready."""
    asking: Asking = app.state.asking
    found: dict[str, str] = {}

    async def ask(name: str, check: Check) -> None:
        try:
            fault = await asking.answer(check)
        except TimeoutError:
            fault = f"no answer within {ANSWERS_WITHIN:g} s"
        except Exception as error:  # noqa: BLE001 - a check that cannot be made is itself a fault to report
            fault = in_words(error) or f"could not be checked ({type(error).__name__})"
        if fault:
            found[name] = fault

    async with anyio.create_task_group() as group:
        for name, check in app.state.checks.items():
            group.start_soon(ask, name, check)
    workers: WorkerGroup = app.state.workers
    return found | workers.faults()


def of_background(settings: ServiceSettings, engine: Engine, broker: Broker) -> dict[str, Check]:
    """What a process must be able to do in which the workers run.

    Web processes do not ask this: they take referrals while the broker is away.

    Args:
        settings: say how long an event may wait.
        engine: of the service.
        broker: where its workers publish and consume.
    """
    return {
        "broker": broker.fault,
        "outbox": partial(_late, engine, settings.relay_lag_limit_seconds),
    }


def _late(engine: Engine, limit: float) -> str | None:
    age = lag(engine)
    if age <= limit:
        return None
    return (
        f"the oldest event has waited {age:.0f} s to be published, {limit:g} s are the limit:"
        " see why its relay does not publish it, here or in the log (`relay.refused`)"
    )
