"""NaN and Infinity, which JSON does not have (RFC 8259, 6) and the programs of many write into it
where a number is missing. Python reads them in a short document; the parser of long ones does not.
"""

import re
from typing import IO

from services.providers.importing.reading.charsets import Readable

_SEEN = re.compile(rb"[:\[,\s]-?(?:NaN|Infinity)")
_TOKENS = re.compile(rb'\\.|"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_LONGEST = len(b"\\-Infinity")
"""A piece ends within none of these signs if as many bytes of it are read once more."""
_PIECE = 1 << 20


def has_some(file: IO[bytes]) -> bool:
    """Whether there is any in a seekable file, maybe within a text; left at its beginning."""
    file.seek(0)
    before = b""
    try:
        while piece := file.read(_PIECE):
            if _SEEN.search(before + piece):
                return True
            before = piece[-_LONGEST:]
    finally:
        file.seek(0)
    return False


class WithNull:
    """A JSON document, piece by piece, with null in their place; texts stay as they are."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._rest = b""
        self._in_text = False

    def read(self, size: int = _PIECE) -> bytes:
        """As a binary file's; a piece may be shorter than asked for, none is empty but the last."""
        if size == 0:
            return b""
        while True:
            piece = self._file.read(size)
            known = self._rest + piece
            made, upto = self._replaced(known, len(known) - _LONGEST if piece else len(known))
            self._rest = known[upto:]
            if made or not piece:
                return made

    def _replaced(self, known: bytes, upto: int) -> tuple[bytes, int]:
        """What is known up to a place, or up to the end of the sign that stands there."""
        made, at = [], 0
        for found in _TOKENS.finditer(known):
            if found.start() >= upto:
                break
            sign = found[0]
            made.append(known[at : found.start()])
            if sign == b'"':
                self._in_text = not self._in_text
            stays = self._in_text or sign == b'"' or sign.startswith(b"\\")
            made.append(sign if stays else b"null")
            at = found.end()
        upto = max(at, upto, 0)
        made.append(known[at:upto])
        return b"".join(made), upto
