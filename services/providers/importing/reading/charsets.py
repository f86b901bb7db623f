"""Which characters a file's bytes stand for; JSON and CSV are to be UTF-8, and often are not."""

import codecs
import io
from typing import IO, Protocol

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZEROS = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
"""Without a mark, which of the first four bytes are zero: JSON and CSV begin with two signs of
ASCII (RFC 4627, 3)."""
FALLBACK = "windows-1252"
"""What is no UTF-8 comes from an office program of the West."""
_PIECE = 1 << 20


class Readable(Protocol):
    """A binary file, as far as a parser needs it."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


def charset_of(file: IO[bytes]) -> str:
    """The character set of a seekable file, which is read once and left at its beginning."""
    file.seek(0)
    head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            file.seek(0)
            return name
    for zeros, name in _ZEROS.items():
        if len(head) == 4 and tuple(each == 0 for each in head) == zeros:
            file.seek(0)
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        piece = head
        while piece:
            decoder.decode(piece)
            piece = file.read(_PIECE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return FALLBACK
    finally:
        file.seek(0)
    return "utf-8"


def as_text(file: IO[bytes], charset: str) -> io.TextIOWrapper:
    """The file's text, line ends as they are; what stands for no character becomes U+FFFD."""
    file.seek(0)
    return io.TextIOWrapper(
        io.BufferedReader(_Kept(file)), encoding=charset, errors="replace", newline=""
    )


class _Kept(io.RawIOBase):
    """A file's bytes, for a wrapper that would close the file with itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class AsUtf8:
    """A file in another character set as UTF-8, piece by piece: for parsers that know no other."""

    def __init__(self, file: IO[bytes], charset: str) -> None:
        self._text = as_text(file, charset)

    def read(self, size: int = _PIECE) -> bytes:
        """As a binary file's; a piece may be longer than asked for by what its characters take."""
        return self._text.read(max(0, size)).encode("utf-8", "replace")
