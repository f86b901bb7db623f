"""Documents that are made from the code say what the code says."""

from pathlib import Path

from shared.messaging.events.__main__ import document

DOCS = Path(__file__).parents[2] / "docs"


def test_the_catalogue_of_events_is_up_to_date() -> None:
    written = (DOCS / "events.md").read_text("utf-8")

    assert written == document(), "run: python -m shared.messaging.events > docs/events.md"
