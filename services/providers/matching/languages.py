"""Languages by their codes. HSDS takes those of ISO 639-1, 639-2 and 639-3, so that Urdu is `ur` in
one listing and `urd` in another; whoever asks for one means both.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale
from babel.core import get_global


def primary(code: str) -> str:
    """The language of a code, by its shortest: `ur` for `ur-PK` and for `urd`."""
    own = code.split("-", maxsplit=1)[0].lower()
    return _shortest().get(own, own)


def meant_by(codes: Iterable[str]) -> tuple[str, ...]:
    """All the codes of the languages that some stand for.

    Args:
        codes: BCP 47.
    """
    wanted = dict.fromkeys(map(primary, codes))
    return tuple(each for code in wanted for each in (code, *_others().get(code, ())))


def name_of(code: str) -> str:
    """What a language is called in English; its code, which is no word, where nobody knows."""
    return _names().get(primary(code), code)


@cache
def _shortest() -> Mapping[str, str]:
    """Codes for which there is a shorter one, as Unicode CLDR has them (`languageAlias`)."""
    aliases: Mapping[str, str] = get_global("language_aliases")
    return {each: short for each, short in aliases.items() if each.isalpha() and short.isalpha()}


@cache
def _others() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each, short in _shortest().items():
        found[short].append(each)
    return found


@cache
def _names() -> Mapping[str, str]:
    """Looked up for each service that is shown."""
    found: Mapping[str, str] = Locale("en").languages
    return found
