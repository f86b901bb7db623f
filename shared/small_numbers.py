"""Counts that tell of nobody.

A number from 1 to 4 is not shown: whoever knows one of so few people would know it is them. Where
it could be worked out from the others that add up with it, the next smallest is not shown either.
"""

from collections.abc import Mapping

Counts = Mapping[str, int]
Shown = dict[str, int | None]

FEWEST = 5
"""The smallest number that is shown, beside none."""


def shown(parts: Counts) -> Shown:
    """Counts that add up to something that is shown too, without the small ones.

    Args:
        parts: by name; 0 is shown, for it tells of nobody.

    Returns:
        The same, None for each that is not shown.
    """
    small = {name for name, count in parts.items() if 0 < count < FEWEST}
    hidden = set(small)
    if len(small) == 1:
        others = sorted(
            (count, name) for name, count in parts.items() if count and name not in small
        )
        hidden |= {others[0][1]} if others else set()
    return {name: None if name in hidden else count for name, count in parts.items()}


def alone(count: int) -> int | None:
    """A count that adds up with no other."""
    return None if 0 < count < FEWEST else count
