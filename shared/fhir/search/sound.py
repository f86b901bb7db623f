"""How a name sounds: American Soundex, so that Smith finds Smythe (R4 parameter ``phonetic``)."""

from __future__ import annotations

from shared.fhir.search.folding import fold

_CODES = {
    letter: str(code)
    for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}


def sounds(text: str) -> list[str]:
    """The sound of each word; words without a Latin letter have none."""
    return [sound for word in fold(text).split() if (sound := _sound(word))]


def _sound(word: str) -> str:
    letters = [letter for letter in word if "a" <= letter <= "z"]
    if not letters:
        return ""
    code, before = "", _CODES.get(letters[0], "")
    for letter in letters[1:]:
        now = _CODES.get(letter, "")
        if now and now != before:
            code += now
        if letter not in "hw":  # these two do not part equal sounds
            before = now
    return (letters[0].upper() + code + "000")[:4]
