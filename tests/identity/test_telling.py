"""What is changed about a client is told to the others, with the change or not at all."""

from typing import Any

from sqlalchemy import Engine, select

from services.identity import registry
from services.identity.clients import ClientSpec, load_clients, register_client
from services.identity.telling import STATE
from shared.database import UnitOfWork
from shared.messaging.broker import Subscription
from shared.messaging.events import ClientChanged, Envelope, Sequence, parse
from shared.messaging.outbox import Outbox, outbox
from shared.messaging.republishing import RAISED_BY, republish
from tests.identity.conftest import ORGANISATION

SECRET = "s" * 40
COPY = Subscription("tests", "clients", frozenset({ClientChanged.type}))


def spec(client_id: str = "ehr", **changes: Any) -> ClientSpec:
    values: dict[str, Any] = {
        "client_id": client_id,
        "name": "A record system",
        "organisation": ORGANISATION,
        "roles": ("referral-sender",),
        "scopes": ("system/*.cruds",),
        "secret": SECRET,
    }
    return ClientSpec(**(values | changes))


def said(engine: Engine) -> list[tuple[Sequence, Any]]:
    """What is in the outbox, in its order."""
    return [(each.sequence, each.data) for each in envelopes(engine)]


def envelopes(engine: Engine) -> list[Envelope]:
    with engine.connect() as connection:
        rows = connection.execute(select(outbox.c.envelope).order_by(outbox.c.position))
        return [parse(each) for each in rows.scalars()]


def registered(engine: Engine, client_id: str = "ehr") -> None:
    with UnitOfWork(engine) as uow:
        register_client(uow, spec(client_id))
        uow.commit()


def set_active(engine: Engine, *, active: bool, client_id: str = "ehr") -> None:
    with UnitOfWork(engine) as uow:
        registry.set_active(uow, client_id, active=active)
        uow.commit()


def test_deactivating_and_activating_is_told_in_order(engine: Engine) -> None:
    registered(engine)
    set_active(engine, active=True)
    assert said(engine) == [], "nothing was changed"
    set_active(engine, active=False)
    set_active(engine, active=True)
    assert [(number.version, each.active) for number, each in said(engine)] == [
        (1, False),
        (2, True),
    ]


def test_a_change_is_told_without_what_the_client_proves_itself_by(engine: Engine) -> None:
    registered(engine)
    with UnitOfWork(engine) as uow:
        narrow = spec(scopes=("system/Task.rs?status=requested",), roles=())
        registry.change_client(uow, narrow)
        uow.commit()
    ((_, event),) = said(engine)
    assert event == ClientChanged(
        client="ehr",
        organisation=ORGANISATION,
        active=True,
        scopes=("system/Task.rs?status=requested",),
    )
    with engine.connect() as connection:
        (told,) = connection.execute(select(outbox.c.envelope)).scalars()
    assert SECRET not in told
    assert "A record system" not in told


def test_what_is_undone_is_not_told(engine: Engine) -> None:
    registered(engine)
    with UnitOfWork(engine) as uow:
        registry.set_active(uow, "ehr", active=False)
    assert said(engine) == []


def test_a_declaration_tells_what_it_changes_and_nothing_else(engine: Engine) -> None:
    load_clients(engine, [spec("a"), spec("b")])
    load_clients(engine, [spec("a"), spec("b")])
    assert said(engine) == [], "the first time there was nothing that could go on"
    load_clients(engine, [spec("a"), spec("b", scopes=("system/Task.rs",))])
    ((number, event),) = said(engine)
    assert (event.client, event.scopes, number.version) == ("b", ("system/Task.rs",), 1)


def test_the_longest_id_fits_an_event(engine: Engine) -> None:
    longest = "x" * 100
    registered(engine, longest)
    set_active(engine, active=False, client_id=longest)
    ((_, event),) = said(engine)
    assert event.client == longest


def test_how_clients_stand_is_told_again_and_counts_as_newer_after_a_restore(
    engine: Engine,
) -> None:
    registered(engine)
    set_active(engine, active=False)
    (state,) = STATE
    box = Outbox("kersey/identity")
    assert republish(engine, box, state, COPY) == 1
    assert republish(engine, box, state, COPY, raised_by=RAISED_BY) == 1
    first, again, restored = envelopes(engine)
    assert again.replay
    assert again.data == first.data == restored.data
    assert again.sequence == first.sequence
    assert restored.sequence.version == first.sequence.version + RAISED_BY
