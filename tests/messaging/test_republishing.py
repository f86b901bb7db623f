"""Which events a consumer never acted on, and having them carried again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select, update

from shared.database import UnitOfWork
from shared.messaging.outbox import Outbox, consume_once, outbox
from shared.messaging.republishing import missed, publish_again
from tests.messaging.samples import FIRST, SECOND, accepted


def test_what_was_published_and_never_acted_on_goes_out_again(engine: Engine) -> None:
    box = Outbox("kersey/tests")
    with UnitOfWork(engine) as uow:
        acted_on, lost, later = (box.add(uow, accepted(), version=1) for _ in range(3))
        others = box.add(uow, accepted(), version=1, recipient=SECOND.consumer)
        waits = box.add(uow, accepted(), version=1)
        consume_once(uow, FIRST.consumer, acted_on)
        consume_once(uow, SECOND.consumer, lost)
        uow.commit()
    now = datetime.now(UTC)
    with engine.begin() as connection:
        sent = update(outbox).where(outbox.c.id != waits).values(published_at=func.now())
        connection.execute(sent)
        soon = update(outbox).where(outbox.c.id == later)
        connection.execute(soon.values(published_at=now + timedelta(hours=1)))

    before = now + timedelta(minutes=1)
    found = list(missed(engine, engine, FIRST, before=before, batch=1))

    assert [each.id for each in found] == [lost]
    assert others in {each.id for each in missed(engine, engine, SECOND, before=before)}
    assert publish_again(engine, [lost]) == 1
    with engine.connect() as connection:
        unpublished = select(outbox.c.id).where(outbox.c.published_at.is_(None))
        assert set(connection.execute(unpublished).scalars()) == {lost, waits}
