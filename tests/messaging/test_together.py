"""Several messages in one transaction: as each alone, or not at all."""

import time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select

from shared.database import UnitOfWork
from shared.messaging.consuming import Consuming, Dead
from shared.messaging.events import Envelope
from shared.messaging.outbox import ConsumingOnce, inbox
from tests.messaging.samples import accepted, envelope


class Acts:
    """Notes what it was asked to act on; refuses one event."""

    def __init__(self, refuses: UUID | None = None) -> None:
        self.refuses = refuses
        self.seen: list[UUID] = []

    def __call__(self, uow: UnitOfWork, event: Envelope) -> None:
        assert uow.session.in_transaction()
        if event.id == self.refuses:
            raise KeyError("not this one")
        self.seen.append(event.id)


def consumed(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(inbox)).scalar_one()


def consuming(engine: Engine, acts: Acts) -> Consuming:
    return Consuming("tests.first", ConsumingOnce(engine, "tests.first", acts))


def test_a_message_that_comes_twice_is_acted_on_once(engine: Engine) -> None:
    acts, one, two = Acts(), envelope(), envelope()
    batch = [each.to_json() for each in (one, two, one)]
    assert consuming(engine, acts).take_together(batch)
    assert consuming(engine, acts).take_together(batch)
    assert sorted(acts.seen) == sorted([one.id, two.id])
    assert consumed(engine) == 2


def test_those_of_one_subject_keep_their_order(engine: Engine) -> None:
    acts, case = Acts(), uuid4()
    told = [envelope(accepted(case), version=n) for n in range(6)]
    others = [envelope() for _ in range(6)]
    mixed = [each for pair in zip(told, others, strict=True) for each in pair]
    assert consuming(engine, acts).take_together([each.to_json() for each in mixed])
    ids = [each.id for each in told]
    assert [each for each in acts.seen if each in ids] == ids
    assert len(acts.seen) == 12


@pytest.mark.parametrize("spoilt", ["refused", "unparsable"])
def test_one_that_fails_leaves_each_to_be_taken_alone(engine: Engine, spoilt: str) -> None:
    good, bad = [envelope() for _ in range(3)], envelope()
    acts = Acts(refuses=bad.id)
    bodies = [each.to_json() for each in good]
    bodies.insert(1, bad.to_json() if spoilt == "refused" else "{}")
    taking = consuming(engine, acts)
    assert not taking.take_together(bodies)
    assert consumed(engine) == 0
    acts.seen.clear()
    ends = [taking.take(body, time.sleep) for body in bodies]
    assert [isinstance(end, Dead) for end in ends] == [False, True, False, False]
    assert acts.seen == [each.id for each in good]
    assert consumed(engine) == 3
