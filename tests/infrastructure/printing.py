"""What threads of the tests print goes by the descriptor, past Python's own stream.

pytest reads and empties what was captured while servers of the tests go on printing in threads of
their own; the text stream that both would share is not made for that, and ended whole runs with a
segmentation fault.
"""

import io
import logging
import os

import structlog

from tests.infrastructure.leaks import logged


class Descriptor(io.TextIOBase):
    """A stream that keeps nothing: each write is one of the operating system's.

    Args:
        number: 1 or 2; pytest has both lead to what it captures.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, text: str) -> int:
        """Write it whole, at once."""
        os.write(self._number, text.encode())
        return len(text)


def print_past_python() -> None:
    """Begin with structlog as it is without settings, but for where its lines go, and that an error
    comes without the values around it: to draw those takes minutes where an engine is among them,
    and the server of the test stands still meanwhile.
    """
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    drawn = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*before, logged, drawn],
        logger_factory=structlog.PrintLoggerFactory(Descriptor(1)),  # type: ignore[arg-type]
    )
    logging.lastResort = logging.StreamHandler(Descriptor(2))
    logging.lastResort.setLevel(logging.WARNING)
