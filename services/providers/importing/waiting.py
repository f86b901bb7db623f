"""Records that wait for others: a source may name an organisation before it tells it."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Self

import orjson

from services.providers.importing.reading.records import Record


class Waiting:
    """Records on disk, since all of a source may wait for what comes last."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._empty()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return self._count

    def add(self, records: Iterable[Record]) -> None:
        """Let records wait."""
        for each in records:
            self._file.write(orjson.dumps([each.entity, each.said]) + b"\n")
            self._count += 1

    def emptied(self) -> Iterator[Record]:
        """All that wait, which wait no longer."""
        full = self._file
        self._empty()
        with full:
            full.seek(0)
            for line in full:
                entity, said = orjson.loads(line)
                yield Record(entity, said)

    def _empty(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the stack
        self._file = self._stack.enter_context(file)
        self._count = 0
