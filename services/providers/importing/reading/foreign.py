"""Files that hold no listings in a form that is read here, and what to do with each."""

from typing import IO

from services.providers.importing.reading.records import SourceBroken

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"BZh", "This file is packed by bzip2: send it unpacked, or as gzip or ZIP."),
    (b"\xfd7zXZ\x00", "This file is packed by xz: send it unpacked, or as gzip or ZIP."),
    (b"\x28\xb5\x2f\xfd", "This file is packed by zstd: send it unpacked, or as gzip or ZIP."),
    (b"7z\xbc\xaf\x27\x1c", "This file is packed by 7-Zip: send it unpacked, or as ZIP."),
    (b"Rar!\x1a\x07", "This file is packed by RAR: send it unpacked, or as ZIP."),
    (b"%PDF-", "This is a PDF: listings are read from JSON or CSV."),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "This is a file of an older office program: save its tables as CSV, and ZIP all of them.",
    ),
    (b"SQLite format 3\x00", "This is a database: export its tables as CSV or JSON."),
)
_TAR = slice(257, 262)
"""Where a tar archive has its sign (POSIX.1-2017, pax: `magic`)."""


def refuse_foreign(file: IO[bytes]) -> None:
    """Refuse a file that is no text, by how it begins.

    Args:
        file: seekable; left at its beginning.

    Raises:
        SourceBroken: it is one of those known here; in words for whoever sent it.
    """
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    for mark, words in _MARKS:
        if head.startswith(mark):
            raise SourceBroken(words)
    if head[_TAR] == b"ustar":
        raise SourceBroken("This is a tar archive: send the CSV files in it as one ZIP file.")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise SourceBroken("This is not JSON but HTML or XML: listings are read from JSON or CSV.")
