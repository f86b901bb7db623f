"""Words as they are compared: a person's own with the everyday phrases of a term."""

import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+")


def folded(words: str) -> str:
    """Words in lower case without accents or signs, each with a space before and after it.

    An apostrophe joins ("can't" is `cant`), everything else between letters parts.
    """
    joined = unicodedata.normalize("NFKD", words.replace("’", "'").replace("'", ""))
    plain = "".join(sign for sign in joined if not unicodedata.combining(sign))
    return f" {' '.join(_WORD.findall(plain.lower()))} "


def pattern(phrase: str) -> str:
    """A phrase as it is looked for in folded words: whole words, or with a `*` their beginning."""
    return folded(phrase).rstrip() if phrase.endswith("*") else folded(phrase)
