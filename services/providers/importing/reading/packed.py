"""What came packed, unpacked: gzip by whichever name it goes (`.gz`, `application/gzip`, a
`Content-Encoding`), known by how it begins, since what is said of a file is often wrong.

All of it is unpacked before anything is read of it, to a file and never beyond a limit: what breaks
off, or a few kilobytes that would become a thousand gigabytes, is refused whole.
"""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO

from services.providers.importing.reading.records import SourceBroken

MARK = b"\x1f\x8b\x08"
"""How a gzip file begins (RFC 1952, 2.3.1: its two signs, and deflate, the only method)."""
CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""Content codings that can be undone (RFC 9110, 8.4.1)."""
_TIMES = 2
"""Packed by whoever made it, and once more on its way."""
_PIECE = 1 << 20


class TooLarge(SourceBroken):
    """It is unpacked larger than it may be."""


def is_packed(file: IO[bytes]) -> bool:
    """Whether a seekable file is a gzip file; left at its beginning."""
    file.seek(0)
    head = file.read(len(MARK))
    file.seek(0)
    return head == MARK


def unpacked(file: IO[bytes], most_bytes: int) -> IO[bytes]:
    """What is in a gzip file, at its beginning; the file itself where it is none.

    Args:
        file: seekable.
        most_bytes: that may come of it.

    Raises:
        TooLarge: more would come of it.
        SourceBroken: it is damaged, or breaks off.
    """
    plain = file
    for _ in range(_TIMES):
        if not is_packed(plain):
            break
        try:
            inner = _written(_of_gzip(plain), most_bytes)
        finally:
            if plain is not file:
                plain.close()
        plain = inner
    return plain


def inflated(file: IO[bytes], most_bytes: int) -> IO[bytes]:
    """What is in a file of the coding `deflate`, with zlib's head or, as some servers send it,
    without; the file itself where it is neither.

    Args:
        file: seekable.
        most_bytes: that may come of it.

    Raises:
        TooLarge: more would come of it.
    """
    for head in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        file.seek(0)
        try:
            return _written(_of_deflate(file, head), most_bytes)
        except zlib.error:
            continue
    file.seek(0)
    return file


def _of_gzip(file: IO[bytes]) -> Iterator[bytes]:
    """Several that were put one after the other are one file (RFC 1952, 2.2)."""
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            while piece := packed.read(_PIECE):
                yield piece
    except EOFError:
        raise SourceBroken("This gzip file breaks off before its end: send it again.") from None
    except (OSError, zlib.error):
        raise SourceBroken(
            "This gzip file is damaged and cannot be unpacked: pack it again, or send it unpacked."
        ) from None


def _of_deflate(file: IO[bytes], head: int) -> Iterator[bytes]:
    unpack = zlib.decompressobj(head)
    while piece := file.read(_PIECE):
        while piece:
            yield unpack.decompress(piece, _PIECE)
            piece = unpack.unconsumed_tail
    if not unpack.eof:
        raise zlib.error


def _written(pieces: Iterator[bytes], most_bytes: int) -> IO[bytes]:
    plain = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked reads it
    try:
        for piece in _bounded(pieces, most_bytes):
            plain.write(piece)
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _bounded(pieces: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    written = 0
    for piece in pieces:
        written += len(piece)
        if written > most_bytes:
            raise TooLarge(f"This is more than {most_bytes:,} bytes once it is unpacked.")
        yield piece
