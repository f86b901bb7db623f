"""How long a request may wait for its answer before somebody does something (care 4)."""

from dataclasses import dataclass

URGENT = frozenset(["urgent", "asap", "stat"])


@dataclass(frozen=True)
class Limits:
    """Working days after which something is done about a request that nobody answered.

    Attributes:
        nudge: it is asked again.
        second: once more.
        help: its hub is asked to ring.
    """

    nudge: int
    second: int
    help: int


def limits_of(text: str) -> Limits:
    """Limits as a setting says them: three rising numbers, such as `3,6,8`.

    Raises:
        ValueError: they are none.
    """
    days = [int(each) for each in text.split(",")]
    if len(days) != 3 or days != sorted(set(days)) or days[0] < 1:
        raise ValueError("three numbers of working days are wanted, each larger than the last")
    return Limits(*days)
