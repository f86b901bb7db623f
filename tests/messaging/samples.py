"""Events for the tests, with ids that mean nothing."""

import types
import typing
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from pydantic import AwareDatetime

from shared.messaging.broker import Message, Subscription
from shared.messaging.events import (
    CaseMerged,
    Envelope,
    Event,
    PersonMerged,
    PersonUnmerged,
    ReferralAccepted,
    ReferralDeclined,
    Sequence,
)

FIRST = Subscription("tests", "first", frozenset([ReferralAccepted.type]))
SECOND = Subscription("tests", "second", frozenset([ReferralAccepted.type, ReferralDeclined.type]))
"""Two consumers of one event type; the second binds another one as well."""

NOON = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)


def accepted(case: UUID | None = None) -> ReferralAccepted:
    return ReferralAccepted(case=case or uuid4(), task=uuid4(), service=uuid4(), provider=uuid4())


def envelope(event: Event | None = None, *, version: int = 1, n: int = 0) -> Envelope:
    return Envelope(
        id=uuid4(),
        source="kersey/tests",
        time=NOON,
        sequence=Sequence(version, n),
        data=event or accepted(),
    )


def message(event: Event | None = None) -> Message:
    return Message.of(envelope(event))


def example(kind: type[Event]) -> Event:
    """An instance of any event of the catalogue, made from its declared fields."""
    if kind is CaseMerged:
        return CaseMerged(case=(case := uuid4()), from_case=case, to_case=uuid4())
    if issubclass(kind, PersonMerged | PersonUnmerged):
        return kind(person=(person := uuid4()), from_person=person, to_person=uuid4())
    return kind(**{name: _value(field.annotation) for name, field in kind.model_fields.items()})


_SIMPLE: dict[object, object] = {
    str: "some-code",
    int: 3,
    bool: True,
    AwareDatetime: NOON,
    date: NOON.date(),
}


def _value(annotation: object) -> object:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is UUID:
        return uuid4()
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple:
        return (_value(arguments[0]), _value(arguments[0]))
    if origin is dict and all(typing.get_origin(each) for each in arguments):
        return {"nudge": 3}
    if origin is dict:
        return {"name": "Thursday singers", "fees": None, "places": [{"town": "Hebden Bridge"}]}
    if origin in {typing.Union, types.UnionType}:
        return _value(arguments[0])
    if origin is typing.Annotated:
        return _value(arguments[0])
    raise AssertionError(f"no example for {annotation}")
