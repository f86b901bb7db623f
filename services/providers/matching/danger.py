"""Words of danger: whoever asks is told first what to do, and then what fits (care 11).

Nothing of it is kept. A denial does not count here: rather once too often.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from services.providers.nested import Json
from services.providers.taxonomies.phrases import folded, pattern

TEXT = (
    "These words may mean that somebody is in danger. If so, call 999 now. For urgent help with"
    " mental health, call NHS 111 and choose 2; the Samaritans listen day and night on 116 123."
    " Then say on the case that you are worried about this person, and follow your safeguarding"
    " rules. Kersey is not watched round the clock."
)


def notice(words: str | None) -> Json | None:
    """What must be told first of a statement; None where it speaks of no danger.

    Args:
        words: the person's own.

    Returns:
        The `code` (`danger`), the `kinds` that the words may speak of, and the `text`.
    """
    said = folded(words or "")
    kinds = [code for code, each in _kinds().items() if any(phrase in said for phrase in each)]
    return {"code": "danger", "kinds": kinds, "text": TEXT} if kinds else None


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, Sequence[str]]:
    said = tomllib.loads(files(__package__).joinpath("danger.toml").read_text("utf-8"))
    return {kind["code"]: [pattern(phrase) for phrase in kind["says"]] for kind in said["kind"]}
