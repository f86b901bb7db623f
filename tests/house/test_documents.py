"""Documents that are made from the code say what the code says."""

from pathlib import Path

from shared.fhir import describing
from shared.messaging.events.__main__ import document

DOCS = Path(__file__).parents[2] / "docs"


def test_the_catalogue_of_events_is_up_to_date() -> None:
    written = (DOCS / "events.md").read_text("utf-8")

    assert written == document(), "run: python -m shared.messaging.events > docs/events.md"


def test_the_page_of_what_is_checked_is_up_to_date() -> None:
    written = (DOCS / "conformance" / "validation.md").read_text("utf-8")

    assert written == describing.document(), (
        "run: python -m shared.fhir.describing > docs/conformance/validation.md"
    )
